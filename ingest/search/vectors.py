"""The leg that compares meanings: vectors of queries beside vectors of nodes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Encoder, Floats, Progress, Silent
from taxonomy.product import Product
from taxonomy.search.legs import node_order
from taxonomy.tree import Tree

__all__ = ["CENTROID_SHARE", "PRODUCTS_PER_NODE", "VectorLeg", "vector_leg"]

ABOVE_SHARE = 0.4
"""What the cosine with the names of a node's ancestors counts beside that with its own name. It tells a
department's shelf from the same shelf of a single brand. On half of a click log over 4,714 nodes the two
reached an MRR of 0.139, name and whole path encoded as one text 0.125; on the other half 0.175 and 0.142."""

PRODUCTS_PER_NODE = 16
"""Titles that are encoded for a node's centroid; more move it little and cost encoding time."""

CENTROID_SHARE = 0.4
"""What the cosine with the centroid of a node's products counts beside the other two."""

SIMILAR = 0.3
"""Cosine from which a node is called similar in words; unrelated short texts stay below it."""


@dataclass(frozen=True)
class VectorLeg:
    """Mean cosine of the query's vector with those of each node's name, ancestors and products.

    Attributes
    ----------
    encoder : Encoder
        The one that made `vectors`; vectors of two revisions never meet.
    vectors : (n_nodes, dim) float32
        In node order; weighted means of unit vectors, so that a product with them is a mean of cosines.
    """

    encoder: Encoder
    vectors: Floats
    name: str = field(default="vectors", init=False)

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes) in 0..1: the cosine, 0 where it is negative and for a blank query."""
        told = np.array([bool(query.strip()) for query in queries], dtype=np.float32)
        cosine_sim = self.encoder.encode(list(queries)) @ self.vectors.T
        return np.asarray(np.clip(cosine_sim, 0.0, 1.0) * told[:, None], dtype=np.float32)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Such as ``similar in meaning (0.62)``."""
        return [f"similar in meaning ({score:.2f})" if score >= SIMILAR else "" for score in scores]


def vector_leg(
    tree: Tree,
    encoder: Encoder,
    *,
    products: Iterable[tuple[NodeId, Product]] = (),
    centroid_share: float = CENTROID_SHARE,
    progress: Progress | None = None,
) -> VectorLeg:
    """The leg over vectors of names, ancestors' names and the products known to stand in nodes.

    Retired ids of products count for their successors.
    """
    order, progress = node_order(tree), progress or Silent()
    names = encoder.encode([_name(tree, at) for at in order], progress=progress)
    vectors = (1 - ABOVE_SHARE) * names + ABOVE_SHARE * _above(tree, names)
    for at, titles in _titles(tree, products).items():
        centroid = _unit(encoder.encode(titles, progress=progress).sum(axis=0))
        vectors[at] = (1 - centroid_share) * vectors[at] + centroid_share * centroid
    return VectorLeg(encoder, vectors)


def _above(tree: Tree, names: Floats) -> Floats:
    """The mean of the names of each node's ancestors; a top category stands for its own."""
    place = {node_id: at for at, node_id in enumerate(node_order(tree))}
    lineages = [[place[up] for up in tree.ancestors(node_id)] or [at] for node_id, at in place.items()]
    means = [names[lineage].mean(axis=0) for lineage in lineages]
    return _unit(np.array(means, dtype=np.float32).reshape(names.shape))


def _name(tree: Tree, node_id: NodeId) -> str:
    node = tree.node(node_id)
    return ", ".join((node.name, *node.alt_labels))


def _titles(tree: Tree, products: Iterable[tuple[NodeId, Product]]) -> dict[int, list[str]]:
    """Up to `PRODUCTS_PER_NODE` titles of each node that has any, by the node's place in the order."""
    place = {node_id: at for at, node_id in enumerate(node_order(tree))}
    titles: dict[int, list[str]] = {}
    for node_id, product in products:
        live = tree.resolve(node_id)
        if live != ROOT_ID:
            titles.setdefault(place[live], []).append(product.title)
    return {at: found[:PRODUCTS_PER_NODE] for at, found in titles.items()}


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
