"""Products that no dense group holds: attached where near enough, else called noise."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ingest.cluster.density import NOISE
from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import unit
from taxonomy.ports import Floats

__all__ = ["Placed", "attach", "centroids", "dissolve", "means", "sums"]

_OUTERMOST = 0.05  # share of a group's own members that would not be attached to it if they were new
_LOOSEST = 0.2
"""Mean cosine of two members. The groups below it, 1% of a grocer's leaves, held 6 to 14% of one category."""
_BLOCK_ROWS = 4096
_SUM_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Placed:
    """The group of each product (`NOISE` for none) and how typical of it the product is, 0..1."""

    groups: Indices
    membership: Floats


def centroids(points: Floats, groups: Indices) -> Floats:
    """(n_groups, dim) float32, unit rows: the mean direction of each group's members."""
    return unit(sums(points, groups))


def means(points: Floats, groups: Indices) -> Floats:
    """(n_groups, dim) float32: their inner product is how alike members of two groups are on average."""
    sizes = np.bincount(groups[groups != NOISE])
    return np.asarray(sums(points, groups) / np.maximum(sizes, 1)[:, None], np.float32)


def dissolve(points: Floats, groups: Indices, *, least: int = 1, spare_last: bool = True) -> Indices:
    """The groups without those that hold nothing but what was left over; numbered from 0 again.

    Members of such a group are hardly more alike than any two products, or there are fewer than `least`. A
    group that is alone stays, unless `spare_last` says no: there is nothing to be more alike than.
    """
    sizes = np.bincount(groups[groups != NOISE])
    if len(sizes) < 1 + spare_last:
        return groups
    alike = ((sums(points, groups) ** 2).sum(axis=1) - sizes) / np.maximum(sizes * (sizes - 1), 1)
    keep = (alike >= _LOOSEST) & (sizes >= least)
    renumber = np.append(np.where(keep, np.cumsum(keep) - 1, NOISE), NOISE)
    return renumber[groups]


def attach(points: Floats, groups: Indices) -> Placed:
    """Every product with the nearest group, if it is as near as all but the outermost 5% of the members.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    groups : (n,) int64
        A group from 0, or `NOISE`; members keep theirs.

    Returns
    -------
    Placed
        Membership is the cosine to the group's centre over that of its most typical member; 0 for noise.
    """
    middle = centroids(points, groups)
    if not len(middle):
        return Placed(groups, np.zeros(len(groups), np.float32))
    nearest, sims = _nearest(points, middle)
    held = groups != NOISE
    own = np.where(held, groups, nearest)
    # A member is nearer to the centre for having made it: compare what is new with members as if they were.
    sims[held] = _without_self(points, groups, np.flatnonzero(held))
    rim, best = (_quantile(sims, groups, len(middle), share) for share in (_OUTERMOST, 1.0))
    placed = np.where(held | (sims >= rim[own]), own, NOISE)
    typical = np.clip(sims / np.maximum(best[own], 1e-6), 0.0, 1.0)
    # All members at the very centre (zero vectors of equal products) are as typical as can be.
    typical = np.where(held & (best[own] <= 1e-6), 1.0, typical)
    return Placed(placed, np.where(placed == NOISE, 0.0, typical).astype(np.float32))


def sums(points: Floats, groups: Indices, n_groups: int | None = None) -> NDArray[np.float64]:
    """(n_groups, dim): what the members of each group add up to; a block at a time, to spare memory."""
    n_groups = int(groups.max(initial=NOISE)) + 1 if n_groups is None else n_groups
    total = np.zeros((n_groups, points.shape[1]), np.float64)
    for start in range(0, len(points), _SUM_ROWS):
        own, block = groups[start : start + _SUM_ROWS], points[start : start + _SUM_ROWS]
        held = np.flatnonzero(own != NOISE)
        if len(held):
            entries = (np.ones(len(held)), (own[held], held))
            total += csr_array(entries, shape=(n_groups, len(block))) @ block.astype(np.float64)
    return total


def _without_self(points: Floats, groups: Indices, members: Indices) -> Floats:
    """Cosine of each member to the centre of the others in its group; 0 for a member without others."""
    total, sims = sums(points, groups), np.empty(len(members), np.float32)
    for start in range(0, len(members), _SUM_ROWS):
        block = members[start : start + _SUM_ROWS]
        rest = total[groups[block]] - points[block]
        length = np.maximum(np.linalg.norm(rest, axis=1), 1e-6)
        sims[start : start + len(block)] = (points[block] * rest).sum(axis=1) / length
    return sims


def _nearest(points: Floats, middle: Floats) -> tuple[Indices, Floats]:
    which, sims = np.empty(len(points), np.int64), np.empty(len(points), np.float32)
    for start in range(0, len(points), _BLOCK_ROWS):
        block = points[start : start + _BLOCK_ROWS] @ middle.T
        which[start : start + len(block)] = block.argmax(axis=1)
        sims[start : start + len(block)] = block.max(axis=1)
    return which, sims


def _quantile(sims: Floats, groups: Indices, n_groups: int, share: float) -> Floats:
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(n_groups + 1))
    parts = (sims[order[a:b]] for a, b in pairwise(bounds))
    return np.array([np.quantile(part, share) for part in parts], np.float32)
