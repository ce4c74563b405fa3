"""How good a classifier is on labelled products, and whether it keeps its promise."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ingest.classify.predict import Classifier
from ingest.evaluate.alike import folded
from ingest.evaluate.judging import Judged, judge
from taxonomy.metrics.calibration import Bin, expected_calibration_error, reliability
from taxonomy.metrics.hierarchy import HierarchyScores, hierarchy_scores
from taxonomy.ports import Progress
from taxonomy.product import Product

__all__ = ["ClassifyReport", "MultiPath", "evaluate", "summarise"]


@dataclass(frozen=True, slots=True)
class MultiPath:
    """The same where a product may stand under several paths of the file, each of which is right.

    Attributes
    ----------
    n_products : int
        That have more than one path.
    leaf_accuracy, precision_kept : float
        Of all products, as in `ClassifyReport`, but right under any of its paths.
    """

    n_products: int
    leaf_accuracy: float
    precision_kept: float


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
    multi_path : MultiPath
        What a product that the file has under two paths changes; all else here is strict.
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
    multi_path: MultiPath

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
    return summarise(judge(classifier, products, precision=precision, progress=progress), precision=precision)


def summarise(rows: Sequence[Judged], *, precision: float) -> ClassifyReport:
    """The figures of products judged at this precision; all 0, and precision kept 1, without products."""
    given = [row for row in rows if row.given]
    right = [row.is_right for row in rows]
    sure = [row.leaf_probability for row in rows]
    return ClassifyReport(
        hierarchy_scores([folded(row.truth) for row in rows], [folded(row.leaf) for row in rows]),
        precision,
        _mean([row.is_kept for row in given], empty=1.0),
        _mean([row.decision == "accept" for row in rows]),
        _mean([row.decision == "backoff" for row in rows]),
        _mean([row.decision == "review" for row in rows]),
        _mean([len(row.given) for row in given]),
        _mean([len(row.truth) for row in given]),
        expected_calibration_error(sure, right),
        reliability(sure, right),
        MultiPath(
            sum(bool(row.also) for row in rows),
            _mean([row.is_right_somewhere for row in rows]),
            _mean([row.is_kept_somewhere for row in given], empty=1.0),
        ),
    )


def _mean(values: Sequence[float], *, empty: float = 0.0) -> float:
    return sum(values) / len(values) if values else empty
