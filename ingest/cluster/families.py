"""Which categories belong together: average linkage over them, cut from the top to the shape asked for."""

from dataclasses import dataclass

import numpy as np

from ingest.cluster.induce import Branch
from ingest.cluster.linkage import average_linkage, leaves_below
from taxonomy.ports import Floats

__all__ = ["families"]

_FLAT = 8  # a shelf of up to so many kinds needs no shelves inside


def families(points: Floats, *, depth: int, max_children: int) -> Branch:
    """A tree over all points, each of which is a leaf of its own.

    Unlike `ingest.cluster.induce`, it never unites two leaves: they are categories that people made. Where
    `max_children` to the power of `depth` is less than they are, or they lump together, a node has more.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    depth : int
        Levels at most, that of the points included.
    """
    n = len(points)
    joins = average_linkage(points, np.ones(n, np.int64))
    parts = [(int(a), int(b)) for a, b in joins[:, :2]]
    return _Cut(n, parts, max_children).branch(2 * n - 2, depth) if n else Branch(())


@dataclass(frozen=True, slots=True)
class _Cut:
    n: int
    parts: list[tuple[int, int]]
    most: int

    def branch(self, top: int, left: int) -> Branch:
        """The node for a join of the binary tree; a point is a leaf."""
        groups = tuple(self.leaves(top))
        if top < self.n:
            return Branch(groups)
        if left == 1 or len(groups) <= min(_FLAT, self.most):
            return Branch(groups, tuple(Branch((one,)) for one in groups))
        return Branch(groups, tuple(self.branch(one, left - 1) for one in self.open(top, left)))

    def open(self, top: int, left: int) -> list[int]:
        """Undo the loosest joins until each level has about as many, then those of what is too large."""
        tops, wanted = [top], min(round(len(self.leaves(top)) ** (1 / left)), self.most)
        while len(tops) < wanted and max(tops) >= self.n:
            self.undo(tops, max(tops))  # joins are numbered by distance: the highest is the loosest
        room = self.most ** (left - 1)
        while len(tops) < self.most and len(self.leaves(largest := max(tops, key=self.weight))) > room:
            self.undo(tops, largest)
        return sorted(tops, key=lambda one: (-len(self.leaves(one)), one))

    def undo(self, tops: list[int], top: int) -> None:
        tops.remove(top)
        tops.extend(self.parts[top - self.n])

    def weight(self, top: int) -> tuple[int, int]:
        return len(self.leaves(top)), top

    def leaves(self, top: int) -> list[int]:
        return leaves_below(top, self.parts, n=self.n)
