"""What the fine-tuned model must beat, trained and scored on the same rows in the same run."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from taxonomy.errors import InputError
from taxonomy.metrics.hierarchy import HierarchyScores, hierarchy_scores
from taxonomy.product import Path, Product, join_path, split_path
from taxonomy.text import normalise

__all__ = ["Baseline", "tfidf_svc"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline's scores on the `valid` rows and how long training and prediction took together."""

    name: str
    scores: HierarchyScores
    seconds: float


def tfidf_svc(products: Iterable[Product]) -> Baseline:
    """TF-IDF of words and word pairs of title and brand, and a linear SVM over the full paths.

    Rows that say `train` are learnt from, rows that say `valid` scored; others are passed over.

    Raises
    ------
    InputError
        There are no rows of one of the two kinds, or only one category.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    parts: dict[str, tuple[list[str], list[Path]]] = {"train": ([], []), "valid": ([], [])}
    for product in products:
        if product.category_path and product.split in parts:
            texts, paths = parts[product.split]
            texts.append(normalise(f"{product.title} {product.brand}"))
            paths.append(product.category_path)
    (texts, labels), (unseen, truth) = parts["train"], parts["valid"]
    if not truth or len(set(labels)) < 2:
        raise InputError("a baseline needs labelled rows of both splits, train and valid, and two categories")
    started = time.monotonic()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())
    model.fit(texts, [join_path(path) for path in labels])
    predicted = [split_path(cell) for cell in model.predict(unseen)]
    return Baseline("TF-IDF + LinearSVC", hierarchy_scores(truth, predicted), time.monotonic() - started)
