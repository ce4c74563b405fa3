"""What is given, how deep, and how much of it is right, as more precision is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.classify.predict import Classifier
from ingest.evaluate.classify import ClassifyReport, summarise
from ingest.evaluate.judging import judge
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product

__all__ = ["PRECISIONS", "Point", "curve", "point"]

PRECISIONS = (0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995)


@dataclass(frozen=True, slots=True)
class Point:
    """What a precision that was asked for gives; shares lie in 0..1, depths in levels."""

    asked: float
    kept: float
    coverage: float
    accepted: float
    mean_depth: float
    mean_true_depth: float


def curve(
    classifier: Classifier,
    products: Iterable[Product],
    *,
    precisions: Sequence[float] = PRECISIONS,
    progress: Progress | None = None,
) -> tuple[Point, ...]:
    """A point for each precision, on the labelled products that are not of the split `train`.

    Raises
    ------
    InputError
        There are none.
    """
    progress = progress or Silent()
    rows = list(products)
    points = []
    for precision in precisions:
        points.append(point(summarise(judge(classifier, rows, precision=precision), precision=precision)))
        progress.advance()
    return tuple(points)


def point(figures: ClassifyReport) -> Point:
    """The point of the curve that these figures are."""
    return Point(
        figures.precision_asked,
        figures.precision_kept,
        figures.coverage,
        figures.accepted,
        figures.mean_depth,
        figures.mean_true_depth,
    )
