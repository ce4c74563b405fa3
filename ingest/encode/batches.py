"""Batches of like length, so that little of the work is spent on padding."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ints", "Tokens", "length_sorted", "pad"]

Tokens = Sequence[int]
"""The token ids of one text."""

Ints = NDArray[np.int64]


def length_sorted(lengths: Sequence[int], *, budget: int) -> Iterator[Ints]:
    """Positions of the texts in batches, shortest texts first; no batch pads to more than `budget` tokens.

    A text longer than the budget is a batch of its own.

    >>> [batch.tolist() for batch in length_sorted([5, 1, 2], budget=5)]
    [[1, 2], [0]]
    """
    order = np.argsort(np.asarray(lengths, dtype=np.int64), kind="stable")
    start = 0
    for end in range(len(order)):
        if end > start and (end - start + 1) * lengths[order[end]] > budget:
            yield order[start:end]
            start = end
    if start < len(order):
        yield order[start:]


def pad(rows: Sequence[Tokens], *, pad_id: int) -> tuple[Ints, Ints]:
    """Token ids and attention mask of a batch: two (n_rows, longest) int64 arrays."""
    ids = np.full((len(rows), max(map(len, rows))), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return ids, mask
