"""Which nodes of a tree a query means, how surely, and whether it means one thing.

Each leg scores every node; a weighted sum of the scores, less what a node without evidence would get, is a
node's log-odds. A softmax over the best candidates makes them probabilities. Where half of the probability
lies decides the intent.

A query that a person pinned to a node goes there first, whatever the legs say; this is the one place that
knows, and everything that routes goes through it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.search.legs import Leg, LegWeight, node_order
from taxonomy.tree import Tree

__all__ = ["Evidence", "Intent", "RankedNode", "Router", "Routing"]

CANDIDATES = 50
"""Nodes per query that share the probability. Bounded, so that thousands of nodes without evidence do not
outweigh one with it, and a tree of 60 nodes and one of 10,000 give similar numbers."""

HOLD = 0.6
"""Where no node leads, the deepest subtree that holds this part is what the query means."""

LEAD = 0.5
"""A node that holds more than this part by itself is what the query means."""

TOGETHER = 2.0
"""Where no leg alone finds a query convincing, what their scores must add up to, each as a part of its
`LegWeight.convincing`: "candels scented" is half known to the words and half to the vectors."""

BATCH = 256
"""Queries scored at once: 10,000 nodes make 10 MB a leg."""


class Intent(StrEnum):
    """What kind of answer a query wants.

    `NARROW`: a leaf holds over `LEAD` of the probability. `BROAD`: an inner node does, or, where no node
    does, an inner node holds `HOLD` with all below it; it is ranked first. `AMBIGUOUS`: neither. `NONE`: no
    leg finds a node convincing, nor do all `TOGETHER` the first; the ranking is a guess. A pinned query is
    narrow or broad as its node is a leaf or not.
    """

    NARROW = "narrow"
    BROAD = "broad"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one leg says for one node: its score, and the reason in words (may be empty)."""

    leg: str
    score: float
    text: str = ""


_BY_A_PERSON = Evidence("pin", 1.0, "pinned by a person")


@dataclass(frozen=True, slots=True)
class RankedNode:
    """A node that a query may mean.

    `probability` is that of the node itself being the best shelf; for the node that a broad query is sent
    to, that the best shelf is the node or below it. It is 1 for the node of a pinned query, and the others
    keep what the machine says.
    """

    node_id: NodeId
    probability: float
    why: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a query goes: nodes with falling probability, at least one unless the tree is empty."""

    query: str
    intent: Intent
    ranked: tuple[RankedNode, ...]


class Router:
    """Routes queries over one version of a tree.

    Parameters
    ----------
    tree : Tree
        May be empty; then nothing is ranked and every intent is `NONE`.
    legs : sequence of Leg
        Over the same tree.
    weights : mapping of str to LegWeight
        By the legs' names; a leg without one is not asked.

    Examples
    --------
    >>> Router(Tree(), [], {}).route("tea").intent
    <Intent.NONE: 'none'>
    """

    def __init__(self, tree: Tree, legs: Sequence[Leg], weights: Mapping[str, LegWeight]) -> None:
        self.tree, self.order = tree, node_order(tree)
        self.legs = tuple(leg for leg in legs if leg.name in weights)
        self.weights = dict(weights)
        at = {node_id: at for at, node_id in enumerate(self.order)}
        self._place = at
        self._parents = [at.get(tree.node(node_id).parent_id, -1) for node_id in self.order]

    def route(self, query: str, *, top: int = 10) -> Routing:
        """The `top` likeliest nodes for one query, and its intent."""
        return next(self.route_many([query], top=top))

    def route_many(self, queries: Sequence[str], *, top: int = 10, explain: bool = True) -> Iterator[Routing]:
        """One routing per query, in order; `explain=False` leaves `why` empty and is faster."""
        for start in range(0, len(queries), BATCH):
            batch = queries[start : start + BATCH]
            scores = [leg.scores(batch) for leg in self.legs]
            for row, query in enumerate(batch):
                yield self._one(query, [matrix[row] for matrix in scores], top=max(top, 1), explain=explain)

    def _one(self, query: str, scores: Sequence[Floats], *, top: int, explain: bool) -> Routing:
        if not self.order:
            return Routing(query, Intent.NONE, ())
        chosen, probabilities = self._candidates(scores)
        focus, mass = self._focus(chosen, probabilities)
        ranked = dict(zip(chosen.tolist(), probabilities.tolist(), strict=True))
        inner = focus >= 0 and not self.tree.is_leaf(self.order[focus])
        if inner:
            ranked = {focus: mass} | {at: p for at, p in ranked.items() if at != focus}
        pinned = self._pinned(query)
        if pinned is not None:
            ranked = {pinned: 1.0} | {at: p for at, p in ranked.items() if at != pinned}
        first = dict(list(ranked.items())[:top])
        intent = self._intent([row[chosen] for row in scores], focus, inner, pinned)
        why = self._why(query, list(first), scores, pinned) if explain else [()] * len(first)
        nodes = zip(first.items(), why, strict=True)
        return Routing(query, intent, tuple(RankedNode(self.order[at], p, w) for (at, p), w in nodes))

    def _pinned(self, query: str) -> int | None:
        """The node that a person sent this query to."""
        node_id = self.tree.pinned(query) if self.tree.pins else None
        return None if node_id is None else self._place[node_id]

    def _candidates(self, scores: Sequence[Floats]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Indices of the best nodes, best first, and their probabilities, which add up to 1."""
        odds = np.zeros(len(self.order))
        for leg, row in zip(self.legs, scores, strict=True):
            odds += self.weights[leg.name].weight * row
        n = min(CANDIDATES, len(odds))
        chosen = np.argpartition(-odds, n - 1)[:n]
        chosen = chosen[np.lexsort((chosen, -odds[chosen]))]
        parts = np.exp(odds[chosen] - odds[chosen[0]])
        return chosen, parts / parts.sum()

    def _focus(self, chosen: NDArray[np.intp], probabilities: NDArray[np.float64]) -> tuple[int, float]:
        """The node that the query means with all below it (-1: none), and how much they hold."""
        mass: dict[int, float] = {}
        for at, probability in zip(chosen.tolist(), probabilities.tolist(), strict=True):
            while at >= 0:
                mass[at] = mass.get(at, 0.0) + probability
                at = self._parents[at]
        if probabilities[0] > LEAD:
            return int(chosen[0]), min(mass[int(chosen[0])], 1.0)
        seen = set(chosen.tolist())  # an ancestor that no leg has anything for is no answer
        holding = [at for at, held in mass.items() if held >= HOLD and at in seen]
        focus = max(holding, default=-1)  # parents come before children, so the deepest has the last index
        return focus, min(mass.get(focus, 0.0), 1.0)

    def _intent(self, scores: Sequence[Floats], focus: int, inner: bool, pinned: int | None) -> Intent:
        if pinned is not None:
            return Intent.NARROW if self.tree.is_leaf(self.order[pinned]) else Intent.BROAD
        if not self._convincing(scores):
            return Intent.NONE
        if focus < 0:
            return Intent.AMBIGUOUS
        return Intent.BROAD if inner else Intent.NARROW

    def _convincing(self, scores: Sequence[Floats]) -> bool:
        """Whether a leg is convinced of one of the candidates, or all together are of the first."""
        parts = [row / self.weights[leg.name].convincing for leg, row in zip(self.legs, scores, strict=True)]
        return any(row.max() >= 1.0 for row in parts) or sum(float(row[0]) for row in parts) >= TOGETHER

    def _why(
        self, query: str, nodes: Sequence[int], scores: Sequence[Floats], pinned: int | None
    ) -> list[tuple[Evidence, ...]]:
        chosen = list(nodes)
        told = zip(self.legs, scores, strict=True)
        texts = [leg.evidence(query, chosen, row[chosen]) for leg, row in told]
        return [
            (_BY_A_PERSON,) * (at == pinned)
            + tuple(
                Evidence(leg.name, float(row[at]), text[place])
                for leg, row, text in zip(self.legs, scores, texts, strict=True)
            )
            for place, at in enumerate(nodes)
        ]
