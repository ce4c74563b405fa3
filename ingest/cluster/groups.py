"""Groups of like products in a catalogue of any size.

Joining n points costs n squared, so of a large catalogue a random sample makes the groups and the rest goes
to the nearest. Two things are then put right with all products at hand: a group in which the whole catalogue
shows several kinds is divided, by the rule that divided the sample, and what fits no group, kinds too rare
for the sample among it, is grouped on its own. Each looks at a bounded number of products at once: time grows
with n, memory with the points.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.cluster.density import NOISE, dense_groups, divide, expand, grain
from ingest.cluster.leftovers import Placed, attach, dissolve, means
from ingest.cluster.linkage import Indices, Linkage, Merges
from ingest.cluster.reduce import deduplicate, sample
from ingest.cluster.shape import Shape
from ingest.cluster.stages import Stages
from taxonomy.ports import Floats, Progress

__all__ = ["Grouping"]

MOST_JOINED = 20_000
"""Products that are joined pair by pair: 5 seconds of processor time on titles of two catalogues."""

MOST_DIVIDED = 4_000
"""Products of one group that are joined when it is looked at again."""

_ROUNDS = 3  # rare kinds are looked for among what fits nowhere, and again among what is left then


@dataclass(frozen=True)
class Grouping:
    """How groups are found.

    Attributes
    ----------
    shape : Shape
        Of it, the fewest products of a group.
    seed : int
        Of the samples.
    linkage : Linkage
    kept : Stages
        Where the tree over the sample and the groups are kept.
    progress : Progress
    """

    shape: Shape
    seed: int
    linkage: Linkage
    kept: Stages
    progress: Progress

    def find(self, points: Floats) -> Placed:
        """The group of every product that fits one.

        Parameters
        ----------
        points : (n, dim) float32, unit rows
        """
        least = self.shape.least(len(points))
        groups = self.kept.array(f"groups-{least}", lambda: self._groups(points, least)).astype(np.int64)
        self.progress.start("attaching what is left")
        return attach(points, groups)

    def with_leftovers(self, points: Floats, placed: Placed) -> Placed:
        """With groups, numbered after the others, of what fits nowhere, found as if that were a catalogue."""
        left = np.flatnonzero(placed.groups == NOISE)
        self.progress.start("grouping what fits nowhere", len(left))
        found = self._dense(points[left], self.shape.least(len(left)))
        groups = placed.groups.copy()
        groups[left] = np.where(found == NOISE, NOISE, found + groups.max(initial=NOISE) + 1)
        return attach(points, groups)

    def _groups(self, points: Floats, least: int) -> Indices:
        chosen = sample(len(points), MOST_JOINED, self.seed)
        merges = self.kept.array("merges", lambda: self._joined(points[chosen])).astype(np.float64)
        self.progress.start("finding dense groups")
        groups = np.full(len(points), NOISE, np.int64)
        fewest = _fewest(least, len(chosen), len(points))
        tree = expand(merges, deduplicate(points[chosen]))
        size = grain(tree, n=len(chosen))
        groups[chosen] = dense_groups(tree, n=len(chosen), min_size=fewest, grain=size)
        groups = dissolve(points, groups)
        if len(chosen) == len(points):
            return groups
        groups = self._divided(points, attach(points, groups).groups, least, size)
        groups = self._with_rare(points, attach(points, groups).groups, least)
        return dissolve(points, groups, least=least)

    def _joined(self, points: Floats) -> Merges:
        distinct = deduplicate(points)
        return self.linkage(distinct.vectors, distinct.weights, progress=self.progress)

    def _divided(self, points: Floats, groups: Indices, least: int, size: float) -> Indices:
        """Each group as it is, or its parts where all its products show that it has several."""
        middle = means(points, groups)
        alike = middle @ middle.T
        np.fill_diagonal(alike, -1.0)
        self.progress.start("dividing groups", len(middle))
        divided, n_groups = groups.copy(), 0
        for members, nearest in zip(_members(groups), alike.max(axis=1, initial=-1.0), strict=True):
            parts = self._parts(points[members], least, size, 1.0 - float(nearest))
            divided[members] = np.where(parts == NOISE, NOISE, parts + n_groups)
            n_groups += int(parts.max()) + 1
            self.progress.advance()
        return divided

    def _parts(self, points: Floats, least: int, size: float, apart: float) -> Indices:
        """Of one group; all 0 for one that stays whole. `NOISE` where a part is to be found by attaching."""
        chosen = sample(len(points), MOST_DIVIDED, self.seed)
        fewest = _fewest(least, len(chosen), len(points))
        if len(chosen) < 2 * fewest:
            return np.zeros(len(points), np.int64)
        distinct = deduplicate(points[chosen])
        tree = expand(self.linkage(distinct.vectors, distinct.weights), distinct)
        found = divide(tree, n=len(chosen), min_size=fewest, grain=size, apart=apart)
        if found.max() < 1:
            return np.zeros(len(points), np.int64)
        parts = np.full(len(points), NOISE, np.int64)
        parts[chosen] = found
        return parts

    def _with_rare(self, points: Floats, groups: Indices, least: int) -> Indices:
        """The groups, and those among what is in none."""
        self.progress.start("looking for rare kinds")
        for _ in range(_ROUNDS):
            left = np.flatnonzero(groups == NOISE)
            found = self._dense(points[left], least)
            if found.max(initial=NOISE) == NOISE:
                break
            groups[left] = np.where(found == NOISE, NOISE, found + groups.max(initial=NOISE) + 1)
            groups = attach(points, groups).groups
        return groups

    def _dense(self, points: Floats, least: int) -> Indices:
        """Groups of a sample of the points that hold together; none is made of what merely is left."""
        groups = np.full(len(points), NOISE, np.int64)
        chosen = sample(len(points), MOST_JOINED, self.seed)
        if len(chosen) < least:
            return groups
        distinct = deduplicate(points[chosen])
        tree = expand(self.linkage(distinct.vectors, distinct.weights), distinct)
        fewest = _fewest(least, len(chosen), len(points))
        size = grain(tree, n=len(chosen))
        groups[chosen] = dense_groups(tree, n=len(chosen), min_size=fewest, grain=size)
        return dissolve(points, groups, spare_last=False)


def _fewest(least: int, n_chosen: int, n: int) -> int:
    """What `least` of n products are in a sample, but no fewer than are a leaf in a catalogue of its size."""
    return least if n_chosen == n else max(Shape().least(n_chosen), round(least * n_chosen / n))


def _members(groups: Indices) -> list[Indices]:
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(int(groups.max(initial=NOISE)) + 2))
    return [order[a:b] for a, b in pairwise(bounds)]
