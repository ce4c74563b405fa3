"""Edits of which nodes there are and where they stand."""

from dataclasses import dataclass, replace
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.edits.edit import WHOLE, Edit, Touch, products
from taxonomy.errors import EditError
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect, resolve, successors
from taxonomy.tree import Draft

__all__ = ["Create", "Merge", "Move", "Part", "Reorder", "Restore", "Retire", "Split"]


@dataclass(frozen=True, slots=True)
class Create(Edit):
    """A new node, last among its siblings unless a position is given."""

    kind: ClassVar[str] = "create"
    node: Node
    position: int | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_fresh(draft, self.node.id)
        rules.require_parent(draft, self.node.parent_id)
        rules.require_node(draft, self.node)
        rules.require_depth(draft, self.node.id, self.node.parent_id)
        draft.add(_sorted(self.node), self.position)
        return (Retire(self.node.id, self.node.parent_id),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node.id, WHOLE), (self.node.parent_id, f"child {self.node.id}"))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node.parent_id,)


@dataclass(frozen=True, slots=True)
class Move(Edit):
    """The node and all below it go under another parent, or to another place under the same."""

    kind: ClassVar[str] = "move"
    node_id: NodeId
    parent_id: NodeId
    position: int | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        rules.require_unlocked(draft, self.node_id)
        rules.require_parent(draft, self.parent_id)
        rules.require_no_cycle(draft, self.node_id, self.parent_id)
        rules.require_depth(draft, self.node_id, self.parent_id)
        back = Move(self.node_id, draft.nodes[self.node_id].parent_id, draft.position(self.node_id))
        node = draft.remove(self.node_id)
        draft.add(replace(node, parent_id=self.parent_id), self.position)
        return (back,)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "place"), (self.parent_id, f"child {self.node_id}"))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id, self.parent_id)


@dataclass(frozen=True, slots=True)
class Reorder(Edit):
    """The children of a node stand in this order; those not named stay behind them as they are."""

    kind: ClassVar[str] = "reorder"
    parent_id: NodeId
    child_ids: tuple[NodeId, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_parent(draft, self.parent_id)
        before = draft.children_of(self.parent_id)
        rules.require_children(draft, self.parent_id, self.child_ids)
        rest = (at for at in before if at not in set(self.child_ids))
        draft.arrange(self.parent_id, (*self.child_ids, *rest))
        return (Reorder(self.parent_id, before),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.parent_id, "order"), *((at, "place") for at in self.child_ids))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.parent_id, *self.child_ids)


@dataclass(frozen=True, slots=True)
class Merge(Edit):
    """The products and children of some nodes go to another node, and so do their ids."""

    kind: ClassVar[str] = "merge"
    node_ids: tuple[NodeId, ...]
    into_id: NodeId

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.into_id, *self.node_ids)
        back: list[Edit] = []
        for node_id in self.node_ids:
            rules.require_live(draft, node_id)  # named twice, it is gone by now
            rules.require_no_cycle(draft, node_id, self.into_id)
            back.append(_dissolve(draft, node_id, Redirect((self.into_id,))))
        return tuple(reversed(back))

    def writes(self) -> tuple[Touch, ...]:
        came = ((self.into_id, f"child {at}") for at in self.node_ids)
        return (*((at, WHOLE) for at in self.node_ids), *came)

    def needs(self) -> tuple[NodeId, ...]:
        return (*self.node_ids, self.into_id)


@dataclass(frozen=True, slots=True)
class Retire(Edit):
    """The node goes; its products and children go to another node, its parent unless one is named.

    `others` take a share of the products beside `to_id`, as after a split: `shares` are then one for each,
    `to_id` first.
    """

    kind: ClassVar[str] = "retire"
    node_id: NodeId
    to_id: NodeId | None = None
    others: tuple[NodeId, ...] = ()
    shares: tuple[float, ...] = (1.0,)

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id, *self.others)
        rules.require_gone(self.node_id, self.others)
        to_id = draft.nodes[self.node_id].parent_id if self.to_id is None else self.to_id
        rules.require_parent(draft, to_id)
        rules.require_no_cycle(draft, self.node_id, to_id)
        rules.require_shares(self.node_id, (to_id, *self.others), self.shares)
        return (_dissolve(draft, self.node_id, Redirect((to_id, *self.others), self.shares)),)

    def writes(self) -> tuple[Touch, ...]:
        came = () if self.to_id is None else ((self.to_id, f"child {self.node_id}"),)
        return ((self.node_id, WHOLE), *came)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id, *(() if self.to_id is None else (self.to_id,)), *self.others)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the nodes that a node is split into, and the products named for it."""

    node_id: NodeId
    name: str
    product_ids: tuple[ProductId, ...] = ()


@dataclass(frozen=True, slots=True)
class Split(Edit):
    """The node is replaced, where it stands, by two or more parts.

    Products that no part names, and the children, go to the first part. `catalog` says whose products
    they are; `n_rest` how many no part names, for the shares that searches and links are led by.
    """

    kind: ClassVar[str] = "split"
    node_id: NodeId
    parts: tuple[Part, ...]
    catalog: str = ""
    n_rest: int = 0

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        if len(self.parts) < 2:
            raise EditError(
                "a split needs at least two parts: name another one, or rename the node", [self.node_id]
            )
        parent_id, position = draft.nodes[self.node_id].parent_id, draft.position(self.node_id)
        for offset, part in enumerate(self.parts):
            rules.require_fresh(draft, part.node_id)
            rules.require_name(part.name)
            draft.add(Node(part.node_id, part.name, parent_id), position + 1 + offset)
        part_ids = tuple(part.node_id for part in self.parts)
        rules.require_shares(self.node_id, part_ids, self._shares())
        restore = _dissolve(draft, self.node_id, Redirect(part_ids, self._shares()))
        return (restore, Merge(part_ids, self.node_id))

    def writes(self) -> tuple[Touch, ...]:
        parts = ((part.node_id, WHOLE) for part in self.parts)
        named = (at for part in self.parts for at in part.product_ids)
        return ((self.node_id, WHOLE), *parts, *products(self.catalog, named))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)

    def _shares(self) -> tuple[float, ...]:
        sizes = [
            len(part.product_ids) + (self.n_rest if at == 0 else 0) for at, part in enumerate(self.parts)
        ]
        total = sum(sizes)
        if not total:  # nobody said how many: the first takes all
            return (1.0, *(0.0 for _ in self.parts[1:]))
        return tuple(size / total for size in sizes)


@dataclass(frozen=True, slots=True)
class Restore(Edit):
    """A retired node comes back with its own id and these children: the way back from merge and retire."""

    kind: ClassVar[str] = "restore"
    node: Node
    position: int
    child_ids: tuple[NodeId, ...] = ()

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        if self.node.id not in draft.redirects:
            raise EditError(f"{self.node.name!r} is not retired and cannot be restored", [self.node.id])
        rules.require_parent(draft, self.node.parent_id)
        rules.require_node(draft, self.node)
        rules.require_live(draft, *self.child_ids)
        rules.require_unlocked(draft, *self.child_ids)
        rules.require_depth(draft, self.node.id, self.node.parent_id)
        way = _live_way(draft, self.node.id)
        draft.redirect(self.node.id, None)
        draft.add(self.node, self.position)
        for child_id in self.child_ids:
            rules.require_no_cycle(draft, child_id, self.node.id)
            rules.require_depth(draft, child_id, self.node.id)
            draft.add(replace(draft.remove(child_id), parent_id=self.node.id))
        return (Retire(self.node.id, way.targets[0], way.targets[1:], way.shares),)

    def writes(self) -> tuple[Touch, ...]:
        came = (self.node.parent_id, f"child {self.node.id}")
        return ((self.node.id, WHOLE), came, *((at, "place") for at in self.child_ids))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node.parent_id, *self.child_ids)


def _sorted(node: Node) -> Node:
    """The node as the edits of its fields leave it: a tree's digest must not depend on how it came about."""
    return replace(
        node,
        labels=tuple(sorted(set(node.labels))),
        relations=tuple(sorted(set(node.relations))),
        restrictions=tuple(sorted(set(node.restrictions))),
        crosswalk=tuple(sorted(set(node.crosswalk))),
    )


def _live_way(draft: Draft, node_id: NodeId) -> Redirect:
    """Where a retired id leads by now, with the one that has its children first."""
    first = resolve(draft.redirects, node_id)
    shares = successors(draft.redirects, node_id)
    others = tuple(at for at in shares if at not in (first, ROOT_ID))
    parts = tuple(shares[at] for at in others)
    return Redirect((first, *others), (1 - sum(parts), *parts) if parts else (1.0,))


def _dissolve(draft: Draft, node_id: NodeId, way: Redirect) -> Restore:
    """Retire a node in favour of others, of which the first takes its children."""
    rules.require_unlocked(draft, node_id, *draft.children_of(node_id))
    to_id = way.targets[0]
    back = Restore(draft.nodes[node_id], draft.position(node_id), draft.children_of(node_id))
    for child_id in back.child_ids:
        rules.require_depth(draft, child_id, to_id)
    draft.remove(node_id)
    for child_id in back.child_ids:
        draft.add(replace(draft.nodes[child_id], parent_id=to_id))
    draft.arrange(node_id, ())
    draft.redirect(node_id, way)
    return back
