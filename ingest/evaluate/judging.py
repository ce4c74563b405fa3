"""Labelled products beside what a classifier says of them: what every figure about it is counted from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np

from ingest.classify.predict import Classifier, Decision, Outlook, Prediction
from ingest.evaluate.alike import folded, known_by
from taxonomy.errors import InputError
from taxonomy.metrics.hierarchy import n_shared
from taxonomy.ports import Progress, Silent
from taxonomy.product import Path, Product, ProductId
from taxonomy.text import fold

__all__ = ["Judged", "is_trained", "judge"]

_CHUNK = 2048  # products in memory as text at a time
_TITLE_CHARS = 160  # of a title are kept: enough to know a product by


@dataclass(frozen=True)  # without slots: what is counted from again and again is kept
class Judged:
    """A labelled product and what the classifier says of it.

    Attributes
    ----------
    product_id, title : str
        The title is cut; the brand goes before it if it lacks it.
    truth : Path
        What the file says.
    also : tuple of Path
        Other paths, folded, under which the file has a product of this title and brand.
    trained : bool
        Whether the model may have learnt from this row, because its split is `train`.
    leaf : Path
        The likeliest terminal.
    leaf_probability, label_probability : float
        Of that terminal, and of the one that the file says: 0 if the model has none there, None if not asked.
    given : Path
        The deepest safe node, on the path of `leaf`; empty for review.
    decision : {"accept", "backoff", "review"}
        As predicted.
    depths : tuple of int
        How many nodes of the likeliest path would be given at each of the other precisions asked for.
    """

    product_id: ProductId
    title: str
    truth: Path
    also: tuple[Path, ...]
    trained: bool
    leaf: Path
    leaf_probability: float
    label_probability: float | None
    given: Path
    decision: Decision
    depths: tuple[int, ...] = ()

    @cached_property
    def n_right(self) -> int:
        """How many nodes of the likeliest path, from the top, are the truth or above it."""
        return n_shared(folded(self.truth), folded(self.leaf))

    @property
    def is_right(self) -> bool:
        """Whether the likeliest terminal is what the file says."""
        return self.n_right == len(self.truth) == len(self.leaf)

    @property
    def is_right_somewhere(self) -> bool:
        """Whether it is one of the paths that the file has for this product."""
        return self.is_right or folded(self.leaf) in self.also

    @property
    def n_kept(self) -> int:
        """How many nodes of the given path, from the top, are the truth or above it."""
        return min(self.n_right, len(self.given))

    @property
    def is_kept(self) -> bool:
        """Whether the given node is the truth or above it; true of review, where nothing was given."""
        return self.n_kept == len(self.given)

    @property
    def is_kept_somewhere(self) -> bool:
        """The same under any of the product's paths."""
        given = folded(self.given)
        return self.is_kept or any(path[: len(given)] == given for path in self.also)


def is_trained(product: Product) -> bool:
    """Whether the row says that a model may learn from it."""
    return product.part == "train"


def judge(
    classifier: Classifier,
    products: Iterable[Product],
    *,
    precision: float = 0.95,
    others: Sequence[float] = (),
    with_trained: bool = False,
    with_labels: bool = False,
    progress: Progress | None = None,
) -> list[Judged]:
    """What the classifier says of each labelled product, in order.

    All products are read, those of the split `train` to know under which paths a product stands; they are
    judged only if `with_trained`, and by the head alone: the memory would find each of them, and its label.
    Products without a category are passed over.

    Parameters
    ----------
    others : sequence of float
        Other precisions, for `depths`.
    with_labels : bool
        Whether `label_probability` is wanted.

    Raises
    ------
    InputError
        No product is left.
    """
    progress = progress or Silent()
    progress.start("classifying labelled products")
    paths: dict[bytes, dict[Path, None]] = defaultdict(dict)
    keys: list[bytes] = []
    found: list[Judged] = []
    source = _labelled(products, paths, keys, with_trained=with_trained)
    while chunk := list(islice(source, _CHUNK)):
        found += _judge(classifier, chunk, (precision, *others), with_labels=with_labels)
        progress.advance(len(chunk))
    if not found:
        raise InputError("nothing to evaluate on: no product has a category and a split other than 'train'")
    return [
        replace(row, also=also) if (also := _also(row, paths[key])) else row
        for row, key in zip(found, keys, strict=True)
    ]


def _labelled(
    products: Iterable[Product],
    paths: dict[bytes, dict[Path, None]],
    keys: list[bytes],
    *,
    with_trained: bool,
) -> Iterator[Product]:
    """The products to judge; what each is known by goes to `keys`, and where it stands to `paths`."""
    for product in products:
        if not product.category_path:
            continue
        key = known_by(product)
        paths[key][folded(product.category_path)] = None
        if with_trained or not is_trained(product):
            keys.append(key)
            yield product


def _also(row: Judged, paths: Iterable[Path]) -> tuple[Path, ...]:
    own = folded(row.truth)
    return tuple(path for path in paths if path != own)


def _judge(
    classifier: Classifier, chunk: Sequence[Product], precisions: Sequence[float], *, with_labels: bool
) -> list[Judged]:
    rows: dict[int, Judged] = {}
    for trained, judge in (False, classifier), (True, classifier.head_alone):
        at = [row for row, one in enumerate(chunk) if is_trained(one) == trained]
        outlook = judge.look([chunk[row] for row in at])
        depths = np.stack([judge.depths(outlook, precision) for precision in precisions], axis=1).tolist()
        labels = _label_probabilities(judge, outlook) if with_labels else [None] * len(at)
        predictions = judge.decide(outlook, precision=precisions[0])
        told = zip(at, outlook.products, predictions, labels, depths, strict=True)
        for row, product, prediction, label, depth in told:
            rows[row] = _judged(judge, product, prediction, label, tuple(depth[1:]))
    return [rows[row] for row in range(len(chunk))]


def _label_probabilities(classifier: Classifier, outlook: Outlook) -> list[float]:
    columns = {at: column for column, at in enumerate(classifier.terminals)}
    found = [classifier.tree.find(one.category_path) for one in outlook.products]
    return [
        float(row[columns[at]]) if at in columns else 0.0
        for row, at in zip(outlook.posteriors, found, strict=True)
    ]


def _judged(
    classifier: Classifier,
    product: Product,
    one: Prediction,
    label_probability: float | None,
    depths: tuple[int, ...],
) -> Judged:
    tree = classifier.tree
    has_brand = not product.brand or fold(product.brand) in fold(product.title)
    title = product.title if has_brand else f"{product.brand} {product.title}"
    return Judged(
        product.id,
        title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1] + "…",
        product.category_path,
        (),
        is_trained(product),
        tree.path(one.leaf_id),
        one.leaf_probability,
        label_probability,
        tree.path(one.node_id) if one.node_id is not None else (),
        one.decision,
        depths,
    )
