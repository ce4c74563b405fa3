"""Kinds of products that no shelf holds yet."""

import numpy as np
from scipy.cluster.hierarchy import fcluster

from ingest.cluster.density import NOISE, expand
from ingest.cluster.groups import MOST_DIVIDED, MOST_JOINED
from ingest.cluster.leftovers import attach, dissolve
from ingest.cluster.linkage import Indices, Merges, average_linkage
from ingest.cluster.reduce import deduplicate, sample
from taxonomy.ports import Floats

__all__ = ["gaps"]

_CUTS = np.arange(0.8, 0.09, -0.02)
"""Distances that are tried, and of equally good ones the first is taken: that of a build's loosest leaves."""


def gaps(points: Floats, groups: Indices, strangers: Indices, least: int) -> list[Indices]:
    """Groups of products that are of no known kind, the largest first, as fine as the known ones.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    groups : (n,) int64
        The shelves of known products; `NOISE` for all others.
    strangers : (n_strangers,) int64
        Positions of the products that may be of a new kind.
    least : int
        The fewest products of a group.

    Returns
    -------
    list of (n_members,) int64
        Positions, ascending; the groups do not overlap.
    """
    if len(strangers) < max(least, 2):
        return []
    known = np.flatnonzero(groups != NOISE)
    which = _cut(points[strangers], _grain(points[known], groups[known]), least)
    sizes = np.bincount(which[which != NOISE])
    return [strangers[which == at] for at in np.argsort(-sizes, kind="stable") if sizes[at] >= least]


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
