"""Edits of where products stand and queries lead."""

from dataclasses import dataclass
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.edits.edit import Edit, Touch, products
from taxonomy.errors import EditError
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.text import fold
from taxonomy.tree import Draft

__all__ = ["Assign", "Pin", "Unassign"]


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
        if len(self.probabilities) not in (0, len(self.product_ids)):
            raise EditError("give a probability for each product, or none at all", [self.node_id])
        return ()

    def writes(self) -> tuple[Touch, ...]:
        return products(self.catalog, self.product_ids)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


@dataclass(frozen=True, slots=True)
class Unassign(Edit):
    """Products are no longer held where a person put them; what a machine said counts again."""

    kind: ClassVar[str] = "unassign"
    catalog: str
    product_ids: tuple[ProductId, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return ()

    def writes(self) -> tuple[Touch, ...]:
        return products(self.catalog, self.product_ids)


@dataclass(frozen=True, slots=True)
class Pin(Edit):
    """A query goes to this node, whatever the machine says; None: the machine decides again.

    A node that retires later hands its queries on to its successor.
    """

    kind: ClassVar[str] = "pin"
    query: str
    node_id: NodeId | None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        query = fold(self.query)
        rules.require_query(query)
        if self.node_id is not None:
            rules.require_known(draft, self.node_id)
        before = draft.pins.get(query)
        draft.pin(query, self.node_id)
        return (Pin(self.query, before),)

    def writes(self) -> tuple[Touch, ...]:
        return ((f"query:{fold(self.query)}", "pin"),)

    def needs(self) -> tuple[NodeId, ...]:
        return () if self.node_id is None else (self.node_id,)
