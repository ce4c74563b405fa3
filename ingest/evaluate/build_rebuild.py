"""Whether a tree is still the same after more products came: by its ids, its locked nodes and its bytes."""

import hashlib
import tempfile
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ingest.cluster.build import Built, build
from ingest.cluster.keep import CHURN, rebuild
from ingest.cluster.meaning import Encode
from ingest.cluster.reduce import sample
from ingest.cluster.standing import Standing
from ingest.evaluate.build_place import Placing, placing
from taxonomy.formats.tree_json import write
from taxonomy.node import NodeId
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product, ProductId
from taxonomy.tree import Draft, Tree
from taxonomy.versus import Places, jaccards, one_to_one

__all__ = ["SAME", "Identity", "Rerun", "digest", "kept_share", "rerun"]

SAME = 0.8
"""Jaccard from which on a node is said to have stayed what it was."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What is left of a tree in a later one.

    Attributes
    ----------
    ids_kept : float
        Share of nodes that are there under their id, with a Jaccard of `SAME` or more over the products that
        both trees were made from.
    matched : float
        Share of nodes that have a counterpart of that Jaccard under any id: what somebody could win back who
        compared the trees node by node.
    locked_kept : float
        Share of locked nodes whose id, path and known products are as they were; 1 where none is locked.
    n_new : int
        Nodes under an id that was not there.
    """

    ids_kept: float
    matched: float
    locked_kept: float
    n_new: int


@dataclass(frozen=True, slots=True)
class Rerun:
    """A build on a part of the products, then on all: on the tree that stood, afresh, and by placing them."""

    n_nodes: int
    n_locked: int
    n_arrived: int
    kept: Identity
    afresh: Identity
    placing: Placing
    digest: str


def rerun(
    products: Sequence[Product],
    vectors: Floats,
    *,
    arriving: float = 0.1,
    locked: float = 0.1,
    churn: float = CHURN,
    seed: int = 0,
    encode: Encode | None = None,
    others: Floats | None = None,
    progress: Progress | None = None,
) -> Rerun:
    """Build without some of the products, lock some nodes, and build again with all.

    Parameters
    ----------
    products : sequence of Product
        Their paths are not shown to the builds.
    vectors : (n, dim) float32
    arriving : float
        Share of the products that come later, drawn at random.
    locked : float
        Share of the nodes that a person locks in between, drawn at random.
    churn : float
        What a rebuild may change.
    others : (n_others, dim) float32, optional
        Of another catalogue: is it said that these do not belong here?
    """
    progress, labelled = progress or Silent(), products
    products = [replace(one, category_path=()) for one in labelled]
    first = sample(len(products), round(len(products) * (1 - arriving)), seed)
    before = build(
        [products[at] for at in first], vectors[first], seed=seed, encode=encode, progress=progress
    )
    tree = _with_locks(before.tree, locked, seed)
    standing = Standing.of_file(replace(before.file(), tree=tree))
    kept = rebuild(
        products, vectors, standing=standing, churn=churn, seed=seed, encode=encode, progress=progress
    ).built
    afresh = build(products, vectors, seed=seed, encode=encode, progress=progress)
    n_locked = sum(node.locked for node in tree.nodes.values())
    return Rerun(
        len(tree),
        n_locked,
        len(products) - len(first),
        _identity(tree, before, kept),
        _identity(tree, before, afresh),
        placing(before.file(), labelled, vectors, others=others, seed=seed),
        digest(kept),
    )


def digest(built: Built) -> str:
    """Of the bytes that `build --tree` would write."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tree.json"
        write(path, built.file())
        return hashlib.sha256(path.read_bytes()).hexdigest()


def _with_locks(tree: Tree, share: float, seed: int) -> Tree:
    draft, order = Draft(tree), sorted(tree.nodes)
    for at in np.random.default_rng(seed).permutation(len(order))[: round(share * len(order))]:
        draft.replace(replace(tree.nodes[order[at]], locked=True))
    return draft.tree()


def _identity(tree: Tree, before: Built, after: Built) -> Identity:
    old, new = before.places, after.places
    overlaps = jaccards(tree, old, after.tree, new)
    alike = sorted((-overlap, ends) for ends, overlap in overlaps.items() if overlap >= SAME)
    same = len(one_to_one(ends for _, ends in alike))
    held = _filled(tree, old, old)
    locked = [at for at, node in tree.nodes.items() if node.locked]
    return Identity(
        kept_share(tree, old, after.tree, new),
        same / max(len(held), 1),
        sum(_is_untouched(at, tree, old, after.tree, new) for at in locked) / len(locked) if locked else 1.0,
        sum(at not in tree for at in after.tree.nodes),
    )


def kept_share(tree: Tree, places: Places, other: Tree, other_places: Places) -> float:
    """The part of a tree's nodes that are in another under their id, with a Jaccard of at least `SAME`.

    Counted are nodes with products that both know, what stands below them included; 1 where there are none.
    """
    overlaps = jaccards(tree, places, other, other_places)
    filled = _filled(tree, places, other_places)
    kept = sum(overlaps.get((at, at), 0.0) >= SAME for at in filled)
    return kept / len(filled) if filled else 1.0


def _filled(tree: Tree, places: Places, known: Container[ProductId]) -> set[NodeId]:
    """The nodes that hold any known product, or have such a node below."""
    return {above for at, here in places.items() if here and at in known for above in tree.lineage(here)}


def _is_untouched(at: NodeId, tree: Tree, old: Places, after: Tree, new: Places) -> bool:
    if at not in after or tree.path(at) != after.path(at):
        return False
    return all(new.get(product_id) == at for product_id, here in old.items() if here == at)
