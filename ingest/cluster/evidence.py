"""Is a shelf two kinds, are two shelves one? Told by how alike the shelves of the same tree are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.density import expand
from ingest.cluster.kinds import Kinds
from ingest.cluster.linkage import Indices, average_linkage
from ingest.cluster.reduce import deduplicate
from taxonomy.ports import Floats

__all__ = ["Division", "divide", "is_stable"]

_AGREE = 0.9  # share of the products that two halves of a shelf, divided alone, put the same way
_LARGEST = 2000  # products of one shelf that are joined pair by pair; of a larger one, a sample is


@dataclass(frozen=True, slots=True)
class Division:
    """Two kinds in one shelf: positions of each, the larger first, and how alike they are (1: one kind)."""

    parts: tuple[Indices, Indices]
    likeness: float


def divide(points: Floats, members: Indices, least: int, rng: np.random.Generator) -> Division | None:
    """The two loosest joined kinds of at least `least` products in a shelf; None where there are none.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    members : (n_members,) int64
        Positions of the shelf's products.
    """
    if len(members) < 2 * least:
        return None
    chosen = members if len(members) <= _LARGEST else np.sort(rng.choice(members, _LARGEST, replace=False))
    least_here = max(2, round(least * len(chosen) / len(members)))
    side = _two(points[chosen], least_here)
    if side is None:
        return None
    seeds = Kinds.of(points[chosen], side, 2)
    which, _ = seeds.nearest(points[members])  # what was peeled off on the way belongs to one of them, too
    sizes = np.bincount(which, minlength=2)
    if sizes.min() < least:
        return None
    both = Kinds.of(points[members], which, 2)
    larger = int(sizes.argmax())
    parts = members[which == larger], members[which != larger]
    return Division(parts, float(both.likeness()[0, 1]))


def is_stable(points: Floats, found: Division, least: int, rng: np.random.Generator) -> bool:
    """Whether each half of the products, divided alone, divides all of them the same way."""
    members = np.sort(np.concatenate(found.parts))
    mixed = rng.permutation(members)
    truth = np.isin(members, found.parts[0])
    for half in (mixed[::2], mixed[1::2]):
        again = divide(points, np.sort(half), max(2, least // 2), rng)
        if again is None:
            return False
        groups = np.isin(np.sort(half), again.parts[1]).astype(np.int64)
        which, _ = Kinds.of(points[np.sort(half)], groups, 2).nearest(points[members])
        same = float(((which == 0) == truth).mean())
        if max(same, 1 - same) < _AGREE:
            return False
    return True


def _two(points: Floats, least: int) -> Indices | None:
    """The last join of two groups of enough products: 0 and 1 for their members, -1 for the others."""
    distinct = deduplicate(points)
    merges = expand(average_linkage(distinct.vectors, distinct.weights).astype(np.float64), distinct)
    n = len(points)
    sizes = np.append(np.ones(n), merges[:, 3])
    at = n + len(merges) - 1
    while at >= n:
        one, other = merges[at - n, :2].astype(int)
        if min(sizes[one], sizes[other]) >= least:
            side = np.full(n, -1, np.int64)
            side[_below(merges, one, n)], side[_below(merges, other, n)] = 0, 1
            return side
        at = one if sizes[one] >= sizes[other] else other
    return None


def _below(merges: NDArray[np.float64], top: int, n: int) -> list[int]:
    stack, found = [top], list[int]()
    while stack:
        at = stack.pop()
        if at < n:
            found.append(at)
        else:
            stack += merges[at - n, :2].astype(int).tolist()
    return found
