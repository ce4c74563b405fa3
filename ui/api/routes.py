"""The calls of version 1. Plain functions: they compute, so FastAPI runs them in its threads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from taxonomy.errors import DatabaseUnavailable, UnknownId
from taxonomy.node import ROOT_ID, NodeId
from ui.api.models import (
    MAX_ID_CHARS,
    MAX_QUERY_CHARS,
    MAX_TOP,
    NodeAnswer,
    NodeRow,
    RerankAnswer,
    RerankQuestion,
    RouteAnswer,
    RouteQuestion,
    RoutesAnswer,
    RoutingRow,
    ScoredRow,
    TaxonomiesAnswer,
    TaxonomyRow,
    TreeAnswer,
    Version,
)
from ui.api.problems import answers
from ui.api.snapshot import Snapshot, Snapshots

__all__ = ["routes", "snapshots"]

routes = APIRouter(prefix="/v1/taxonomies", responses=answers(422, 503))

Name = Annotated[str, Path(max_length=64, description="Name of the taxonomy.", examples=["shop"])]


def snapshots(request: Request) -> Snapshots:
    """Those of the service that answers the request."""
    held: Snapshots = request.app.state.snapshots
    return held


def _snapshot(name: Name, held: Annotated[Snapshots, Depends(snapshots)]) -> Snapshot:
    return held.of(name)


Held = Annotated[Snapshots, Depends(snapshots)]
Served = Annotated[Snapshot, Depends(_snapshot)]


@routes.get("")
def taxonomies(held: Held) -> TaxonomiesAnswer:
    """The taxonomies that are served, each with its version."""
    if not held.state.ready:
        held.look()
    state = held.state
    if state.store == "away" and not state.held:
        raise DatabaseUnavailable("the store is away and nothing is loaded yet: try again in a moment")
    rows = [TaxonomyRow.of(one) for _, one in sorted(state.held.items())]
    return TaxonomiesAnswer(taxonomies=rows, unpublished=list(state.unpublished))


@routes.get("/{name}/tree", responses=answers(404, 409))
def tree(
    served: Served,
    depth: Annotated[int | None, Query(ge=1, description="Levels wanted; all when not given.")] = None,
) -> TreeAnswer:
    """The categories of the release, parents first."""
    rows = (NodeRow.of(served.tree, at) for at in served.tree.descendants())
    nodes = [row for row in rows if depth is None or len(row.path) <= depth]
    return TreeAnswer(taxonomy=served.release.taxonomy, version=Version.of(served), nodes=nodes)


@routes.get("/{name}/nodes/{node_id}", responses=answers(404, 409))
def node(served: Served, node_id: Annotated[str, Path(max_length=MAX_ID_CHARS)]) -> NodeAnswer:
    """One category; a retired id answers with the one that took its place, and says so."""
    live = served.tree.resolve(NodeId(node_id))
    if live == ROOT_ID:
        raise UnknownId("node", node_id, "it was retired and nothing took its place")
    return NodeAnswer(
        taxonomy=served.release.taxonomy,
        version=Version.of(served),
        node=NodeRow.of(served.tree, live),
        children=list(served.tree.children_of(live)),
        redirected_from=node_id if live != node_id else None,
    )


@routes.get("/{name}/route", responses=answers(404, 409))
def route(
    served: Served,
    q: Annotated[str, Query(min_length=1, max_length=MAX_QUERY_CHARS, description="What a customer typed.")],
    top: Annotated[int, Query(ge=1, le=MAX_TOP, description="Categories wanted.")] = 10,
) -> RouteAnswer:
    """Which categories a query means, how surely, and why."""
    row = RoutingRow.of(served.tree, served.route(q, top))
    return RouteAnswer(taxonomy=served.release.taxonomy, version=Version.of(served), **dict(row))


@routes.post("/{name}/route", responses=answers(404, 409))
def route_many(served: Served, asked: RouteQuestion) -> RoutesAnswer:
    """Which categories each of several queries means; cheaper than one call each."""
    routed = served.router.route_many(asked.queries, top=asked.top)
    return RoutesAnswer(
        taxonomy=served.release.taxonomy,
        version=Version.of(served),
        routings=[RoutingRow.of(served.tree, one) for one in routed],
    )


@routes.post("/{name}/rerank", responses=answers(404, 409))
def rerank(served: Served, asked: RerankQuestion) -> RerankAnswer:
    """In what order the products that were found answer the query."""
    candidates = [one.candidate(served.tree) for one in asked.products]
    ranked = served.reranker(candidates).rerank(asked.query, candidates)
    pairs = zip(asked.products, candidates, strict=True)
    unknown = {sent.node_id for sent, one in pairs if sent.node_id and not one.node_id}
    return RerankAnswer(
        taxonomy=served.release.taxonomy,
        version=Version.of(served),
        query=asked.query,
        ranked=[ScoredRow.of(one) for one in ranked],
        unknown_nodes=sorted(unknown),
    )
