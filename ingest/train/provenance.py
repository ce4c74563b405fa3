"""What a model learnt from: who gave the categories, and which products were looked at in training.

A file in a folder of its own below the model's, whose manifest is about what the model computes with: two
sorted columns of 64-bit hashes, sixteen bytes a product, by which a test that training has seen is told from
one that it has not.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from taxonomy.errors import ModelError
from taxonomy.product import Product
from taxonomy.service.teaching import Lesson
from taxonomy.text import normalise

__all__ = ["FILE", "Learnt", "Seen"]

FILE = Path("provenance") / "learnt.safetensors"
_SPLITS = ("", "train", "valid")  # what `ingest.train.dataset` looks at

Hashes = NDArray[np.uint64]


@dataclass
class Learnt:
    """Gathers what training is given.

    Attributes
    ----------
    origins : Counter of str
        Products by who gave their category: the values of `taxonomy.service.teaching.Origin`. Those of other
        splits than training looks at are not counted.
    """

    origins: Counter[str] = field(default_factory=Counter)
    _texts: list[int] = field(default_factory=list, repr=False)
    _products: list[int] = field(default_factory=list, repr=False)

    def hearing(self, lessons: Iterable[Lesson]) -> Iterator[Product]:
        """The products of the lessons; what training looks at is noted."""
        for one in lessons:
            product = one.product
            if product.part in _SPLITS:
                self.origins[str(one.origin)] += 1
                if product.category_path:
                    text = _text_hash(product)
                    self._texts.append(text)
                    self._products.append(_product_hash(product, text))
            yield product

    def save(self, folder: Path, *, revision: str) -> None:
        """Put it into the folder of the model of this revision."""
        columns = {"texts": self._texts, "products": self._products}
        arrays = {name: np.unique(np.array(rows, dtype=np.uint64)) for name, rows in columns.items()}
        (folder / FILE).parent.mkdir(exist_ok=True)
        said = {"revision": revision, "origins": json.dumps(self.origins)}
        save_file(arrays, folder / FILE, metadata=said)


@dataclass(frozen=True)
class Seen:
    """What a model has seen in training.

    Attributes
    ----------
    origins : dict of str to int
        Products by who gave their category.
    """

    origins: dict[str, int]
    _texts: Hashes = field(repr=False)
    _products: Hashes = field(repr=False)

    @classmethod
    def load(cls, folder: Path, *, revision: str) -> "Seen | None":
        """What the folder of the model of this revision says; None if it says nothing.

        Raises
        ------
        ModelError
            It is damaged, or of another model.
        """
        if not (folder / FILE).is_file():
            return None
        try:
            with safe_open(folder / FILE, framework="numpy") as file:
                said = file.metadata() or {}
                texts, products = (file.get_tensor(name) for name in ("texts", "products"))
            origins = json.loads(said["origins"])
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"{folder / FILE}: damaged ({error}); train the model again") from error
        if said.get("revision") != revision:
            raise ModelError(f"{folder / FILE}: it belongs to another model; train the model again")
        return cls(origins, texts, products)

    def of_products(self, products: Sequence[Product]) -> NDArray[np.bool_]:
        """(n,) bool: which products were looked at in training, under the same id and with the same text."""
        hashes = [_product_hash(one, _text_hash(one)) for one in products]
        return np.isin(np.array(hashes, dtype=np.uint64), self._products)

    def of_texts(self, products: Sequence[Product]) -> NDArray[np.bool_]:
        """(n,) bool: which products have the text of one that was looked at, under whatever id."""
        return np.isin(np.array([_text_hash(one) for one in products], dtype=np.uint64), self._texts)


def _text_hash(product: Product) -> int:
    return _hash(*map(normalise, (product.title, product.brand, product.description)))


def _product_hash(product: Product, text: int) -> int:
    return _hash(product.id, str(text))


def _hash(*texts: str) -> int:
    told = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "little")
