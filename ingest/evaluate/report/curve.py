"""What is given, how deep, and how much of it is right, as more precision is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.classify.layout import Indices
from ingest.evaluate.judging import Judged

__all__ = ["PRECISIONS", "Point", "curve"]

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


def curve(rows: Sequence[Judged], *, precisions: Sequence[float] = PRECISIONS) -> tuple[Point, ...]:
    """A point for each precision, of products that were judged with these as the other ones."""
    leaf = np.array([len(row.leaf) for row in rows], dtype=np.int64)
    true = np.array([len(row.truth) for row in rows], dtype=np.int64)
    right = np.array([row.n_right for row in rows], dtype=np.int64)
    depths = np.array([row.depths for row in rows], dtype=np.int64).reshape(len(rows), len(precisions))
    return tuple(
        _point(asked, depth, leaf, true, right) for asked, depth in zip(precisions, depths.T, strict=True)
    )


def _point(asked: float, depth: Indices, leaf: Indices, true: Indices, right: Indices) -> Point:
    given = depth > 0
    kept = (depth <= right)[given]
    return Point(
        asked,
        float(kept.mean()) if len(kept) else 1.0,
        _mean(given),
        _mean(given & (depth == leaf)),
        _mean(depth[given]),
        _mean(true[given]),
    )


def _mean(values: NDArray[np.bool_] | Indices) -> float:
    return float(values.mean()) if len(values) else 0.0
