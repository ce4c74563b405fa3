"""The new tree out of the standing one: what a plan says, as edits, a tree and a place for each product."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.build import Built, attach_noise
from ingest.cluster.density import NOISE
from ingest.cluster.fit import measure
from ingest.cluster.leftovers import attach, sums
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.name import Named
from ingest.cluster.outcome import Fate, Outcome, Rebuilt
from ingest.cluster.quality import judge
from ingest.cluster.reduce import unit
from ingest.cluster.sprouts import Sprout, name_sprouts
from ingest.cluster.stages import fingerprint
from ingest.cluster.standing import Standing
from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Merge, Part, Retire, Split
from taxonomy.formats.tree_json import Evidence, Membership
from taxonomy.node import ROOT_ID, Node, NodeId, seeded_ids
from taxonomy.ports import Floats
from taxonomy.product import Product, Source
from taxonomy.tree import Tree

__all__ = ["Plan", "graft"]

_EXAMPLES = 5


@dataclass(frozen=True)
class Plan:
    """What is to become of a standing tree.

    Attributes
    ----------
    places : sequence, one per product, of NodeId or None
        The standing node of each product; of those in a sprout, whatever.
    sprouts : sequence of Sprout
        New nodes with their products.
    splits : mapping of NodeId to sequence of (n_members,) int64
        Positions of the products of each part.
    merges : mapping of NodeId to NodeId
    retired : sequence of NodeId
        Nodes that go to their parents, those below before those above.
    reasons, put_off : mapping of NodeId to str
        The evidence for what becomes of a node, and for what would have.
    """

    places: Sequence[NodeId | None]
    sprouts: Sequence[Sprout] = ()
    splits: Mapping[NodeId, Sequence[Indices]] = field(default_factory=dict)
    merges: Mapping[NodeId, NodeId] = field(default_factory=dict)
    retired: Sequence[NodeId] = ()
    reasons: Mapping[NodeId, str] = field(default_factory=dict)
    put_off: Mapping[NodeId, str] = field(default_factory=dict)


def graft(
    products: Sequence[Product],
    vectors: Floats,
    points: Floats,
    standing: Standing,
    plan: Plan,
    *,
    seed: int,
    encode: Encode | None,
    attach: bool = False,
) -> Rebuilt:
    """The tree that a plan makes of the standing one, filled, named and explained.

    With `attach`, what stands nowhere goes to the deepest node above the leaves that it fits, if any.
    """
    return _Graft(products, unit(vectors), points, standing, plan, seed, encode, attach).rebuilt()


@dataclass
class _Graft:
    products: Sequence[Product]
    vectors: Floats
    points: Floats
    standing: Standing
    plan: Plan
    seed: int
    encode: Encode | None
    attach: bool
    structure: list[Edit] = field(default_factory=list)
    evidence: dict[NodeId, Evidence] = field(default_factory=dict)
    reasons: dict[NodeId, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.node_of: list[NodeId | None] = list(self.plan.places)
        key = fingerprint(self.vectors, [one.id for one in self.products], self.standing.tree.digest())
        self.draw = seeded_ids(f"{key} {self.seed}")

    def rebuilt(self) -> Rebuilt:
        before = self.standing.tree
        self._sprout()
        self.structure += [Merge((at,), into) for at, into in self.plan.merges.items()]
        self.structure += [Retire(at) for at in self.plan.retired]
        tree = apply(before, self.structure, Source.BUILD).tree if self.structure else before
        self.node_of = [None if at is None else tree.resolve(at) for at in self.node_of]
        built = self._built(tree)
        if self.attach:
            built = attach_noise(built, self.vectors)
            self.node_of = [at.node_id for at in built.memberships.values()]
        moved = frozenset(
            one.id
            for one, at in zip(self.products, self.node_of, strict=True)
            if at is not None and self._was(one, tree) != at
        )
        return Rebuilt(built, tuple(self.structure), tuple(self._outcomes(tree)), moved)

    def _was(self, product: Product, tree: Tree) -> NodeId | None:
        held = self.standing.place(product.id)
        return None if held is None else tree.resolve(held)

    def _sprout(self) -> None:
        """Create what is new and split what is two, with names that are chosen together."""
        tree, plan = self.standing.tree, self.plan
        parts = [
            (at, Sprout(tree.nodes[at].parent_id, members))
            for at, kinds in plan.splits.items()
            for members in kinds
        ]
        sprouts = [*plan.sprouts, *(part for _, part in parts)]
        named = iter(name_sprouts(tree, sprouts, self._staying(), self.products, self.vectors, self.encode))
        for sprout in plan.sprouts:
            node_id = self._create(sprout, sprout.parent_id, next(named))
            for child in sprout.children:
                self._create(child, node_id, next(named))
        made: dict[NodeId, list[Part]] = {}
        for at, part in parts:
            node_id, said = self._told(part, next(named))
            ids = tuple(self.products[one].id for one in part.members)
            made.setdefault(at, []).append(Part(node_id, said.name, ids))
        self.structure += [Split(at, tuple(some)) for at, some in made.items()]

    def _create(self, sprout: Sprout, parent_id: NodeId, named: Named) -> NodeId:
        node_id, said = self._told(sprout, named)
        self.structure.append(Create(Node(node_id, said.name, parent_id)))
        return node_id

    def _told(self, sprout: Sprout, named: Named) -> tuple[NodeId, Named]:
        """An id for a new node, and its products in it."""
        node_id = self.draw()
        for one in () if sprout.children else sprout.members:
            self.node_of[one] = node_id
        centre = unit(self.points[sprout.members].sum(axis=0, keepdims=True))[0]
        order = np.argsort(-(self.points[sprout.members] @ centre), kind="stable")[:_EXAMPLES]
        examples = tuple(self.products[one].id for one in sprout.members[order])
        self.evidence[node_id] = Evidence(named.phrases, named.alternatives, examples)
        return node_id, named

    def _staying(self) -> dict[NodeId, Indices]:
        """The products at or below each node that does not go."""
        new = {int(one) for sprout in self.plan.sprouts for one in sprout.members}
        gone = {*self.plan.splits, *self.plan.merges, *self.plan.retired}
        below: dict[NodeId, list[int]] = {}
        for one, at in enumerate(self.plan.places):
            if at is not None and one not in new:
                for above in self.standing.tree.lineage(self.plan.merges.get(at, at)):
                    below.setdefault(above, []).append(one)
        return {at: np.array(held, np.int64) for at, held in below.items() if at not in gone}

    def _built(self, tree: Tree) -> Built:
        at = list(dict.fromkeys(one for one in self.node_of if one is not None))
        place = {node_id: number for number, node_id in enumerate(at)}
        groups = np.array([NOISE if one is None else place[one] for one in self.node_of], np.int64)
        typical = attach(self.points, groups).membership if len(at) else np.zeros(len(groups))
        memberships = {
            one.id: Membership(node_id, round(float(share), 4) if node_id else 0.0)
            for one, node_id, share in zip(self.products, self.node_of, typical, strict=True)
        }
        held = {**self.standing.evidence, **self.evidence}
        evidence = {node_id: held[node_id] for node_id in tree.descendants() if node_id in held}
        centres = self._centroids(tree, groups, at)
        fits, nowhere = measure(tree, self.node_of, self.vectors, centres)
        fits = {node_id: fit for node_id, fit in self.standing.fits.items() if node_id in tree} | fits
        quality = judge(self.vectors, groups)
        return Built(tree, memberships, centres, evidence, quality, fits=fits, nowhere=nowhere)

    def _centroids(self, tree: Tree, groups: Indices, at: Sequence[NodeId]) -> dict[NodeId, Floats]:
        below: dict[NodeId, NDArray[np.float64]] = {}
        for node_id, row in zip(at, sums(self.vectors, groups, len(at)), strict=True):
            for above in tree.lineage(node_id):
                below[above] = below[above] + row if above in below else row
        known = {node_id: unit(row[None])[0] for node_id, row in below.items()}
        known = {**self.standing.centroids, **known}
        return {node_id: known[node_id] for node_id in tree.descendants() if node_id in known}

    def _outcomes(self, tree: Tree) -> list[Outcome]:
        was = [self.standing.place(one.id) for one in self.products]
        before, after = Counter(was), Counter(self.node_of)
        stayed = Counter(at for at, old in zip(self.node_of, was, strict=True) if at == old)
        said = []
        for at in tree.descendants():
            fate, reason = self._fate(at, after[at] - stayed[at], after[at])
            put_off = at in self.plan.put_off
            reason = f"{reason}; put off: {self.plan.put_off[at]}" if put_off else reason
            said.append(Outcome(at, fate, tree.label(at), reason, before[at], after[at], (), put_off))
        old = self.standing.tree
        gone = (at for at in old.descendants() if at not in tree)
        return said + [self._end(tree, at, before[at]) for at in gone]

    def _fate(self, at: NodeId, n_came: int, n_after: int) -> tuple[Fate, str]:
        if at in self.standing.tree:
            return (
                (Fate.GROW, f"{n_came} product{'s' * (n_came > 1)} came to it")
                if n_came
                else (Fate.KEEP, "it stays as it is")
            )
        if any(
            isinstance(one, Split) and at in {part.node_id for part in one.parts} for one in self.structure
        ):
            return Fate.NEW, f"{n_after} products, a part of what was split"
        return Fate.NEW, f"{n_after} products that are more like each other than like any category there is"

    def _end(self, tree: Tree, at: NodeId, n_before: int) -> Outcome:
        into = tuple(one for one in tree.successors(at) if one != ROOT_ID)
        fate = Fate.SPLIT if at in self.plan.splits else Fate.MERGE if at in self.plan.merges else Fate.RETIRE
        path = self.standing.tree.label(at)
        return Outcome(at, fate, path, self.plan.reasons.get(at, ""), n_before, 0, into)
