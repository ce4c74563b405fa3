"""A tree from what is known already: nodes are filled that have a name or examples, and gaps become new ones.

A node with examples is the place where these lie; one without is where its names lie, until the products that
are surely meant say it better. What fits at no node feeds the gaps.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.cluster.density import NOISE
from ingest.cluster.gaps import gaps
from ingest.cluster.grafting import Plan, graft
from ingest.cluster.kinds import Kinds, fill
from ingest.cluster.meaning import Encode
from ingest.cluster.outcome import Rebuilt
from ingest.cluster.recognise import recognise
from ingest.cluster.reduce import beside, reduce, unit
from ingest.cluster.shape import Shape
from ingest.cluster.sprouts import Sprout, hang
from ingest.cluster.standing import Standing
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product, ProductId, join_path
from taxonomy.text import normalise
from taxonomy.tree import Tree

__all__ = ["build_seeded", "labelled_by_path"]

_ROUNDS = 3  # of filling: after the third, hardly a product joins
_MEANT = 0.45  # cosine of a product to a node's names, both centred, from which it is surely meant
_CLEAR = 0.03  # and so much nearer than to the next node's


def labelled_by_path(tree: Tree, products: Sequence[Product]) -> dict[ProductId, NodeId]:
    """The products that say by their own `category_path` in which node of the tree they stand."""
    found = ((one.id, tree.find(one.category_path)) for one in products if one.category_path)
    return {product_id: at for product_id, at in found if at is not None}


def build_seeded(
    products: Sequence[Product],
    vectors: Floats,
    *,
    tree: Tree,
    encode: Encode,
    labelled: Mapping[ProductId, NodeId] | None = None,
    taught: Floats | None = None,
    by_people: frozenset[ProductId] = frozenset(),
    shape: Shape | None = None,
    seed: int = 0,
    attach: bool = False,
    progress: Progress | None = None,
) -> Rebuilt:
    """The known tree, filled, and new nodes for the kinds that it has no place for.

    Parameters
    ----------
    products : sequence of Product, ids distinct
    vectors : (n, dim) float32
        One per product.
    tree : Tree
        What is known; every node stays, with its id.
    encode : Encode
        Of the encoder that made the vectors: nodes without examples are found by their names.
    labelled : mapping of ProductId to NodeId, optional
        Examples; they stay where they are.
    taught : (n, dim) float32, optional
        The products as an encoder sees them that was trained on the known categories. It counts as much as
        `vectors`: alone it has learnt examples by heart, which then say too little of new products.
    by_people : frozenset of ProductId
        The examples that people placed, for who reads the result.
    shape : Shape, optional
        Limits of what is new. Without `min_size` a new node has as few products as seeds of the tree have.
    attach : bool
        What fits nowhere goes to the deepest node above the leaves that it fits, if there is one.
    seed, progress
        As for `ingest.cluster.build.build`.

    Raises
    ------
    InputError
        The tree has no nodes.
    ValueError
        There is not one vector for each product.
    """
    if len(products) != len(vectors):
        raise ValueError(f"{len(products)} products, {len(vectors)} vectors: one of each is needed")
    if not len(tree):
        raise InputError("the seed has no categories: name a taxonomy with some, or build without a seed")
    shape, progress = shape or Shape(), progress or Silent()
    progress.start("finding what products share")
    seen = vectors if taught is None else beside(vectors, taught)
    titles, brands = [one.title for one in products], [one.brand for one in products]
    points = reduce(seen, titles, brands=brands, seed=seed)
    standing = Standing(tree, labelled or {}, by_people=by_people)
    shelves = _Seeds(products, points, standing)
    progress.start("filling what is known by name")
    shelves.fill_by_name(unit(vectors), encode)
    progress.start("looking for kinds that the tree has no place for")
    least = shape.min_size or shelves.least(shape.least(len(products)))
    sprouts = shelves.take_gaps(least, shape.max_depth)
    progress.start("naming")
    plan = Plan([None if group == NOISE else shelves.at[group] for group in shelves.groups], sprouts)
    return graft(products, vectors, points, standing, plan, seed=seed, encode=encode, attach=attach)


class _Seeds:
    """Which seed each product is at, while that is being found out."""

    def __init__(self, products: Sequence[Product], points: Floats, standing: Standing) -> None:
        self.products, self.points, self.tree = products, points, standing.tree
        places = [standing.place(one.id) for one in products]
        filled = set(places)
        self.at = [at for at in self.tree.descendants() if at in filled or self.tree.is_leaf(at)]
        number = {at: n for n, at in enumerate(self.at)}
        self.groups = np.array([NOISE if at is None else number[at] for at in places], np.int64)

    def least(self, usual: int) -> int:
        """As few products as a tenth of the seeds with examples have, at least two, at most the usual."""
        sizes = np.bincount(self.groups[self.groups != NOISE])
        known = sizes[sizes > 0]
        return max(2, min(usual, int(np.quantile(known, 0.1)))) if len(known) else usual

    def fill_by_name(self, vectors: Floats, encode: Encode) -> None:
        """Give each seed without examples the products that its names surely mean, if there are any."""
        empty = np.setdiff1d(np.arange(len(self.at)), self.groups)
        if not len(empty):
            return
        names = _meanings(self.tree, self.at, encode)
        free = np.flatnonzero(self.groups == NOISE)
        sims = (unit(vectors[free] - vectors.mean(axis=0)) @ names.T).astype(np.float32)
        best = sims.argmax(axis=1)
        first = sims[np.arange(len(free)), best]
        sims[np.arange(len(free)), best] = -np.inf
        second = sims.max(axis=1) if len(self.at) > 1 else np.full(len(free), -1.0)
        meant = (first >= _MEANT) & (first - second >= _CLEAR) & np.isin(best, empty)
        self.groups[free[meant]] = best[meant]

    def take_gaps(self, least: int, max_depth: int) -> list[Sprout]:
        """Fill the seeds with their like, hang new kinds, and let the rest join the seeds that it fits."""
        used, self.groups = np.unique(self.groups, return_inverse=True)
        held = used[used != NOISE]
        self.groups = np.where(used[self.groups] == NOISE, NOISE, self.groups - (NOISE in used))
        self.at = [self.at[at] for at in held]
        free = np.flatnonzero(self.groups == NOISE)
        met = recognise(self.points, self.groups, free)
        kinds = gaps(self.points, self.groups, free[met == NOISE], least)
        self.groups[free] = met
        taken = np.zeros(len(self.groups), bool)
        for kind in kinds:
            taken[kind] = True
        shelves = Kinds.of(self.points, self.groups, len(self.at))
        sprouts = hang(self.tree, self.at, shelves, kinds, self.points, max_depth=max_depth)
        for _ in range(_ROUNDS):
            self.groups = fill(self.points, self.groups, np.flatnonzero(~taken))
        return sprouts


def _meanings(tree: Tree, at: Sequence[NodeId], encode: Encode) -> Floats:
    """(n_nodes, dim) unit rows, centred: what each node's names, path and scope note mean together."""
    texts: list[str] = []
    owner: list[int] = []
    for number, node_id in enumerate(at):
        node = tree.nodes[node_id]
        said = (node.name, join_path(tree.path(node_id)[-2:]), *node.alt_labels, node.scope_note)
        own = list(dict.fromkeys(normalise(one) for one in said if one))
        texts += own
        owner += [number] * len(own)
    rows = encode(texts)
    sums = np.zeros((len(at), rows.shape[1]), np.float64)
    np.add.at(sums, np.array(owner), rows)
    names = unit(sums)
    return unit(names - names.mean(axis=0)) if len(at) > 1 else names
