"""New nodes in a tree that stands: where they hang, and what they are called."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.induce import Branch
from ingest.cluster.kinds import Kinds
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.name import Named, name_tree, numbered
from ingest.cluster.phrases import PhraseBook
from ingest.cluster.sense import name_by_meaning
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["Sprout", "hang", "name_sprouts"]

_NEIGHBOURS = 5  # nearest shelves that say where a new one belongs
_AGREE = 0.5  # of them, by likeness, that stand below its parent
_STRANGE = 0.5
"""Part of the usual likeness of neighbours: a new kind that is less like all shelves goes to the top."""


@dataclass(frozen=True)
class Sprout:
    """A node to be: its parent, its products, and what stands below it (then the products are theirs)."""

    parent_id: NodeId
    members: Indices = field(repr=False)
    children: "tuple[Sprout, ...]" = ()


def hang(
    tree: Tree,
    at: Sequence[NodeId],
    shelves: Kinds,
    kinds: Sequence[Indices],
    points: Floats,
    *,
    max_depth: int,
) -> list[Sprout]:
    """The new kinds where the most like shelves stand; those like nothing there is together, at the top.

    Parameters
    ----------
    tree : Tree
    at : sequence of NodeId
        The node of each shelf.
    shelves : Kinds
    kinds : sequence of (n_members,) int64
        Positions of the products of each new kind.
    max_depth : int
        Nothing new stands deeper.
    """
    if not kinds:
        return []
    sums = np.array([points[kind].sum(axis=0, dtype=np.float64) for kind in kinds])
    sizes = np.array([len(kind) for kind in kinds])
    n = len(at)
    both = Kinds(np.vstack([shelves.sums, sums]), np.append(shelves.sizes, sizes)).likeness()
    usual = float(np.median(both[:n, :n].max(axis=1))) if n > 1 else 0.0
    return [
        Sprout(_parent(tree, at, both[n + new, :n], _STRANGE * usual, max_depth), kind)
        for new, kind in enumerate(kinds)
    ]


def _parent(
    tree: Tree, at: Sequence[NodeId], likeness: NDArray[np.float64], least: float, max_depth: int
) -> NodeId:
    """The deepest node that most of the nearest shelves, weighed by likeness, stand below."""
    order = np.argsort(-likeness, kind="stable")[:_NEIGHBOURS]
    near = [(at[one], float(likeness[one])) for one in order if likeness[one] >= max(least, 1e-6)]
    if not near:
        return ROOT_ID
    weights: Counter[NodeId] = Counter()
    for node_id, weight in near:
        weights.update(dict.fromkeys(_above(tree, node_id), weight))
    total = sum(weight for _, weight in near)
    likely = [
        one
        for one, weight in weights.items()
        if weight >= _AGREE * total and tree.depth(one) < max_depth and not _is_held(tree, one)
    ]
    return max(likely, key=lambda one: (tree.depth(one), weights[one], one), default=ROOT_ID)


def _above(tree: Tree, node_id: NodeId) -> tuple[NodeId, ...]:
    """What a new neighbour of a node can hang on; a node that has children can be neighbour and parent."""
    return tree.ancestors(node_id) if tree.is_leaf(node_id) else tree.lineage(node_id)


def _is_held(tree: Tree, node_id: NodeId) -> bool:
    return tree.nodes[node_id].locked


def name_sprouts(
    tree: Tree,
    sprouts: Sequence[Sprout],
    members: Mapping[NodeId, Indices],
    products: Sequence[Product],
    vectors: Floats,
    encode: Encode | None,
) -> list[Named]:
    """A name for each sprout, in their order and those below one after it; no sibling's, and none above it.

    Parameters
    ----------
    members : mapping of NodeId to (n,) int64
        Positions of the products at or below each node that stays; what new names are told apart from.
    vectors : (n_products, dim) float32, unit rows
        Of the encoder.
    """
    if not sprouts:
        return []
    book = PhraseBook.read([one.title for one in products], [one.brand for one in products])
    groups, branches, root = _branches(tree, sprouts, members)
    held = [one.tolist() for one in groups]
    if encode is None:
        named = name_tree(root, held, book)
    else:
        _, named = name_by_meaning(root, held, book, vectors, encode)
    taken = {
        parent: {fold(tree.nodes[at].name) for at in (*tree.children_of(parent), *tree.lineage(parent))}
        for parent in {one.parent_id for one in sprouts}
    }
    return list(_chosen(sprouts, branches, named, taken))


def _chosen(
    sprouts: Sequence[Sprout],
    branches: Sequence[Branch],
    named: Mapping[Branch, Named],
    taken: dict[NodeId, set[str]],
) -> Iterator[Named]:
    for sprout, branch in zip(sprouts, branches, strict=True):
        used = taken[sprout.parent_id]
        own = _free(_of(branch, named), used)
        used.add(fold(own.name))
        yield own
        below = {fold(own.name)}
        for child in branch.children:
            yield (lower := _free(_of(child, named), below))
            below.add(fold(lower.name))


def _of(branch: Branch, named: Mapping[Branch, Named]) -> Named:
    """The name that was found for a branch, or for the smallest one that it became part of."""
    wanted = set(branch.groups)
    holding = [one for one in named if wanted <= set(one.groups)]
    best = min(holding, key=lambda one: (len(one.groups), one != branch), default=None)
    return Named("Other", (), ()) if best is None else named[best]


def _free(named: Named, taken: Iterable[str]) -> Named:
    used = frozenset(taken)
    wordings = dict.fromkeys((named.name, *named.alternatives, *(one.text for one in named.phrases)))
    free = [one for one in wordings if fold(one) not in used]
    name = free[0] if free else numbered(named.name, used)
    others = tuple(one for one in wordings if one != name)[: len(named.alternatives)]
    return Named(name, others, named.phrases)


def _branches(
    tree: Tree, sprouts: Sequence[Sprout], members: Mapping[NodeId, Indices]
) -> tuple[list[Indices], list[Branch], Branch]:
    """A tree of those families that get new children, and the branch of each sprout in it."""
    groups: list[Indices] = []

    def leaf(held: Indices) -> Branch:
        groups.append(held)
        return Branch((len(groups) - 1,))

    families: dict[NodeId, list[Branch]] = {}
    branches = []
    for sprout in sprouts:
        children = tuple(leaf(child.members) for child in sprout.children)
        inner = Branch(tuple(at for child in children for at in child.groups), children)
        branches.append(inner if children else leaf(sprout.members))
        families.setdefault(sprout.parent_id, []).append(branches[-1])
    for parent_id, family in families.items():
        known = (members[at] for at in tree.children_of(parent_id) if at in members)
        family += [leaf(held) for held in known if len(held)]
    tops = tuple(
        Branch(tuple(at for one in family for at in one.groups), tuple(family))
        for family in families.values()
    )
    return groups, branches, Branch(tuple(range(len(groups))), tops)
