"""What goes in and out over HTTP. Everything that comes out says which version it was made from."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.search.rerank import Candidate, Reranked
from taxonomy.search.route import Intent, RankedNode, Routing
from taxonomy.tree import Tree
from ui.api.snapshot import Snapshot, State, Store

__all__ = [
    "MAX_PRODUCTS",
    "MAX_QUERIES",
    "MAX_QUERY_CHARS",
    "MAX_TOP",
    "Health",
    "NodeAnswer",
    "ProductIn",
    "RerankAnswer",
    "RerankQuestion",
    "RouteAnswer",
    "RouteQuestion",
    "RoutesAnswer",
    "TaxonomiesAnswer",
    "TaxonomyRow",
    "TreeAnswer",
    "Version",
]

MAX_QUERIES = 256  # a batch of the router; larger jobs are `shelftree route --queries`
MAX_PRODUCTS = 500  # more than search shows on its first pages; about 0.3 s for the encoder
MAX_TOP = 50  # the router gives probabilities to no more
MAX_QUERY_CHARS = 500
MAX_TITLE_CHARS = 2000
MAX_ID_CHARS = 200

Query = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS, examples=["dog food"])]
Path = Annotated[
    list[str],
    Field(description="Names from the top category to the node.", examples=[["Pets", "Dogs", "Dog Food"]]),
]
Probability = Annotated[float, Field(ge=0, le=1)]


class Sent(BaseModel):
    """What a caller sends: a field that we do not know is more likely misspelt than meant to be ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Version(BaseModel):
    """What an answer was made from; the same version gives the same answer."""

    model_config = ConfigDict(protected_namespaces=())

    release: int = Field(description="Id of the release; grows with each publishing, a rollback included.")
    tree_version: int = Field(description="Version of the tree that the release pins.")
    model_revision: str = Field(
        description="Revision of the trained model that had a say; empty: names and the base encoder decided."
    )
    published_at: datetime = Field(description="When the release was published.")

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The version of a snapshot."""
        release = snapshot.release
        return cls(
            release=release.id,
            tree_version=release.tree_version,
            model_revision=snapshot.model_revision,
            published_at=release.published_at,
        )


class Answer(BaseModel):
    """What every answer about a taxonomy says."""

    taxonomy: str = Field(description="Name of the taxonomy.")
    version: Version


class TaxonomyRow(Answer):
    """A taxonomy that is served."""

    n_nodes: int = Field(description="Live categories, inner ones included.")
    note: str = Field(description="Empty, or why the release's own model has no say.")

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The row of a snapshot."""
        return cls(
            taxonomy=snapshot.release.taxonomy,
            version=Version.of(snapshot),
            n_nodes=len(snapshot.tree),
            note=snapshot.note,
        )


class TaxonomiesAnswer(BaseModel):
    """What is served, and what could be."""

    taxonomies: list[TaxonomyRow] = Field(description="Those that are served, by name.")
    unpublished: list[str] = Field(description="Those that have no release yet.")


class NodeRow(BaseModel):
    """A category."""

    id: str = Field(description="Opaque; outlives renames and moves, and is never given to another.")
    name: str
    parent: str | None = Field(description="Id of the category above; null for a top category.")
    path: Path
    n_children: int = Field(description="Categories right below; 0 for a leaf.")

    @classmethod
    def of(cls, tree: Tree, node_id: NodeId) -> Self:
        """The row of a live node."""
        node, lineage = tree.node(node_id), tree.lineage(node_id)
        return cls(
            id=node_id,
            name=node.name,
            parent=node.parent_id if len(lineage) > 1 else None,
            path=[tree.nodes[at].name for at in lineage],
            n_children=len(tree.children_of(node_id)),
        )


class TreeAnswer(Answer):
    """The categories of a release."""

    nodes: list[NodeRow] = Field(description="Parents before their children, in display order.")


class NodeAnswer(Answer):
    """One category."""

    node: NodeRow
    children: list[str] = Field(description="Ids of the categories right below, in display order.")
    redirected_from: str | None = Field(
        default=None,
        description="The id that was asked for, if it is retired: `node` is where most of it went.",
    )


class EvidenceRow(BaseModel):
    """One reason."""

    leg: str = Field(description="Which evidence: words, name, vectors, titles or posterior.")
    score: float = Field(description="How well the category fits by this evidence, in about 0..1.")
    text: str = Field(description="The reason for people; may be empty.")


class RankedRow(BaseModel):
    """A category that a query may mean."""

    id: str
    path: Path
    probability: Probability = Field(
        description="That this is the best shelf; for the inner category that a broad query is sent to, "
        "that the best shelf is it or below it."
    )
    why: list[EvidenceRow]

    @classmethod
    def of(cls, tree: Tree, node: RankedNode) -> Self:
        """The row of a routed node."""
        why = [EvidenceRow(leg=one.leg, score=round(one.score, 4), text=one.text) for one in node.why]
        path = list(tree.path(node.node_id))
        return cls(id=node.node_id, path=path, probability=round(node.probability, 6), why=why)


class RoutingRow(BaseModel):
    """Where a query goes."""

    query: str
    intent: Intent = Field(
        description="narrow: the first category answers it. broad: all below the first does. ambiguous: it "
        "means different things, offer several. none: the rows are guesses, better not used."
    )
    ranked: list[RankedRow] = Field(description="Best first.")

    @classmethod
    def of(cls, tree: Tree, routing: Routing) -> Self:
        """The row of a routing."""
        ranked = [RankedRow.of(tree, one) for one in routing.ranked]
        return cls(query=routing.query, intent=routing.intent, ranked=ranked)


class RouteAnswer(Answer, RoutingRow):
    """Where one query goes."""


class RouteQuestion(Sent):
    """Queries to route together."""

    queries: list[Query] = Field(min_length=1, max_length=MAX_QUERIES)
    top: int = Field(default=3, ge=1, le=MAX_TOP, description="Categories a query.")


class RoutesAnswer(Answer):
    """Where each query goes."""

    routings: list[RoutingRow] = Field(description="In the order of the queries.")


class ProductIn(Sent):
    """A product to be ranked."""

    id: str = Field(min_length=1, max_length=MAX_ID_CHARS)
    title: str = Field(max_length=MAX_TITLE_CHARS, examples=["Grain-free salmon dog food 12 kg"])
    node_id: str | None = Field(
        default=None, max_length=MAX_ID_CHARS, description="The category that it stands in, if that is known."
    )
    score: float | None = Field(None, description="What it scored so far, on any scale: its order counts.")

    def candidate(self, tree: Tree) -> Candidate:
        """The product as the reranker wants it, without a node that the tree never had."""
        node_id = NodeId(self.node_id) if self.node_id else None
        known = node_id is not None and (node_id in tree or node_id in tree.redirects)
        return Candidate(ProductId(self.id), self.title, node_id if known else None, self.score)


class RerankQuestion(Sent):
    """A query and the products that search found for it."""

    query: Query
    products: list[ProductIn] = Field(min_length=1, max_length=MAX_PRODUCTS)


class ScoredRow(BaseModel):
    """A product in its new place."""

    id: str
    score: float = Field(description="In 0..1; comparable within one answer only.")
    why: str = Field(description="What the score comes from.")

    @classmethod
    def of(cls, one: Reranked) -> Self:
        """The row of a reranked product."""
        return cls(id=one.product_id, score=round(one.score, 6), why=one.why)


class RerankAnswer(Answer):
    """The products in their new order."""

    query: str
    ranked: list[ScoredRow] = Field(description="Best first.")
    unknown_nodes: list[str] = Field(
        description="Node ids that this release never had; their products are taken as standing nowhere."
    )


class Health(BaseModel):
    """How the service is."""

    status: str = Field(default="ok", description="Always ok: the process answers.")
    ready: bool = Field(description="Whether everything published was loaded, or tried, at least once.")
    store: Store = Field(description="here; away: what is loaded serves on; unknown: not looked yet.")
    since: datetime = Field(description="Since when the store is so.")
    taxonomies: list[TaxonomyRow]
    troubles: dict[str, str] = Field(
        description="By taxonomy, why its newest release is not served; an older one may be."
    )

    @classmethod
    def of(cls, state: State) -> Self:
        """The health that a state stands for."""
        return cls(
            ready=state.ready,
            store=state.store,
            since=state.since,
            taxonomies=[TaxonomyRow.of(one) for _, one in sorted(state.held.items())],
            troubles=dict(state.troubles),
        )
