"""Kinds of products that no shelf holds yet."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster

from ingest.cluster.density import NOISE, expand
from ingest.cluster.groups import MOST_DIVIDED, MOST_JOINED
from ingest.cluster.kinds import FEW, ONE_KIND, Kinds
from ingest.cluster.leftovers import attach, dissolve
from ingest.cluster.linkage import Indices, Merges, average_linkage
from ingest.cluster.reduce import deduplicate, sample
from taxonomy.ports import Floats

__all__ = ["gaps"]

_CUTS = np.arange(0.8, 0.09, -0.02)
"""Distances that are tried, and of equally good ones the first is taken: that of a build's loosest leaves."""
_OWN = 0.5  # share of a new kind's products that are nearer to each other than to any shelf
_INTRUDERS = 1.0
"""Known products among a new kind, for each of its own: more, and it is not new. With 0.5 the share of hidden
categories that is found is 1 to 3 points lower on two catalogues, whatever the half that is hidden."""
_OUTERMOST = 0.05


def gaps(points: Floats, groups: Indices, loose: Indices, least: int) -> list[Indices]:
    """Groups of loose products that are a kind of their own, the largest first.

    A group is new when most of its products are nearer to each other than to any shelf, and no more known
    products than its own are nearer to it than to their shelf: else it is a handful of a known kind. Nor is
    it new when its products are as like a shelf's as one another.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    groups : (n,) int64
        The shelves of known products; `NOISE` for all others.
    loose : (n_loose,) int64
        Positions of the products that may be of a new kind.
    least : int
        The fewest products of a group.

    Returns
    -------
    list of (n_members,) int64
        Positions, ascending; the groups do not overlap.
    """
    if len(loose) < max(least, 2):
        return []
    shelves = Kinds.of(points, groups, int(groups.max(initial=NOISE)) + 1)
    known = np.flatnonzero(groups != NOISE)
    which = _cut(points[loose], _grain(points[known], groups[known]), least)
    sizes = np.bincount(which[which != NOISE])
    found = [loose[which == at] for at in np.argsort(-sizes, kind="stable") if sizes[at] >= least]
    own = shelves.to_others(points[known], groups[known])
    _, near = shelves.nearest(points[loose])
    to_shelf = np.full(len(points), -1.0, np.float32)
    to_shelf[loose] = near
    found = [one for one in found if _is_new(points, one, to_shelf[one], points[known], own)]
    return [one for one, is_one in zip(found, _are_known(points, found, shelves), strict=True) if not is_one]


def _grain(points: Floats, groups: Indices) -> float:
    """The distance of the cut that finds the shelves again best: what is new is as fine as what is known.

    A share of the shelves' own cohesion in its place finds as much of one catalogue's hidden categories, and
    14 and 16% where this finds 22 and 21% of another's.
    """
    chosen = sample(len(points), MOST_DIVIDED, 0)
    if len(chosen) < 2:
        return float(_CUTS[0])
    merges, own = _joined(points[chosen]), groups[chosen]
    scores = [_likeness(fcluster(merges, cut, "distance") - 1, own) for cut in _CUTS]
    return float(_CUTS[int(np.argmax(scores))])


def _likeness(which: Indices, shelves: Indices) -> float:
    """The mean Jaccard of each shelf of several products with the likest of the groups; 0 for no shelves."""
    n_shelves = int(shelves.max()) + 1
    pairs, shared = np.unique(which * n_shelves + shelves, return_counts=True)
    group, shelf = np.divmod(pairs, n_shelves)
    sizes = np.bincount(shelves)
    best = np.zeros(n_shelves)
    np.maximum.at(best, shelf, shared / (np.bincount(which)[group] + sizes[shelf] - shared))
    return float(best[sizes > 1].sum()) / max(int((sizes > 1).sum()), 1)


def _cut(points: Floats, grain: float, least: int) -> Indices:
    """Groups of average linkage, cut at a distance.

    Of very many products a sample makes the groups, and the others join those that they fit.
    """
    chosen = sample(len(points), MOST_JOINED, 0)
    which = np.full(len(points), NOISE, np.int64)
    which[chosen] = fcluster(_joined(points[chosen]), grain, "distance") - 1
    if len(chosen) == len(points):
        return which
    fewest = max(2, round(least * len(chosen) / len(points)))
    return attach(points, dissolve(points, which, least=fewest, spare_last=False)).groups


def _joined(points: Floats) -> Merges:
    distinct = deduplicate(points)
    return expand(average_linkage(distinct.vectors, distinct.weights).astype(np.float64), distinct)


def _are_known(points: Floats, found: Sequence[Indices], shelves: Kinds) -> list[bool]:
    """Whether each group is of one kind with a shelf, that has few of its products yet."""
    sizes = np.append(shelves.sizes, [len(one) for one in found]).astype(np.int64)
    own = [points[one].sum(axis=0, dtype=np.float64) for one in found]
    both = Kinds(np.vstack([shelves.sums, *own]), sizes).likeness()
    n, enough = len(shelves.sizes), sizes >= FEW
    alike: NDArray[np.bool_] = (both[n:, :n] >= ONE_KIND) & enough[n:, None] & enough[:n]
    is_known: list[bool] = np.any(alike, axis=1).tolist()
    return is_known


def _is_new(points: Floats, own: Indices, to_shelf: Floats, known: Floats, known_own: Floats) -> bool:
    alone = np.zeros(len(own), np.int64)
    shelf = Kinds.of(points[own], alone, 1)
    together = shelf.to_others(points[own], alone)
    if (together > to_shelf).mean() < _OWN:
        return False
    rim = float(np.quantile(together, _OUTERMOST))
    sims = known @ shelf.centres[0]
    return int(((sims >= rim) & (sims > known_own)).sum()) <= _INTRUDERS * len(own)
