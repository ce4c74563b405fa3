"""Whether two samples come from one distribution: tests that need no model of it."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from taxonomy.ports import Floats

__all__ = ["Scores", "exponential", "mix_p_value", "psi", "rank_z", "uniform", "upper_p_value"]

Strata = NDArray[np.int64]
Scores = Callable[[int], Floats]

_LEAST_EXPECTED = 5.0  # products a cell, below which chi-square is no longer chi-square (Cochran 1954)


def uniform(n: int) -> Floats:
    """Scores of `n` ranked values that rise evenly: with them `rank_z` is Wilcoxon's test."""
    scores: Floats = (np.arange(1, n + 1) / (n + 1)).astype(np.float32)
    return scores


def exponential(n: int) -> Floats:
    """Scores of `n` ranked values that weigh the upper tail: the expected order statistics of an exponential.

    Savage, *Contributions to the theory of rank order statistics* (1956). A tenth of strange products in a
    sample moves their mean several times as far as it moves the middle of the sample.

    >>> exponential(2).tolist()
    [0.5, 1.5]
    """
    scores: Floats = np.cumsum(1 / np.arange(n, 0, -1)).astype(np.float32)
    return scores


def rank_z(
    known: Floats, new: Floats, known_strata: Strata, new_strata: Strata, *, scores: Scores = uniform
) -> float:
    """How many standard errors `new` ranks above `known` within strata; normal where both are of one kind.

    A stratified linear rank test (van Elteren 1960): values are ranked among those of their own stratum, so
    that a sample with more of one stratum is not taken for one with larger values. Ties share their scores;
    mean, variance and skewness are those of all permutations, the last taken out as Cornish and Fisher do, or
    samples of unequal size would seem to differ too often. 0 where no stratum has values of both.

    Parameters
    ----------
    known, new : (m,) and (n,) float
        The samples.
    known_strata, new_strata : (m,) and (n,) int
        The stratum of each value.
    scores : callable
        `uniform` for a shift of all values, `exponential` for a longer upper tail.
    """
    gap = variance = third = 0.0
    for stratum in np.intersect1d(known_strata, new_strata):
        ours, theirs = known[known_strata == stratum], new[new_strata == stratum]
        n, m, total = len(theirs), len(ours), len(ours) + len(theirs)
        shared = _tied(np.concatenate([theirs, ours]), scores(total))
        centred = shared - shared.mean()
        gap += float(centred[:n].sum())
        variance += n * m / (total * (total - 1)) * float((centred**2).sum())
        if total > 2:
            cubes = float((centred**3).sum())
            third += n * m * (m - n) / (total * (total - 1) * (total - 2)) * cubes
    if not variance:
        return 0.0
    z, skewness = gap / math.sqrt(variance), third / math.sqrt(variance) ** 3
    return z - skewness / 6 * (z * z - 1)


def upper_p_value(z: float) -> float:
    """The chance of a normal value of `z` or more."""
    return float(ndtr(-z))


def mix_p_value(known: NDArray[np.int64], new: NDArray[np.int64]) -> float:
    """The chance of counts as different as these where both samples are drawn from the same classes.

    Pearson's chi-square for two samples; classes of which fewer than five are expected count as one.

    Parameters
    ----------
    known, new : (n_classes,) int
        How many of each class.
    """
    table = np.stack([known, new]).astype(np.float64)
    if not table.sum(axis=1).all():
        return 1.0
    share = table.sum(axis=1, keepdims=True) / table.sum()
    rare = table.sum(axis=0) * share.min() < _LEAST_EXPECTED
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    expected = share * table.sum(axis=0)
    return float(chdtrc(max(table.shape[1] - 1, 1), ((table - expected) ** 2 / expected).sum()))


def psi(known: NDArray[np.int64], new: NDArray[np.int64]) -> float:
    """Population stability index of two lists of counts: 0 for the same shares, above 0.25 for a large shift.

    Siddiqi, *Credit Risk Scorecards* (2006); half a product is added to each count, or empty classes would
    make it infinite.
    """
    one, other = ((counts + 0.5) / (counts + 0.5).sum() for counts in (known, new))
    return float(((one - other) * np.log(one / other)).sum())


def _tied(values: Floats, scores: Floats) -> Floats:
    """The score of each value by its rank; equal values get the mean of theirs."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    sums = np.add.reduceat(scores.astype(np.float64), np.concatenate([[0], np.cumsum(sizes)[:-1]]))
    shared: Floats = (sums / sizes).astype(np.float32)[group]
    return shared
