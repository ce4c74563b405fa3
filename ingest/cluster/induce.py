"""From leaf groups to a tree of the shape asked for.

The upper part of a condensed tree is a comb: one small group after another leaves the crowd. Shelves want
layers, so the centres of the leaf groups are joined again by average linkage, each group counting once, and
that tree is cut from the top: a node of m leaves gets about sqrt(m) children, as many as each of them has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ingest.cluster.linkage import average_linkage, leaves_below
from ingest.cluster.shape import Shape
from taxonomy.ports import Floats

__all__ = ["Branch", "induce"]

_FLAT = 8  # a shelf of up to so many kinds needs no shelves inside


@dataclass(frozen=True, slots=True)
class Branch:
    """A node to be: the leaf groups at or below it, and its children (none for a leaf)."""

    groups: tuple[int, ...]
    children: "tuple[Branch, ...]" = ()

    def walk(self) -> "Iterator[Branch]":
        """This node and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def induce(middle: Floats, shape: Shape) -> Branch:
    """The root of a tree over groups; a leaf that holds several groups is their union.

    Parameters
    ----------
    middle : (n_groups, dim) float32, unit rows
        Centres of the leaf groups.

    Returns
    -------
    Branch
        At most `shape.max_depth` levels below it and `shape.max_children` children at each node.
    """
    joins = average_linkage(middle, np.ones(len(middle), np.int64))
    parts = [(int(a), int(b)) for a, b in joins[:, :2]]
    return _Cut(len(middle), parts, shape).branch([len(middle) + len(parts) - 1] if len(middle) else [])


@dataclass(frozen=True, slots=True)
class _Cut:
    n: int
    parts: list[tuple[int, int]]
    shape: Shape

    def branch(self, tops: list[int], depth: int = 0) -> Branch:
        """A node over these tops of the binary tree."""
        groups = tuple(sorted(leaf for top in tops for leaf in self._leaves(top)))
        left = self.shape.max_depth - depth
        if left == 0 or (len(groups) < 2 and depth > 0):
            return Branch(groups)
        cuts = self._open(tops, self._wanted(len(groups), left))
        return Branch(groups, tuple(self.branch([cut], depth + 1) for cut in cuts))

    def _wanted(self, n_groups: int, left: int) -> int:
        wanted = n_groups if left == 1 or n_groups <= _FLAT else round(sqrt(n_groups))
        return min(wanted, self.shape.max_children)

    def _open(self, tops: list[int], wanted: int) -> list[int]:
        """Undo the last joins until there are as many groups as wanted."""
        tops = list(tops)
        while len(tops) < wanted and max(tops) >= self.n:
            last = max(tops)  # joins are numbered by distance: the highest is the loosest
            tops.remove(last)
            tops.extend(self.parts[last - self.n])
        return sorted(tops, key=lambda top: (-len(self._leaves(top)), top))

    def _leaves(self, top: int) -> list[int]:
        return leaves_below(top, self.parts, n=self.n)
