"""The report on built trees as one HTML file."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.evaluate.report.template import fill
from ingest.evaluate.report.trees import Rival, Side, TreesReport
from taxonomy.node import NodeId
from taxonomy.proposal import MEASURES, NodeQuality
from taxonomy.versus import Pair

__all__ = ["TreesLimits", "render_trees"]


@dataclass(frozen=True, slots=True)
class TreesLimits:
    """Rows of each table; the page says where more were left out, and the JSON has all of them."""

    weak: int = 30
    largest: int = 40
    alone: int = 40
    pairs: int = 40
    flows: int = 40
    places: int = 4


@dataclass(frozen=True, slots=True)
class _Alone:
    """A category that only one tree has, and where the other has its own products, most first."""

    path: str
    n_products: int
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Only:
    """What only one of two trees has, the largest first."""

    side: Side
    other: Side
    nodes: list[_Alone]


def render_trees(report: TreesReport, *, limits: TreesLimits | None = None) -> str:
    """The page; what it leaves out for want of room it says."""
    limits = limits or TreesLimits()
    rival = report.against
    sides = [report.tree, rival.side] if rival else [report.tree]
    return fill(
        "trees.html.j2",
        report=report,
        sides=sides,
        measures=MEASURES,
        limits=limits,
        largest=[_largest(side.report.nodes, limits.largest) for side in sides],
        sizes=[{one.node_id: one.n_products for one in side.report.nodes} for side in sides],
        only=_only(report.tree, rival) if rival else (),
        pairs=_least_alike(rival.versus.pairs) if rival else (),
    )


def _largest(nodes: Sequence[NodeQuality], n: int) -> list[NodeQuality]:
    """Those with most products, in the order of the tree."""
    wanted = {one.node_id for one in sorted(nodes, key=lambda one: -one.n_products)[:n]}
    return [one for one in nodes if one.node_id in wanted]


def _least_alike(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: pair.overlap)


def _only(one: Side, rival: Rival) -> tuple[_Only, _Only]:
    other, found = rival.side, rival.versus
    flows = [(flow.one, flow.other, len(flow.product_ids)) for flow in found.flows]
    back = [(b, a, n) for a, b, n in flows]
    return (
        _Only(one, other, _alone(one, found.only_one, other, flows)),
        _Only(other, one, _alone(other, found.only_other, one, back)),
    )


def _alone(
    side: Side,
    node_ids: Iterable[NodeId],
    other: Side,
    flows: Iterable[tuple[NodeId | None, NodeId | None, int]],
) -> list[_Alone]:
    sizes = {one.node_id: one.n_products for one in side.report.nodes}
    places: dict[NodeId | None, list[tuple[str, int]]] = defaultdict(list)
    for here, there, n in flows:
        places[here].append((other.label(there), n))
    found = [_Alone(side.label(at), sizes.get(at, 0), tuple(places[at])) for at in node_ids]
    return sorted(found, key=lambda node: -node.n_products)
