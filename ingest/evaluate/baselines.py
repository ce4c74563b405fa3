"""What the fine-tuned model must beat, trained and scored on the same rows in the same run."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from ingest.evaluate.alike import folded, known_by
from taxonomy.errors import InputError
from taxonomy.metrics.hierarchy import HierarchyScores, hierarchy_scores
from taxonomy.product import Path, Product, join_path, split_path
from taxonomy.text import normalise, product_text

__all__ = ["Baseline", "Parts", "Peer", "hiclass_svc", "parts_of", "scored", "tfidf_svc"]

_HERE = "(here)"  # child of an inner node for products that stop there


class Peer(StrEnum):
    """What our model can be put beside."""

    TFIDF = "tfidf"
    HICLASS = "hiclass"
    FLAT = "flat"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline on the `valid` rows.

    Attributes
    ----------
    scores : HierarchyScores
        Strict: a product has the one path of its row.
    multi_path : float
        Leaf accuracy in 0..1 where any path counts that the file has the product under.
    seconds : float
        Training and prediction together.
    """

    name: str
    scores: HierarchyScores
    multi_path: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Parts:
    """Texts and paths of the `train` rows, and those of the `valid` rows to be judged by.

    `stands` has for each of the latter all paths, folded, under which the file has this product.
    """

    texts: list[str]
    labels: list[Path]
    unseen: list[str]
    truth: list[Path]
    stands: list[set[Path]]


def parts_of(products: Iterable[Product], *, text: Callable[[Product], str] = product_text) -> Parts:
    """The labelled rows by their split, as `text`; rows that say neither `train` nor `valid` are passed over.

    Raises
    ------
    InputError
        There are no rows of one of the two kinds, or only one category.
    """
    parts = Parts([], [], [], [], [])
    stands: dict[bytes, set[Path]] = defaultdict(set)
    for product in products:
        if not product.category_path:
            continue
        here = stands[known_by(product)]
        here.add(folded(product.category_path))
        if product.part == "train":
            parts.texts.append(text(product))
            parts.labels.append(product.category_path)
        elif product.part == "valid":
            parts.unseen.append(text(product))
            parts.truth.append(product.category_path)
            parts.stands.append(here)
    if not parts.truth or len(set(parts.labels)) < 2:
        raise InputError("a baseline needs labelled rows of both splits, train and valid, and two categories")
    return parts


def tfidf_svc(products: Iterable[Product]) -> Baseline:
    """TF-IDF of words and word pairs of title and brand, and a linear SVM over the full paths.

    Raises
    ------
    InputError
        As `parts_of`.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    def predict(parts: Parts) -> list[Path]:
        model = make_pipeline(_words(), LinearSVC())
        model.fit(parts.texts, [join_path(path) for path in parts.labels])
        return [split_path(cell) for cell in model.predict(parts.unseen)]

    return scored("TF-IDF + LinearSVC", parts_of(products, text=_title), predict)


def hiclass_svc(products: Iterable[Product]) -> Baseline:
    """hiclass: a linear SVM at each inner node that chooses among its children, on the same TF-IDF.

    Its paths always end in a leaf, so that inner nodes that hold products get a child for them here, which
    is taken off its answers again.

    Raises
    ------
    InputError
        As `parts_of`; or hiclass is not installed.
    """
    try:
        from hiclass import LocalClassifierPerParentNode
    except ImportError:
        raise InputError(
            "this peer is in an extra: pip install -c constraints.txt 'shelftree[bench]'"
        ) from None
    from sklearn.svm import LinearSVC

    def predict(parts: Parts) -> list[Path]:
        words = _words()
        model = LocalClassifierPerParentNode(local_classifier=LinearSVC())
        model.fit(words.fit_transform(parts.texts), _levels(parts.labels))
        answers = model.predict(words.transform(parts.unseen))
        return [tuple(str(name) for name in row if name and name != _HERE) for row in answers]

    return scored("hiclass, SVM per parent", parts_of(products, text=_title), predict)


def scored(name: str, parts: Parts, predict: Callable[[Parts], Sequence[Path]]) -> Baseline:
    """What a peer's training and prediction are worth and how long they took."""
    started = time.monotonic()
    found = predict(parts)
    seconds = time.monotonic() - started
    answers = [folded(path) for path in found]  # compared as our own model's are
    return Baseline(
        name,
        hierarchy_scores([folded(path) for path in parts.truth], answers),
        float(np.mean([path in here for path, here in zip(answers, parts.stands, strict=True)])),
        seconds,
    )


def _title(product: Product) -> str:
    """Title and brand: measured, descriptions cost both linear peers more than a point."""
    return normalise(f"{product.title} {product.brand}")


def _words() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def _levels(paths: Sequence[Path]) -> Any:
    """Paths as rows of equal length, blanks after their ends: (n, deepest level) object."""
    inner = {path[:end] for path in paths for end in range(1, len(path))}
    whole = [(*path, _HERE) if path in inner else path for path in paths]
    width = max(map(len, whole))
    return np.array([[*path, *[""] * (width - len(path))] for path in whole], dtype=object)
