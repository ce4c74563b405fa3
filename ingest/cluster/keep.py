"""Build again on a tree that people know: its nodes stay unless the products clearly say otherwise.

A fresh clustering of nearly the same products is another clustering, so nothing is clustered afresh as a
whole. Known products stay where they stand. Arrivals join the nearest shelf if they fit, and those that are a
kind of their own become a new one. Only then is each node asked whether it is still one, and two siblings
whether they are still two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.density import NOISE
from ingest.cluster.evidence import divide, is_stable
from ingest.cluster.gaps import gaps
from ingest.cluster.grafting import Plan, graft
from ingest.cluster.kinds import FEW, ONE_KIND, Kinds, fill
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.outcome import Fate, Rebuilt
from ingest.cluster.recognise import recognise
from ingest.cluster.reduce import reduce
from ingest.cluster.shape import Shape
from ingest.cluster.sprouts import Sprout, hang
from ingest.cluster.standing import Standing
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product

__all__ = ["CHURN", "rebuild"]

CHURN = 0.1
"""Part of the nodes, and of the known products, that one rebuild may change: what people can look through."""

_THIN = 0.5  # of the fewest products of a new node: a standing one is not dropped for missing a few


@dataclass(frozen=True)
class _Case:
    """A change that the products speak for: which node, how strongly, how many products it moves."""

    fate: Fate
    node_id: NodeId
    strength: float
    n_moved: int
    reason: str
    into: NodeId | None = None
    parts: tuple[Indices, ...] = field(default=(), repr=False)


def rebuild(
    products: Sequence[Product],
    vectors: Floats,
    *,
    standing: Standing,
    churn: float = CHURN,
    shape: Shape | None = None,
    seed: int = 0,
    attach: bool = False,
    encode: Encode | None = None,
    progress: Progress | None = None,
) -> Rebuilt:
    """The standing tree with what arrived in it, and with the few changes that the products clearly ask for.

    Parameters
    ----------
    products : sequence of Product, ids distinct
        The catalogue as it is now.
    vectors : (n, dim) float32
        One per product.
    standing : Standing
        The tree, and where known products stand in it.
    churn : float
        Part of the nodes, and of the known products, that splits, merges and retirements may concern, 0..1.
        Arrivals, and new nodes of arrivals, change no node and are not counted; at 0 there is nothing else.
    shape : Shape, optional
        Limits for what is new: the depth, and the fewest products of a node.
    attach : bool
        What fits nowhere goes to the deepest node above the leaves that it fits, if there is one.
    seed, encode, progress
        As for `ingest.cluster.build.build`.

    Returns
    -------
    Rebuilt
        Same input, same seed, same machine: the same bytes.

    Raises
    ------
    ValueError
        There is not one vector for each product, or churn is not in 0..1.
    """
    if len(products) != len(vectors):
        raise ValueError(f"{len(products)} products, {len(vectors)} vectors: one of each is needed")
    if not 0 <= churn <= 1:
        raise ValueError(f"churn is {churn}: give a share from 0 to 1")
    shape, progress = shape or Shape(), progress or Silent()
    progress.start("finding what products share")
    points = reduce(vectors, [one.title for one in products], seed=seed)
    state = _State(products, points, standing, shape, np.random.default_rng(seed))
    progress.start("looking for new kinds among arrivals")
    sprouts = state.take_gaps()
    progress.start("asking every shelf whether it is one kind")
    plan = state.plan(sprouts, churn)
    progress.start("naming")
    return graft(products, vectors, points, standing, plan, seed=seed, encode=encode, attach=attach)


class _State:
    """Which shelf each product is on, while that is being found out."""

    def __init__(
        self,
        products: Sequence[Product],
        points: Floats,
        standing: Standing,
        shape: Shape,
        rng: np.random.Generator,
    ) -> None:
        self.points, self.standing, self.tree, self.rng = points, standing, standing.tree, rng
        self.depth, self.least = shape.max_depth, shape.least(len(products))
        places = [standing.place(one.id) for one in products]
        filled = set(places)
        self.at = [at for at in self.tree.descendants() if at in filled]
        number = {at: n for n, at in enumerate(self.at)}
        self.groups = np.array([NOISE if at is None else number[at] for at in places], np.int64)
        self.n_known = np.bincount(self.groups[self.groups != NOISE], minlength=len(self.at))
        self.is_new = np.array([one.id not in standing.places for one in products], bool)

    def take_gaps(self) -> list[Sprout]:
        """Hang what is of a new kind, then let the other arrivals join the shelves that they fit."""
        free = np.flatnonzero(self.groups == NOISE)
        strangers = free[recognise(self.points, self.groups, free) == NOISE]
        kinds = gaps(self.points, self.groups, strangers, self.least)
        taken = np.zeros(len(self.groups), bool)
        for kind in kinds:
            taken[kind] = True
        sprouts = hang(self.tree, self.at, self._shelves(), kinds, self.points, max_depth=self.depth)
        # What was noise fits no better than it did: it may only become part of something new.
        self.groups = fill(self.points, self.groups, np.flatnonzero(self.is_new & ~taken))
        return sprouts

    def plan(self, sprouts: Sequence[Sprout], churn: float) -> Plan:
        """The strongest cases that the budget has room for, no node in two of them."""
        nodes_left = ceil(churn * len(self.tree) - 1e-9)
        products_left = churn * self.n_known.sum() + 1e-9
        places = [None if group == NOISE else self.at[group] for group in self.groups]
        taken: list[_Case] = []
        put_off: dict[NodeId, str] = {}
        touched: set[NodeId] = set()
        for case in sorted(self._cases(), key=lambda one: (-one.strength, one.node_id)):
            if touched & {case.node_id, case.into}:
                continue
            if nodes_left < 1 or case.n_moved > products_left:
                put_off[case.node_id] = case.reason
                continue
            nodes_left, products_left = nodes_left - 1, products_left - case.n_moved
            touched |= {one for one in (case.node_id, case.into) if one is not None}
            taken.append(case)
        return Plan(
            places,
            sprouts,
            {one.node_id: one.parts for one in taken if one.fate is Fate.SPLIT},
            {one.node_id: one.into for one in taken if one.fate is Fate.MERGE and one.into},
            [one.node_id for one in taken if one.fate is Fate.RETIRE],
            {one.node_id: one.reason for one in taken},
            put_off,
        )

    def _cases(self) -> Iterator[_Case]:
        yield from self._emptied()
        shelves = self._shelves()
        likeness = shelves.likeness()
        free = [not self.standing.is_held(at) and self.tree.is_leaf(at) for at in self.at]
        for shelf in np.flatnonzero(free):
            if (case := self._thin(int(shelf), likeness)) is not None:
                yield case
        yield from self._alike(likeness, shelves.sizes, free)
        usual = float(np.median(likeness.max(axis=1))) if len(self.at) > 2 else 0.0
        for shelf in np.flatnonzero(free):
            if (case := self._two_kinds(int(shelf), usual)) is not None:
                yield case

    def _emptied(self) -> Iterator[_Case]:
        """Nodes that had products, at or below them, and have none; those below before those above."""
        filled = {above for at in self.at for above in self.tree.lineage(at)}
        had = {above for at in self.standing.before if at in self.tree for above in self.tree.lineage(at)}
        stays: set[NodeId] = set()
        order = list(self.tree.descendants())
        for rank, at in enumerate(reversed(order)):
            if at in filled or at not in had or at in stays or self.standing.is_held(at):
                stays.update(self.tree.ancestors(at))
                continue
            reason = "none of the products that it had is there any more"
            yield _Case(Fate.RETIRE, at, 3.0 - rank / len(order), 0, reason)

    def _thin(self, shelf: int, likeness: NDArray[np.float64]) -> _Case | None:
        """A shelf that lost products until fewer were left than make one."""
        at, left = self.at[shelf], int((self.groups == shelf).sum())
        had = self.standing.before.get(at, 0)
        if left >= self.least * _THIN or self.n_known[shelf] >= had:
            return None
        beside = [n for n, one in enumerate(self.at) if n != shelf and self._are_siblings(one, at)]
        reason = f"{left} products are left of {had}, and {self.least} make a category"
        moved = int(self.n_known[shelf])
        if not beside:
            return _Case(Fate.RETIRE, at, 1.5, moved, reason)
        into = max(beside, key=lambda n: (likeness[shelf, n], -n))
        return _Case(Fate.MERGE, at, 1.5, moved, f"{reason}; the likest beside it takes them", self.at[into])

    def _alike(self, likeness: NDArray[np.float64], sizes: Indices, free: Sequence[bool]) -> Iterator[_Case]:
        """Siblings that are one kind: the smaller goes into the larger, unless people hold it."""
        for a, b in np.argwhere(np.triu(likeness >= ONE_KIND)):
            one, other = (int(a), int(b)) if sizes[a] < sizes[b] else (int(b), int(a))
            if not free[one]:
                one, other = other, one
            enough = min(sizes[a], sizes[b]) >= FEW
            if free[one] and enough and self._are_siblings(self.at[one], self.at[other]):
                reason = (
                    f"its products are as like those of {self.tree.label(self.at[other])!r} as one another"
                    f" ({likeness[a, b]:.2f}, 1 is one kind)"
                )
                moved = int(self.n_known[one])
                yield _Case(Fate.MERGE, self.at[one], float(likeness[a, b]), moved, reason, self.at[other])

    def _two_kinds(self, shelf: int, usual: float) -> _Case | None:
        members = np.flatnonzero(self.groups == shelf)
        found = divide(self.points, members, self.least, self.rng)
        if found is None or found.likeness > usual or not is_stable(self.points, found, self.least, self.rng):
            return None
        sizes = " and ".join(str(len(part)) for part in found.parts)
        reason = (
            f"it holds two kinds, of {sizes} products, that are as unlike as categories side by side"
            f" ({found.likeness:.2f}; usual are {usual:.2f})"
        )
        moved = int(self.n_known[shelf])
        return _Case(Fate.SPLIT, self.at[shelf], 1 - found.likeness, moved, reason, parts=found.parts)

    def _are_siblings(self, one: NodeId, other: NodeId) -> bool:
        same = self.tree.nodes[one].parent_id == self.tree.nodes[other].parent_id
        return same and self.tree.is_leaf(one) and self.tree.is_leaf(other)

    def _shelves(self) -> Kinds:
        return Kinds.of(self.points, self.groups, len(self.at))
