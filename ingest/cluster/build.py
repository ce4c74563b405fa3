"""From products and their vectors to a category tree, stage by stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from ingest.cluster.density import NOISE
from ingest.cluster.fit import Fitting, measure
from ingest.cluster.groups import Grouping
from ingest.cluster.induce import Branch, induce
from ingest.cluster.leftovers import Placed, centroids, sums
from ingest.cluster.linkage import Indices, Linkage, average_linkage
from ingest.cluster.meaning import Encode
from ingest.cluster.name import Named, name_tree
from ingest.cluster.namer import Namer, as_suggested
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.quality import judge
from ingest.cluster.reduce import reduce, unit
from ingest.cluster.sense import name_by_meaning
from ingest.cluster.shape import Shape
from ingest.cluster.stages import Stages, fingerprint
from taxonomy.edits import Assign, Create, Edit
from taxonomy.formats.tree_json import Evidence, Fit, Membership, Nowhere, TreeFile
from taxonomy.node import ROOT_ID, Node, NodeId, NodeIds, seeded_ids
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Path as Labels
from taxonomy.product import Product, ProductId
from taxonomy.proposal import Quality
from taxonomy.tree import Draft, Tree

__all__ = ["ARRANGING", "Built", "Noise", "attach_noise", "build"]

Noise = Literal["keep", "propose", "attach"]

ARRANGING = "arranging groups in layers"
"""What progress hears when the groups are found."""

MOST_TOLD = 60_000
"""Titles that name the tree: of a larger catalogue each group has its share, so that memory is bounded."""

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
    proposed : tuple of NodeId
        Leaves made of products that fitted nowhere.
    fits : mapping of NodeId to Fit
        From which nearness on a new product belongs to a node.
    nowhere : Nowhere or None
        How many of the products would fit no leaf if they were new.
    """

    tree: Tree
    memberships: Mapping[ProductId, Membership]
    centroids: Mapping[NodeId, Floats]
    evidence: Mapping[NodeId, Evidence]
    quality: Quality
    proposed: tuple[NodeId, ...] = ()
    fits: Mapping[NodeId, Fit] = field(default_factory=dict)
    nowhere: Nowhere | None = None

    @property
    def places(self) -> dict[ProductId, NodeId | None]:
        """Where each product stands; None: nowhere."""
        return {product_id: one.node_id for product_id, one in self.memberships.items()}

    @property
    def noise(self) -> tuple[ProductId, ...]:
        """The products that stand nowhere, in the order of the catalogue."""
        return tuple(one for one, at in self.memberships.items() if at.node_id is None)

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
        return TreeFile(
            self.tree,
            self.memberships,
            self.centroids,
            self.evidence,
            model_revision,
            self.fits,
            self.nowhere,
        )


def build(
    products: Sequence[Product],
    vectors: Floats,
    *,
    shape: Shape | None = None,
    seed: int = 0,
    linkage: Linkage = average_linkage,
    noise: Noise = "keep",
    encode: Encode | None = None,
    reference: Sequence[Labels] = (),
    namer: Namer = as_suggested,
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
    noise : {"keep", "propose", "attach"}
        What becomes of products that fit no group: they stand nowhere; they are grouped on their own, and
        what then holds together becomes leaves, told as `proposed`; or each goes to the deepest node above
        the leaves that it fits, if there is one.
    encode : Encode, optional
        Of the encoder that made the vectors. With it names are chosen by what phrases mean, and leaves
        side by side that would have one name become one; without, by where phrases occur alone.
    reference : sequence of category paths
        Of a published taxonomy, whose labels are wordings beside the catalogue's own; needs `encode`.
    namer : Namer
        Asked about each node's name.
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
    grouping = Grouping(shape, seed, linkage, kept, progress)
    placed = grouping.find(points)
    first_proposed = int(placed.groups.max(initial=NOISE)) + 1
    if noise == "propose":
        placed = grouping.with_leftovers(points, placed)
    progress.start(ARRANGING)
    sizes = np.bincount(placed.groups + 1)[1:]  # noise is -1
    root = induce(centroids(points, placed.groups), sizes, shape)
    members = _members(placed.groups, root)
    progress.start("naming")
    vectors = unit(vectors)
    told, of_group = _told(members)
    book = PhraseBook.read([titles[at] for at in told], [brands[at] for at in told])
    if encode is None:
        named = name_tree(root, of_group, book, namer=namer)
    else:
        root, named = name_by_meaning(
            root, of_group, book, vectors[told], encode, reference=reference, namer=namer
        )
    by_meaning = () if encode is None else ("by meaning", *sorted(set(reference)))
    # A namer has no version: what it was heeded in tells it from others.
    names = [named[node].name for node in root.walk() if node is not root]
    ids = fingerprint(vectors[:0], [p.id for p in products], key, shape, noise, *by_meaning, *names)
    progress.start("measuring the tree")
    built = _Grower(products, vectors, placed, members, named, first_proposed, ids).grow(root)
    return attach_noise(built, vectors) if noise == "attach" else built


def attach_noise(built: Built, vectors: Floats) -> Built:
    """The same tree with what stands nowhere in the deepest node above the leaves that it fits, if any."""
    rows = [row for row, at in enumerate(built.memberships.values()) if at.node_id is None]
    fitting = Fitting.of(built.tree, built.centroids, built.fits).above_leaves()
    found = fitting.place(vectors[rows], inner=True)
    inner = {
        product: Membership(*at) for product, at in zip(built.noise, found, strict=True) if at[0] is not None
    }
    found_nowhere = len(rows) - len(inner)
    quality = replace(built.quality, noise_share=found_nowhere / max(len(built.memberships), 1))
    return replace(built, memberships={**built.memberships, **inner}, quality=quality)


def _told(members: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """Products whose titles name the tree, and which of these each group has: all, or an even choice."""
    is_all = sum(map(len, members)) <= MOST_TOLD
    most = MOST_TOLD if is_all else max(MOST_TOLD // len(members), 1)
    chosen = [group[:: -(-len(group) // most)] for group in members]
    told = sorted(product for group in chosen for product in group)
    place = {product: at for at, product in enumerate(told)}
    return told, [[place[product] for product in group] for group in chosen]


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
    first_proposed: int
    ids: str
    proposed: list[NodeId] = field(default_factory=list)
    draft: Draft = field(default_factory=lambda: Draft(Tree()))
    centroids: dict[NodeId, Floats] = field(default_factory=dict)
    evidence: dict[NodeId, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.node_of: list[NodeId | None] = [None] * len(self.products)
        self.leaves = np.full(len(self.products), NOISE, np.int64)
        self.sums = sums(self.vectors, self.placed.groups)

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
        quality, tree = judge(self.vectors, self.leaves), self.draft.tree()
        fits, nowhere = measure(tree, self.node_of, self.vectors, self.centroids)
        return Built(
            tree,
            memberships,
            self.centroids,
            self.evidence,
            quality,
            tuple(self.proposed),
            fits,
            nowhere,
        )

    def _add(self, branch: Branch, parent_id: NodeId, draw: NodeIds) -> None:
        node_id, named = draw(), self.named[branch]
        below = sorted(product for group in branch.groups for product in self.members[group])
        self.draft.add(Node(node_id, named.name, parent_id))
        self.centroids[node_id] = unit(self.sums[list(branch.groups)].sum(axis=0, keepdims=True))[0]
        typical = nsmallest(_EXAMPLES, below, key=lambda product: (-self.placed.membership[product], product))
        examples = tuple(self.products[product].id for product in typical)
        self.evidence[node_id] = Evidence(named.phrases, named.alternatives, examples)
        if not branch.children:
            self.leaves[below] = self.leaves.max(initial=NOISE) + 1
            if min(branch.groups) >= self.first_proposed:
                self.proposed.append(node_id)
            for product in below:
                self.node_of[product] = node_id
        for child in branch.children:
            self._add(child, node_id, draw)
