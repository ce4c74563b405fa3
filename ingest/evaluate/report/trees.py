"""Built trees, measured without labels: one, or two over the same products beside each other."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.proposal import MEASURES, NodeQuality, Report
from taxonomy.tree import Tree
from taxonomy.versus import Flow, Versus

__all__ = ["Rival", "Side", "TreesReport"]

_WORDS = {1: "tree", 0: "same", -1: "against"}
_EXAMPLES = 3  # titles of products that stand elsewhere


@dataclass(frozen=True, slots=True)
class Side:
    """A tree, what its file is called, and what was measured of it."""

    name: str
    tree: Tree
    report: Report

    @property
    def weakest(self) -> list[NodeQuality]:
        """All its categories, the weakest first."""
        return sorted(self.report.nodes, key=lambda one: (-len(one.weaknesses), -one.weakness))

    @property
    def n_weak(self) -> int:
        """Categories that should be looked at."""
        return sum(bool(one.weaknesses) for one in self.report.nodes)

    def label(self, node_id: NodeId | None) -> str:
        """The path of a category as one line; empty for nowhere."""
        return self.tree.label(node_id) if node_id else ""


@dataclass(frozen=True, slots=True)
class Rival:
    """The other tree, and what differs between the two."""

    side: Side
    versus: Versus


@dataclass(frozen=True, slots=True)
class TreesReport:
    """A built tree, beside another if there is one.

    Attributes
    ----------
    source : str
        What the catalogue is called.
    titles : mapping of ProductId to str
        Of its products, for examples.
    """

    source: str
    titles: Mapping[ProductId, str]
    tree: Side
    against: Rival | None = None

    @property
    def better(self) -> dict[str, str]:
        """Which tree is better by each figure: `tree`, `against` or `same`; empty for one alone."""
        if self.against is None:
            return {}
        one, other = self.tree.report.quality, self.against.side.report.quality
        return {
            measure.field: _WORDS[measure.verdict(getattr(one, measure.field), getattr(other, measure.field))]
            for measure in MEASURES
        }

    def examples(self, flow: Flow) -> tuple[str, ...]:
        """Titles of a few of the products that stand elsewhere."""
        return tuple(self.titles.get(one, one) for one in flow.product_ids[:_EXAMPLES])

    def summary(self) -> dict[str, object]:
        """The figures of the trees as wholes."""
        alone = {**asdict(self.tree.report.quality), "n_weak": self.tree.n_weak}
        if self.against is None:
            return alone
        found = self.against.versus
        return alone | {
            "against": asdict(self.against.side.report.quality),
            "better": self.better,
            "n_only_tree": len(found.only_one),
            "n_only_against": len(found.only_other),
            "n_elsewhere": found.n_elsewhere,
        }

    def to_json(self) -> str:
        """All of it as one JSON object; categories by path, the weakest first."""
        body: dict[str, object] = {"tree": _told(self.tree)}
        if self.against:
            body |= {
                "against": _told(self.against.side),
                "better": self.better,
                "versus": self._differences(self.against.side, self.against.versus),
            }
        return json.dumps(body, indent=2, ensure_ascii=False)

    def _differences(self, other: Side, found: Versus) -> dict[str, object]:
        one = self.tree
        return {
            "n_products": found.n_products,
            "pairs": [
                {
                    "tree": one.label(pair.one),
                    "against": other.label(pair.other),
                    "overlap": round(pair.overlap, 4),
                }
                for pair in found.pairs
            ],
            "only_tree": [one.label(at) for at in found.only_one],
            "only_against": [other.label(at) for at in found.only_other],
            "elsewhere": [
                {
                    "tree": one.label(flow.one),
                    "against": other.label(flow.other),
                    "product_ids": list(flow.product_ids),
                    "examples": self.examples(flow),
                }
                for flow in found.flows
            ],
        }


def _told(side: Side) -> dict[str, object]:
    told = [
        {
            "path": side.label(one.node_id),
            "weaknesses": [str(kind) for kind in one.weaknesses],
            **asdict(one),
            "nearest": side.label(one.nearest_id) or None,
        }
        for one in side.weakest
    ]
    return {**asdict(side.report.quality), "nodes": told, "noise_examples": side.report.noise_examples}
