"""Pairs of near vectors among many."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from taxonomy.ports import Floats

__all__ = ["close_pairs"]

_EXACT = 4096  # rows up to which every pair is looked at
_BLOCK = 1024
_CELLS = 3  # that a row belongs to: with two of three pivots in common, near rows rarely miss each other


def close_pairs(vectors: Floats, cosine: float) -> list[tuple[int, int]]:
    """Pairs of unit rows with at least this cosine, sorted; each once, the smaller index first.

    Up to 4,096 rows every pair is looked at. Above, rows are compared that share one of their three nearest
    among √n pivots, so that 100,000 rows take seconds; pairs at the border of two cells may then be missed.
    """
    if len(vectors) <= _EXACT:
        return sorted(_within(vectors, np.arange(len(vectors)), cosine))
    pivots = vectors[:: max(1, len(vectors) // int(len(vectors) ** 0.5))]
    blocks = (vectors[at : at + _BLOCK] @ pivots.T for at in range(0, len(vectors), _BLOCK))
    nearest = np.concatenate([np.argpartition(-one, _CELLS, axis=1)[:, :_CELLS] for one in blocks])
    found: set[tuple[int, int]] = set()
    for pivot in range(len(pivots)):
        found.update(_within(vectors, np.flatnonzero((nearest == pivot).any(axis=1)), cosine))
    return sorted(found)


def _within(vectors: Floats, rows: NDArray[np.intp], cosine: float) -> Iterator[tuple[int, int]]:
    """The pairs among some of the rows, block by block."""
    for at in range(0, len(rows), _BLOCK):
        block = rows[at : at + _BLOCK]
        first, second = np.nonzero(vectors[block] @ vectors[rows[at:]].T >= cosine)
        for a, b in zip(first, second, strict=True):
            if a < b:
                yield int(block[a]), int(rows[at + b])
