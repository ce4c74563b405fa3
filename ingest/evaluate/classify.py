"""How good a classifier is on labelled products, and whether it keeps its promise."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from ingest.classify.predict import Classifier, Prediction
from taxonomy.errors import InputError
from taxonomy.metrics.calibration import Bin, expected_calibration_error, reliability
from taxonomy.metrics.hierarchy import HierarchyScores, hierarchy_scores, n_shared
from taxonomy.ports import Progress, Silent
from taxonomy.product import Path, Product
from taxonomy.text import fold

__all__ = ["ClassifyReport", "evaluate"]


@dataclass(frozen=True, slots=True)
class ClassifyReport:
    """A classifier against the truth; shares and rates lie in 0..1.

    Attributes
    ----------
    leaf : HierarchyScores
        Of the likeliest terminals, whether or not they were given.
    precision_asked : float
        What was promised for given nodes.
    precision_kept : float
        Share of the given nodes that are the truth or above it; 1 if none was given.
    accepted, backed_off, reviewed : float
        Shares of the products; coverage is the first two together.
    mean_depth, mean_true_depth : float
        Of given nodes, and of the true paths of the products that got one.
    ece : float
        Expected calibration error of the leaf probability.
    bins : tuple of Bin
        The reliability diagram behind it.
    """

    leaf: HierarchyScores
    precision_asked: float
    precision_kept: float
    accepted: float
    backed_off: float
    reviewed: float
    mean_depth: float
    mean_true_depth: float
    ece: float
    bins: tuple[Bin, ...]

    @property
    def coverage(self) -> float:
        """Share of the products that were given a node."""
        return self.accepted + self.backed_off

    def to_json(self) -> str:
        """All of it, coverage included, as one JSON object."""
        return json.dumps({**asdict(self), "coverage": self.coverage}, indent=1)


def evaluate(
    classifier: Classifier,
    products: Iterable[Product],
    *,
    precision: float = 0.95,
    progress: Progress | None = None,
) -> ClassifyReport:
    """The report on labelled products that the model was not trained on.

    Products without a category and those whose `split` is `train` are passed over. Names are compared
    without case and accents.

    Raises
    ------
    InputError
        No product is left.
    """
    progress = progress or Silent()
    progress.start("classifying labelled products")
    truths: list[Path] = []
    predictions: list[Prediction] = []
    for prediction in classifier.predict(_judged(products, truths), precision=precision):
        predictions.append(prediction)
        progress.advance()
    if not predictions:
        raise InputError("nothing to evaluate on: no product has a category and a split other than 'train'")
    return _report(classifier, truths, predictions, precision)


def _judged(products: Iterable[Product], truths: list[Path]) -> Iterator[Product]:
    """The products to judge by; their folded paths are appended to `truths` on the way."""
    for product in products:
        if product.category_path and product.split.strip().casefold() != "train":
            truths.append(_folded(product.category_path))
            yield product


def _report(
    classifier: Classifier, truths: list[Path], predictions: list[Prediction], precision: float
) -> ClassifyReport:
    names = {at: _folded(classifier.tree.path(at)) for at in {one.leaf_id for one in predictions}}
    leaves = [names[one.leaf_id] for one in predictions]
    given = [
        (truth, _folded(classifier.tree.path(one.node_id)))
        for truth, one in zip(truths, predictions, strict=True)
        if one.node_id is not None
    ]
    right = sum(n_shared(truth, path) == len(path) for truth, path in given)
    leaf_right = [leaf == truth for leaf, truth in zip(leaves, truths, strict=True)]
    sure = [one.leaf_probability for one in predictions]
    return ClassifyReport(
        hierarchy_scores(truths, leaves),
        precision,
        right / len(given) if given else 1.0,
        _share(predictions, "accept"),
        _share(predictions, "backoff"),
        _share(predictions, "review"),
        _mean([len(path) for _, path in given]),
        _mean([len(truth) for truth, _ in given]),
        expected_calibration_error(sure, leaf_right),
        reliability(sure, leaf_right),
    )


def _share(predictions: list[Prediction], decision: str) -> float:
    return sum(one.decision == decision for one in predictions) / len(predictions)


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _folded(path: Path) -> Path:
    return tuple(map(fold, path))
