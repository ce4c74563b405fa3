"""Groups of products that are known already: how alike they are, and which other products fit in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.density import NOISE
from ingest.cluster.leftovers import attach, sums
from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import unit
from taxonomy.ports import Floats

__all__ = ["FEW", "ONE_KIND", "Kinds", "fill"]

ONE_KIND = 0.9
"""Likeness from which siblings are one. Random halves of a shelf: 0.88 or more for 98% of the shelves of one
catalogue and 95% of another; nearest siblings of their trees: at most 0.78 and 0.82."""
FEW = 5  # of fewer products, two kinds may look like one

_OUTERMOST = 0.05  # as when leftovers are attached
_TOO_FEW = 4  # of fewer members nobody can say where the outermost lie
_BLOCK_ROWS = 4096
_TINY = 0.02  # a mean cosine below this is chance


@dataclass(frozen=True)
class Kinds:
    """Sums and sizes of groups of unit rows, from which every mean cosine follows.

    Attributes
    ----------
    sums : (n_groups, dim) float64
    sizes : (n_groups,) int64
    """

    sums: NDArray[np.float64]
    sizes: Indices

    @classmethod
    def of(cls, points: Floats, groups: Indices, n_groups: int) -> "Kinds":
        """The kinds of points in `n_groups` groups numbered from 0; `NOISE` is in none."""
        sizes = np.bincount(groups[groups != NOISE], minlength=n_groups).astype(np.int64)
        return cls(sums(points, groups, n_groups), sizes)

    @property
    def centres(self) -> Floats:
        """(n_groups, dim) float32, unit rows."""
        return unit(self.sums)

    def cohesion(self) -> NDArray[np.float64]:
        """(n_groups,): the mean cosine of two members; 0 for fewer than two."""
        pairs = self.sizes * (self.sizes - 1)
        squares = (self.sums**2).sum(axis=1)
        return np.where(pairs > 0, (squares - self.sizes) / np.maximum(pairs, 1), 0.0)

    def likeness(self) -> NDArray[np.float64]:
        """(n_groups, n_groups): the mean cosine between two groups over that within them.

        1 where two are parts of one kind, however many products they have; the diagonal is 0.
        """
        means = self.sums / np.maximum(self.sizes, 1)[:, None]
        within = np.sqrt(np.maximum(self.cohesion(), _TINY))
        found: NDArray[np.float64] = (means @ means.T) / within[:, None] / within[None, :]
        found[self.sizes < 2] = found[:, self.sizes < 2] = 0.0  # nobody knows how alike its members would be
        np.fill_diagonal(found, 0.0)
        return found

    def nearest(self, points: Floats) -> tuple[Indices, Floats]:
        """The group of the nearest centre, and the cosine to it; `NOISE` and -1 without groups."""
        which = np.full(len(points), NOISE, np.int64)
        sims = np.full(len(points), -1.0, np.float32)
        middle = self.centres
        for start in range(0, len(points) if len(middle) else 0, _BLOCK_ROWS):
            block = points[start : start + _BLOCK_ROWS] @ middle.T
            which[start : start + len(block)] = block.argmax(axis=1)
            sims[start : start + len(block)] = block.max(axis=1)
        return which, sims

    def to_others(self, points: Floats, groups: Indices) -> Floats:
        """(n,): the cosine of each point to the centre of the others of its group; -1 for a point in none."""
        found = np.full(len(points), -1.0, np.float32)
        for start in range(0, len(points), _BLOCK_ROWS):
            rows = np.arange(start, min(start + _BLOCK_ROWS, len(points)))
            rows = rows[groups[rows] != NOISE]
            rest = self.sums[groups[rows]] - points[rows]
            length = np.maximum(np.linalg.norm(rest, axis=1), 1e-6)
            found[rows] = (points[rows] * rest).sum(axis=1) / length
        return found


def fill(points: Floats, groups: Indices, free: Indices) -> Indices:
    """The groups with those of the free products that fit: as near as all but the outermost 5% of members.

    What makes a group of few members is not known well enough: there the outermost of all groups decide.

    Parameters
    ----------
    points : (n, dim) float32, unit rows
    groups : (n,) int64
        `NOISE` for products in no group; of these only the free ones may join.
    free : (n_free,) int64
        Positions.
    """
    n_groups = int(groups.max(initial=NOISE)) + 1
    if not n_groups or not len(free):
        return groups
    kinds = Kinds.of(points, groups, n_groups)
    placed = attach(points, groups).groups
    members = kinds.to_others(points, groups)[groups != NOISE]
    usual = float(np.quantile(members, _OUTERMOST))
    joining = free[(groups[free] == NOISE) & (placed[free] != NOISE)]
    sims = (points[joining] * kinds.centres[placed[joining]]).sum(axis=1)
    joining = joining[(kinds.sizes[placed[joining]] >= _TOO_FEW) | (sims >= usual)]
    filled = groups.copy()
    filled[joining] = placed[joining]
    return filled
