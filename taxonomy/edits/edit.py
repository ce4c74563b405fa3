"""What every edit is, and when two of them clash."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.node import Node, NodeId
from taxonomy.product import ProductId
from taxonomy.tree import Draft

__all__ = ["WHOLE", "Edit", "OfOneNode", "Touch", "clash", "products"]

Touch = tuple[str, str]
"""A key (a node's id, `product:CATALOG/ID` or `query:TEXT`) and which aspect of it."""

WHOLE = "*"
"""The aspect that stands for all: the node came or went."""


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
    def writes(self) -> tuple[Touch, ...]:
        """What it changes: of two edits that write the same aspect, the second may undo the first."""

    def needs(self) -> tuple[NodeId, ...]:
        """The nodes that it takes for granted."""
        return ()

    def touches(self) -> tuple[NodeId, ...]:
        """The nodes that it changes or takes for granted."""
        written = (NodeId(key) for key, _ in self.writes() if ":" not in key)
        return tuple(dict.fromkeys((*written, *self.needs())))


def clash(edit: Edit, written: Iterable[Touch]) -> list[str]:
    """The keys at which an edit and what others wrote do not go together; none if they are disjoint.

    >>> from taxonomy.edits import Rename
    >>> clash(Rename(NodeId("a"), "Tools"), [("a", "place"), ("a", "name"), ("b", "name")])
    ['a']
    """
    mine: dict[str, set[str]] = {}
    for key, aspect in edit.writes():
        mine.setdefault(key, set()).add(aspect)
    needs = set(edit.needs())
    found: dict[str, None] = {}
    for key, aspect in written:
        aspects = mine.get(key, set())
        if aspect in aspects or WHOLE in aspects or (aspect == WHOLE and (aspects or key in needs)):
            found[key] = None
    return list(found)


class OfOneNode(Edit):
    """An edit of one live, unlocked node's fields; it takes the node for granted."""

    __slots__ = ()
    node_id: NodeId

    def _change(self, draft: Draft, **fields: object) -> Node:
        """Set the fields of the live, unlocked node; what it was before."""
        rules.require_live(draft, self.node_id)
        rules.require_unlocked(draft, self.node_id)
        before = draft.nodes[self.node_id]
        after = replace(before, **fields)  # type: ignore[arg-type]
        rules.require_node(draft, after)
        draft.replace(after)
        return before

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


def products(catalog: str, product_ids: Iterable[ProductId]) -> tuple[Touch, ...]:
    """The places of products of a catalogue, as what an edit writes."""
    return tuple((f"product:{catalog.lower()}/{at}", "place") for at in product_ids)
