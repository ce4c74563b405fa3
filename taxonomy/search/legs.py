"""What a leg of the router is: one source of evidence about which nodes a query means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["Leg", "LegWeight", "node_order"]


def node_order(tree: Tree) -> tuple[NodeId, ...]:
    """The order of nodes that all legs and the router share: parents before children, as displayed."""
    return tuple(tree.descendants())


class Leg(Protocol):
    """One source of evidence, over the nodes of one tree in `node_order`."""

    @property
    def name(self) -> str:
        """A short name, unique in a router; weights go by it."""

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes) float32 in about 0..1: how well each node fits; 0 is no evidence at all.

        An empty query gets zeros.
        """

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Why these nodes (indices into `node_order`) fit, for people; empty where nothing says so.

        `scores` are what this leg gave the nodes, so that nothing is encoded twice.
        """


@dataclass(frozen=True, slots=True)
class LegWeight:
    """How much a leg counts.

    Attributes
    ----------
    weight : float
        Log-odds per unit of score.
    convincing : float
        The score from which this leg alone makes a query worth routing.
    """

    weight: float
    convincing: float
