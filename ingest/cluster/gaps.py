"""Kinds of products that no shelf holds yet."""

import numpy as np
from scipy.cluster.hierarchy import fcluster

from ingest.cluster.density import NOISE, expand
from ingest.cluster.kinds import Kinds
from ingest.cluster.linkage import Indices, average_linkage
from ingest.cluster.reduce import deduplicate
from taxonomy.ports import Floats

__all__ = ["gaps"]

_GRAIN = 0.4
"""New groups are as tight as all but this share of the shelves. Of 0.1, 0.25, 0.4 and 0.5, the one that
finds most of the hidden half of 4,000 products' categories: 16, 39, 44 and 42%."""
_LOOSEST = 0.2  # mean cosine of two members, as for leaves of a first build
_OWN = 0.5  # share of a new kind's products that are nearer to each other than to any shelf
_INTRUDERS = 0.5  # known products among a new kind, for each of its own: more, and it is not new
_OUTERMOST = 0.05


def gaps(points: Floats, groups: Indices, loose: Indices, least: int) -> list[Indices]:
    """Groups of loose products that are a kind of their own, the largest first.

    A group is new when most of its products are nearer to each other than to any shelf, and few known
    products are nearer to it than to their own shelf: else it is a handful of arrivals of a known kind.

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
    which = _cut(points[loose], shelves)
    sizes = np.bincount(which)
    found = [loose[which == at] for at in np.argsort(-sizes, kind="stable") if sizes[at] >= least]
    known = np.flatnonzero(groups != NOISE)
    own = shelves.to_others(points[known], groups[known])
    _, near = shelves.nearest(points[loose])
    to_shelf = np.full(len(points), -1.0, np.float32)
    to_shelf[loose] = near
    return [one for one in found if _is_new(points, one, to_shelf[one], points[known], own)]


def _cut(points: Floats, shelves: Kinds) -> Indices:
    """Groups of average linkage, cut where they get as loose as the looser shelves."""
    cohesion = shelves.cohesion()[shelves.sizes > 1]
    grain = max(float(np.quantile(cohesion, _GRAIN)), _LOOSEST) if len(cohesion) else _LOOSEST
    distinct = deduplicate(points)
    merges = expand(average_linkage(distinct.vectors, distinct.weights).astype(np.float64), distinct)
    return np.asarray(fcluster(merges, 1 - grain, "distance"), np.int64) - 1


def _is_new(points: Floats, own: Indices, to_shelf: Floats, known: Floats, known_own: Floats) -> bool:
    alone = np.zeros(len(own), np.int64)
    shelf = Kinds.of(points[own], alone, 1)
    together = shelf.to_others(points[own], alone)
    if (together > to_shelf).mean() < _OWN:
        return False
    rim = float(np.quantile(together, _OUTERMOST))
    sims = known @ shelf.centres[0]
    return int(((sims >= rim) & (sims > known_own)).sum()) <= _INTRUDERS * len(own)
