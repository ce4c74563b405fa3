"""From products and their vectors to a category tree, stage by stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ingest.cluster.density import NOISE
from ingest.cluster.groups import Grouping
from ingest.cluster.induce import Branch, induce
from ingest.cluster.leftovers import Placed, centroids
from ingest.cluster.linkage import Indices, Linkage, average_linkage
from ingest.cluster.meaning import Encode
from ingest.cluster.name import Named, name_tree
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.quality import judge
from ingest.cluster.reduce import reduce, unit
from ingest.cluster.sense import name_by_meaning
from ingest.cluster.shape import Shape
from ingest.cluster.stages import Stages, fingerprint
from taxonomy.edits import Assign, Create, Edit
from taxonomy.formats.tree_json import Evidence, Membership, TreeFile
from taxonomy.node import ROOT_ID, Node, NodeId, NodeIds, seeded_ids
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product, ProductId
from taxonomy.proposal import Quality
from taxonomy.tree import Draft, Tree

__all__ = ["Built", "build"]

_EXAMPLES = 5


@dataclass(frozen=True)
class Built:
    """A tree with its products, and what speaks for it.

    Attributes
    ----------
    tree : Tree
    memberships : mapping of ProductId to Membership
        Every product, in the order given; `node_id` is None for noise.
    centroids : mapping of NodeId to (dim,) float32
        Unit vectors in the encoder's space, for every node.
    evidence : mapping of NodeId to Evidence
    quality : Quality
    """

    tree: Tree
    memberships: Mapping[ProductId, Membership]
    centroids: Mapping[NodeId, Floats]
    evidence: Mapping[NodeId, Evidence]
    quality: Quality

    def change_set_edits(self, catalog: str) -> tuple[Edit, ...]:
        """The edits that make this tree and place the products of `catalog` in it; none for an empty tree."""
        creates = (Create(self.tree.nodes[node_id]) for node_id in self.tree.descendants())
        held: dict[NodeId, list[tuple[ProductId, float]]] = {}
        for product_id, membership in self.memberships.items():
            if membership.node_id is not None:
                held.setdefault(membership.node_id, []).append((product_id, membership.share))
        assigns = (
            Assign(catalog, node_id, *map(tuple, zip(*held[node_id], strict=True)))
            for node_id in self.tree.descendants()
            if node_id in held
        )
        return (*creates, *assigns)

    def file(self, *, model_revision: str = "") -> TreeFile:
        """What `taxonomy.formats.tree_json` writes."""
        return TreeFile(self.tree, self.memberships, self.centroids, self.evidence, model_revision)


def build(
    products: Sequence[Product],
    vectors: Floats,
    *,
    shape: Shape | None = None,
    seed: int = 0,
    linkage: Linkage = average_linkage,
    encode: Encode | None = None,
    progress: Progress | None = None,
    stages: Path | None = None,
) -> Built:
    """A category tree over the products, named and filled. Labels are not looked at.

    Parameters
    ----------
    products : sequence of Product, ids distinct
    vectors : (n, dim) float32
        One per product, of any encoder.
    shape : Shape, optional
        Limits of the tree.
    seed : int
        Same products, vectors, shape, seed and machine: the same tree, ids included.
    linkage : Linkage
        What joins points to a binary tree; `ingest.cluster.linkage.single_linkage` is plain HDBSCAN.
    encode : Encode, optional
        Of the encoder that made the vectors. With it names are chosen by what phrases mean, and leaves
        side by side that would have one name become one; without, by where phrases occur alone.
    stages : Path, optional
        A folder that keeps what is costly, so that a stopped build goes on.

    Returns
    -------
    Built
        An empty tree for no products; everything noise for fewer than the shape's smallest leaf.

    Raises
    ------
    ValueError
        There is not one vector for each product.
    """
    if len(products) != len(vectors):
        raise ValueError(f"{len(products)} products, {len(vectors)} vectors: one of each is needed")
    shape, progress = shape or Shape(), progress or Silent()
    titles, brands = [product.title for product in products], [product.brand for product in products]
    key = fingerprint(vectors, [*titles, *brands], linkage.__name__, seed)
    kept = Stages(stages, key)
    points = kept.array(
        "points", lambda: reduce(vectors, titles, brands=brands, seed=seed, progress=progress)
    ).astype(np.float32, copy=False)
    placed = Grouping(shape, seed, linkage, kept, progress).find(points)
    progress.start("arranging groups in layers")
    root = induce(centroids(points, placed.groups), shape)
    members = _members(placed.groups, root)
    progress.start("naming")
    book = PhraseBook.read(titles, brands)
    vectors = unit(vectors)
    if encode is None:
        named = name_tree(root, members, book)
    else:
        root, named = name_by_meaning(root, members, book, vectors, encode)
    by_meaning = () if encode is None else ("by meaning",)
    ids = fingerprint(vectors[:0], [p.id for p in products], key, shape, *by_meaning)
    return _Grower(products, vectors, placed, members, named, ids).grow(root)


def _members(groups: Indices, root: Branch) -> list[list[int]]:
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(len(root.groups) + 1))
    return [order[a:b].tolist() for a, b in pairwise(bounds)]


@dataclass
class _Grower:
    """Gives ids to the branches and gathers what belongs to each."""

    products: Sequence[Product]
    vectors: Floats
    placed: Placed
    members: Sequence[Sequence[int]]
    named: Mapping[Branch, Named]
    ids: str
    draft: Draft = field(default_factory=lambda: Draft(Tree()))
    centroids: dict[NodeId, Floats] = field(default_factory=dict)
    evidence: dict[NodeId, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.node_of: list[NodeId | None] = [None] * len(self.products)
        self.leaves = np.full(len(self.products), NOISE, np.int64)

    def grow(self, root: Branch) -> Built:
        draw = seeded_ids(self.ids)
        for child in root.children:
            self._add(child, ROOT_ID, draw)
        memberships = {
            product.id: Membership(node_id, round(float(share), 4) if node_id else 0.0)
            for product, node_id, share in zip(
                self.products, self.node_of, self.placed.membership, strict=True
            )
        }
        quality = judge(self.vectors, self.leaves)
        return Built(self.draft.tree(), memberships, self.centroids, self.evidence, quality)

    def _add(self, branch: Branch, parent_id: NodeId, draw: NodeIds) -> None:
        node_id, named = draw(), self.named[branch]
        below = sorted(product for group in branch.groups for product in self.members[group])
        self.draft.add(Node(node_id, named.name, parent_id))
        self.centroids[node_id] = unit(self.vectors[below].mean(axis=0, keepdims=True))[0]
        typical = sorted(below, key=lambda product: (-self.placed.membership[product], product))[:_EXAMPLES]
        examples = tuple(self.products[product].id for product in typical)
        self.evidence[node_id] = Evidence(named.phrases, named.alternatives, examples)
        if not branch.children:
            self.leaves[below] = self.leaves.max(initial=NOISE) + 1
            for product in below:
                self.node_of[product] = node_id
        for child in branch.children:
            self._add(child, node_id, draw)
