"""The one kind of change: an edit is a value that is applied to a draft and gives what takes it back.

Structure never rewrites products: a retired id leaves a redirect, and reads follow it. That is why a merge
can be undone by `Restore`: the products assigned to the old id are its own again.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.errors import EditError
from taxonomy.node import Node, NodeId
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft

__all__ = [
    "Assign",
    "Create",
    "Edit",
    "Lock",
    "Merge",
    "Move",
    "Part",
    "Rename",
    "Restore",
    "Retire",
    "Split",
    "Unassign",
]


class Edit(ABC):
    """A change to a tree, or to where products stand in it."""

    kind: ClassVar[str]

    @abstractmethod
    def apply(self, draft: Draft) -> "tuple[Edit, ...]":
        """Change the draft and return the edits that take the change back.

        Raises
        ------
        EditError
            The edit would break a rule; the draft must be thrown away then.
        UnknownId
            It names a node that is not live.
        """

    @abstractmethod
    def touches(self) -> tuple[NodeId, ...]:
        """The nodes that the edit reads or changes: two edits that share none are independent."""


@dataclass(frozen=True, slots=True)
class Create(Edit):
    """A new node, last among its siblings unless a position is given."""

    kind: ClassVar[str] = "create"
    node: Node
    position: int | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_fresh(draft, self.node.id)
        rules.require_parent(draft, self.node.parent_id)
        rules.require_name(self.node.name)
        draft.add(self.node, self.position)
        return (Retire(self.node.id, self.node.parent_id),)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node.id, self.node.parent_id)


@dataclass(frozen=True, slots=True)
class Rename(Edit):
    """Another name for the same node."""

    kind: ClassVar[str] = "rename"
    node_id: NodeId
    name: str

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        rules.require_unlocked(draft, self.node_id)
        rules.require_name(self.name)
        before = draft.nodes[self.node_id]
        draft.replace(replace(before, name=self.name))
        return (Rename(self.node_id, before.name),)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


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
        back = Move(self.node_id, draft.nodes[self.node_id].parent_id, draft.position(self.node_id))
        node = draft.remove(self.node_id)
        draft.add(replace(node, parent_id=self.parent_id), self.position)
        return (back,)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id, self.parent_id)


@dataclass(frozen=True, slots=True)
class Lock(Edit):
    """Nobody changes the node until it is unlocked."""

    kind: ClassVar[str] = "lock"
    node_id: NodeId
    locked: bool = True

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        before = draft.nodes[self.node_id]
        draft.replace(replace(before, locked=self.locked))
        return (Lock(self.node_id, before.locked),)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


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
            rules.require_no_cycle(draft, node_id, self.into_id)
            back.append(_dissolve(draft, node_id, self.into_id))
        return tuple(reversed(back))

    def touches(self) -> tuple[NodeId, ...]:
        return (*self.node_ids, self.into_id)


@dataclass(frozen=True, slots=True)
class Retire(Edit):
    """The node goes; its products and children go to another node, its parent unless one is named."""

    kind: ClassVar[str] = "retire"
    node_id: NodeId
    to_id: NodeId | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        to_id = draft.nodes[self.node_id].parent_id if self.to_id is None else self.to_id
        rules.require_parent(draft, to_id)
        rules.require_no_cycle(draft, self.node_id, to_id)
        return (_dissolve(draft, self.node_id, to_id),)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id,) if self.to_id is None else (self.node_id, self.to_id)


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
    they are.
    """

    kind: ClassVar[str] = "split"
    node_id: NodeId
    parts: tuple[Part, ...]
    catalog: str = ""

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
        restore = _dissolve(draft, self.node_id, self.parts[0].node_id)
        part_ids = tuple(part.node_id for part in self.parts)
        draft.redirects[self.node_id] = Redirect(part_ids, self._shares())
        return (restore, Merge(part_ids, self.node_id))

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id, *(part.node_id for part in self.parts))

    def _shares(self) -> tuple[float, ...]:
        # The first part also takes what no part names, so it never has a share of nothing.
        sizes = [len(part.product_ids) + (index == 0) for index, part in enumerate(self.parts)]
        return tuple(size / sum(sizes) for size in sizes)


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
        rules.require_live(draft, *self.child_ids)
        redirect = draft.redirects.pop(self.node.id)
        draft.add(self.node, self.position)
        for child_id in self.child_ids:
            rules.require_no_cycle(draft, child_id, self.node.id)
            draft.add(replace(draft.remove(child_id), parent_id=self.node.id))
        return (Retire(self.node.id, redirect.targets[0]),)

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node.id, self.node.parent_id, *self.child_ids)


@dataclass(frozen=True, slots=True)
class Assign(Edit):
    """Products of a catalogue stand in a node; by a person they stay there whatever a machine says.

    `probabilities` are one per product in 0..1, or none where nobody estimated them. What takes it back
    depends on where the products stood, which the tree does not know: `taxonomy.service.editing` finds it.
    """

    kind: ClassVar[str] = "assign"
    catalog: str
    node_id: NodeId
    product_ids: tuple[ProductId, ...]
    probabilities: tuple[float, ...] = ()

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        return ()

    def touches(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


@dataclass(frozen=True, slots=True)
class Unassign(Edit):
    """Products are no longer held where a person put them; what a machine said counts again."""

    kind: ClassVar[str] = "unassign"
    catalog: str
    product_ids: tuple[ProductId, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return ()

    def touches(self) -> tuple[NodeId, ...]:
        return ()


def _dissolve(draft: Draft, node_id: NodeId, to_id: NodeId) -> Restore:
    """Retire a node in favour of another, which takes its children."""
    rules.require_unlocked(draft, node_id)
    back = Restore(draft.nodes[node_id], draft.position(node_id), draft.children_of(node_id))
    draft.remove(node_id)
    draft.children.pop(node_id, None)
    for child_id in back.child_ids:
        draft.add(replace(draft.nodes[child_id], parent_id=to_id))
    draft.redirects[node_id] = Redirect((to_id,))
    return back
