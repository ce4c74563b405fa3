"""How good a ranking is: NDCG, reciprocal rank, hits and recall."""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["hit_at", "ndcg_at", "recall_at", "reciprocal_rank"]


def ndcg_at(k: int, gains: ArrayLike, *, exponential: bool = False) -> float:
    """Normalised discounted cumulative gain of the first `k`, in 0..1 (Järvelin and Kekäläinen 2002).

    Parameters
    ----------
    k : int
        How many places count.
    gains : (n,) array
        The grades of *all* judged items in the order of the ranking, none negative.
    exponential : bool
        Gain 2**grade - 1, which prizes the highest grades, in place of the grade itself.

    Returns
    -------
    float
        0 if there is nothing to gain, or no item.

    Examples
    --------
    >>> ndcg_at(2, [3, 2, 1]), round(ndcg_at(2, [1, 3]), 3)
    (1.0, 0.797)
    """
    grades = np.asarray(gains, dtype=np.float64)
    worth = np.exp2(grades) - 1 if exponential else grades
    best = _dcg(np.sort(worth)[::-1][:k])
    return _dcg(worth[:k]) / best if best > 0 else 0.0


def _dcg(worth: NDArray[np.float64]) -> float:
    return float(np.sum(worth / np.log2(np.arange(2, len(worth) + 2))))


def reciprocal_rank(ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> float:
    """1 / the place (from 1) of the first relevant item; 0 if none is ranked.

    >>> reciprocal_rank(["tea", "coffee"], {"coffee"})
    0.5
    """
    return next((1.0 / place for place, item in enumerate(ranked, start=1) if item in relevant), 0.0)


def hit_at(k: int, ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> bool:
    """Whether one of the first `k` is relevant.

    >>> hit_at(1, ["tea", "coffee"], {"coffee"}), hit_at(2, ["tea", "coffee"], {"coffee"})
    (False, True)
    """
    return any(item in relevant for item in ranked[:k])


def recall_at(k: int, ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> float:
    """The part of the relevant items that stands among the first `k`; 0 if nothing is relevant.

    >>> recall_at(2, ["tea", "coffee", "cocoa"], {"tea", "cocoa"})
    0.5
    """
    wanted = set(relevant)
    return len(wanted.intersection(ranked[:k])) / len(wanted) if wanted else 0.0
