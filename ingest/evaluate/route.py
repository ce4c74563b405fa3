"""How well queries reach the categories that people say they mean."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.readers import read_fields
from taxonomy.metrics.ranking import hit_at, reciprocal_rank
from taxonomy.node import NodeId
from taxonomy.product import Path as CategoryPath
from taxonomy.product import split_path
from taxonomy.search.route import Router
from taxonomy.tree import Tree

__all__ = ["RouteCase", "RouteReport", "evaluate_route", "read_route_cases"]

DEPTH = 10
"""Places of a ranking that are looked at."""


@dataclass(frozen=True, slots=True)
class RouteCase:
    """A query and the category that it means."""

    query: str
    path: CategoryPath


@dataclass(frozen=True, slots=True)
class RouteReport:
    """Shares in 0..1 over the queries whose category is in the tree.

    `hit_at_k` asks for the category itself; `near_at_k` also takes a node above or below it.
    `n_unknown` counts cases whose category the tree does not have; they are left out of the shares.
    """

    n_queries: int
    n_unknown: int
    hit_at_1: float
    hit_at_5: float
    hit_at_10: float
    mrr: float
    near_at_1: float
    near_at_5: float
    near_at_10: float
    intents: Mapping[str, int]
    queries_per_s: float


def read_route_cases(path: Path) -> list[RouteCase]:
    """The cases in a table with columns query and category_path (joined by ` > `).

    Raises
    ------
    FileError
        The file cannot be read or lacks a column.
    """
    rows = read_fields(path, "query", "category_path")
    return [RouteCase(row["query"], split_path(row["category_path"])) for row in rows]


def evaluate_route(router: Router, cases: Iterable[RouteCase]) -> RouteReport:
    """Route every query and compare; no cases give zeros. Speed counts the legs, not making the router."""
    found = [(case.query, router.tree.find(case.path)) for case in cases]
    known = [(query, node_id) for query, node_id in found if node_id is not None]
    started = time.perf_counter()
    routings = list(router.route_many([query for query, _ in known], top=DEPTH, explain=False))
    elapsed_s = time.perf_counter() - started
    ranked = [[node.node_id for node in routing.ranked] for routing in routings]
    exact = [(nodes, {wanted}) for nodes, (_, wanted) in zip(ranked, known, strict=True)]
    near = [(nodes, _near(router.tree, wanted)) for nodes, (_, wanted) in zip(ranked, known, strict=True)]
    return RouteReport(
        n_queries=len(known),
        n_unknown=len(found) - len(known),
        hit_at_1=_hits(1, exact),
        hit_at_5=_hits(5, exact),
        hit_at_10=_hits(10, exact),
        mrr=sum(reciprocal_rank(*pair) for pair in exact) / max(len(exact), 1),
        near_at_1=_hits(1, near),
        near_at_5=_hits(5, near),
        near_at_10=_hits(10, near),
        intents=dict(Counter(str(routing.intent) for routing in routings)),
        queries_per_s=len(known) / max(elapsed_s, 1e-9),
    )


def _near(tree: Tree, node_id: NodeId) -> set[NodeId]:
    return {*tree.lineage(node_id), *tree.descendants(node_id)}


def _hits(k: int, pairs: Sequence[tuple[list[NodeId], set[NodeId]]]) -> float:
    return sum(hit_at(k, ranked, wanted) for ranked, wanted in pairs) / max(len(pairs), 1)
