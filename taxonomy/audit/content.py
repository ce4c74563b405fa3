"""What products say about the nodes that they stand in: siblings that overlap, nodes that mix kinds."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from taxonomy.audit.clusters import Labels, centroid, centroids, cluster, names_of_groups
from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import Group, merge, split
from taxonomy.audit.shelves import Shelves
from taxonomy.node import NodeId
from taxonomy.ports import Floats

__all__ = ["Content", "parts_of"]

_SAMPLE = 200  # products of a node: its mean direction hardly moves with more
_NEIGHBOURS = 5  # siblings that a node is compared with, the nearest by mean direction
_PAIRS = 20_000  # of siblings; a share needs no more
_PARTS = 4  # at most, of a mixed node: people look at each
_SMALLEST = 0.15  # of a mixed node's products: a smaller part is a stray


class Content:
    """Nodes with enough products to be judged by them.

    Parameters
    ----------
    shelves : Shelves
    limits : Limits
    skipped : collection of NodeId
        Nodes with a finding of their own already; they are compared with nothing.
    """

    def __init__(self, shelves: Shelves, limits: Limits, skipped: Collection[NodeId] = ()) -> None:
        self.shelves, self.tree, self.limits = shelves, shelves.tree, limits
        below = shelves.below
        self.known = [
            at
            for at in shelves.tree.descendants()
            if at not in skipped and len(below.get(at, ())) >= limits.min_products
        ]
        self.is_known = frozenset(self.known)
        self._centres: dict[NodeId, Floats] = {}
        self._cosines = self._sibling_cosines()

    def overlaps(self) -> Iterator[Finding]:
        """Pairs of siblings whose products are hard to tell apart; the smaller would go into the other."""
        for family in self._families():
            for one, other in self._near(family):
                if (share := self.confusion(one, other)) >= self.limits.overlap:
                    yield self._overlap(one, other, share)

    def mixed(self, catalog: str) -> Iterator[Finding]:
        """Leaves whose products fall into groups that lie farther apart than siblings do."""
        for at in self.known:
            own = self.shelves.own.get(at, ())
            if not self.tree.is_leaf(at) or len(own) < 2 * self.limits.min_products:
                continue
            vectors = self.shelves.vectors[np.asarray(own)]
            for k in range(_PARTS, 1, -1):
                groups = cluster(vectors, k)
                apart = self._apart(vectors, groups, k)
                if apart >= self.limits.mixed:
                    yield self._mixed(at, own, groups, apart, catalog)
                    break

    def confusion(self, one: NodeId, other: NodeId) -> float:
        """Share of two nodes' products that are nearer to the other node's mean: 0.5 is pure chance.

        Each product is left out of its own node's mean, and both nodes count the same.
        """
        a, b = self._vectors(one), self._vectors(other)
        return (_strays(a, b) + _strays(b, a)) / 2

    def centre(self, at: NodeId) -> Floats:
        """The mean direction of a node's products."""
        if at not in self._centres:
            self._centres[at] = centroid(self._vectors(at))
        return self._centres[at]

    def _vectors(self, at: NodeId) -> Floats:
        rows = np.asarray(self.shelves.sample(self.shelves.below[at], _SAMPLE))
        return np.asarray(self.shelves.vectors[rows])

    def _families(self) -> Iterator[list[NodeId]]:
        families: dict[NodeId, list[NodeId]] = defaultdict(list)
        for at in self.known:
            families[self.tree.nodes[at].parent_id].append(at)
        return (family for family in families.values() if len(family) > 1)

    def _near(self, family: Sequence[NodeId]) -> list[tuple[NodeId, NodeId]]:
        """Each of the siblings with those nearest to it, every pair once."""
        centres = np.stack([self.centre(at) for at in family])
        pairs = set()
        for row, centre in enumerate(centres):
            cosines = centres @ centre
            cosines[row] = -np.inf
            for near in np.argsort(-cosines, kind="stable")[: min(_NEIGHBOURS, len(family) - 1)]:
                pairs.add((min(row, int(near)), max(row, int(near))))
        return [(family[a], family[b]) for a, b in sorted(pairs)]

    def _sibling_cosines(self) -> Floats:
        """How near siblings' means are to each other, sorted: (n_pairs,) float32."""
        found: list[Floats] = []
        for family in self._families():
            centres = np.stack([self.centre(at) for at in family])
            found.append((centres @ centres.T)[np.triu_indices(len(family), 1)])
            if sum(map(len, found)) > _PAIRS:
                break
        return np.sort(np.concatenate(found)) if found else np.zeros(0, np.float32)

    def _apart(self, vectors: Floats, groups: Labels, k: int) -> float:
        """Share of the tree's siblings that are nearer to each other than any two of the groups are."""
        if np.bincount(groups, minlength=k).min() < _SMALLEST * len(groups) or not len(self._cosines):
            return 0.0
        centres = centroids(vectors, groups, k)
        nearest = (centres @ centres.T)[np.triu_indices(k, 1)].max()
        return 1 - float(np.searchsorted(self._cosines, nearest)) / len(self._cosines)

    def _overlap(self, one: NodeId, other: NodeId, share: float) -> Finding:
        small, large = sorted((one, other), key=lambda at: self.shelves.sizes[at])
        name = self.tree.nodes[large].name
        why = f"{share:.0%} of its products and of those of {name!r} are more like the other's"
        shelf = [index for at in (small, large) for index in self.shelves.below[at][:2]]
        evidence = Evidence(figures=(("confused", share),), products=self.shelves.examples(shelf, 4))
        edits = merge(self.tree, small, large)
        return Finding(Kind.OVERLAP, (small, large), min(1.0, 2 * share), why, evidence, edits)

    def _mixed(self, at: NodeId, own: Sequence[int], groups: Labels, apart: float, catalog: str) -> Finding:
        parts, names = parts_of(self.shelves, own, groups)
        n_rest = self.shelves.counts.get(at, 0) - len(own)
        why = f"it holds {len(parts)} kinds of products that differ more than {apart:.0%} of siblings do"
        shelf = [own[int(np.flatnonzero(groups == group)[0])] for group in np.unique(groups)]
        evidence = Evidence(names, (("apart", apart),), self.shelves.examples(shelf, _PARTS))
        return Finding(Kind.MIXED, (at,), apart, why, evidence, split(self.tree, at, parts, catalog, n_rest))


def parts_of(shelves: Shelves, own: Sequence[int], groups: Labels) -> tuple[list[Group], tuple[str, ...]]:
    """Groups of products with a name for each, the largest first."""
    rows = sorted((np.flatnonzero(groups == group) for group in np.unique(groups)), key=len, reverse=True)
    members = [[shelves.products[own[int(row)]] for row in one] for one in rows]
    names = names_of_groups([[one.title for one in group] for group in members])
    found = zip(names, members, strict=True)
    return [Group(name, tuple(one.id for one in group)) for name, group in found], names


def _strays(own: Floats, other: Floats) -> float:
    """Share of rows nearer to the mean of the others than to that of their own without themselves."""
    rest = own.sum(axis=0) - own
    to_own = (rest * own).sum(axis=1) / np.maximum(np.linalg.norm(rest, axis=1), 1e-12)
    return float(np.mean(own @ centroid(other) >= to_own))
