"""A part of the rows set aside, with each label's share in it and near-duplicates kept together."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["stratified_split"]


def stratified_split(
    labels: Sequence[Hashable], groups: NDArray[np.int64], *, fraction: float, seed: int
) -> NDArray[np.bool_]:
    """Which rows to set aside: (n,) bool, about `fraction` of each label, whole groups only.

    A group with several labels counts for its first. Every label keeps a group that is not set aside, so that
    it can be learnt; what rounding leaves over in one label goes to the next. No rows give (0,).

    Parameters
    ----------
    labels : sequence
        (n,) what the rows are to be learnt as.
    groups : (n,) int array
        Rows of one group stay on one side, as from `duplicate_groups`.
    fraction : float
        0 to 1.
    seed : int
        The same seed sets the same rows aside.
    """
    rng = np.random.default_rng(seed)
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    aside = np.zeros(len(sizes), dtype=np.bool_)
    owed = 0.0
    for members in _groups_by_label(labels, groups).values():
        order = rng.permutation(members)
        owed += fraction * float(sizes[order].sum())
        for group in order[:-1]:
            if sizes[group] <= owed + 0.5:  # to the nearest whole row
                aside[group] = True
                owed -= float(sizes[group])
    return aside[groups] if len(groups) else np.zeros(0, dtype=np.bool_)


def _groups_by_label(labels: Sequence[Hashable], groups: NDArray[np.int64]) -> dict[Hashable, list[int]]:
    by_label: dict[Hashable, list[int]] = defaultdict(list)
    placed: set[int] = set()
    for label, group in zip(labels, groups.tolist(), strict=True):
        if group not in placed:
            placed.add(group)
            by_label[label].append(group)
    return by_label
