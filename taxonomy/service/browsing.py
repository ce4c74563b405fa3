"""What a merchandiser looks at: the tree with counts, and the products of a node."""

from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, Product
from taxonomy.tree import Tree

__all__ = ["Shelves", "products_below", "shelves", "totals"]


@dataclass(frozen=True, slots=True)
class Shelves:
    """A tree and how many products of a catalogue stand where.

    `own` counts products in a node itself, `total` also those below it, `n_unplaced` those in no node.
    """

    tree: Tree
    own: Mapping[NodeId, int]
    total: Mapping[NodeId, int]
    n_products: int
    n_unplaced: int


def shelves(uow: UnitOfWork, taxonomy: str, catalog: str) -> Shelves:
    """The head of a taxonomy with the counts of a catalogue.

    Raises
    ------
    UnknownId
        There is no such taxonomy or catalogue.
    """
    tree = uow.trees.head(taxonomy)
    own = {at: n for at, n in uow.assignments.counts(catalog, taxonomy).items() if at in tree.nodes}
    n_products = uow.catalogs.count(catalog)
    return Shelves(tree, own, totals(tree, own), n_products, n_products - sum(own.values()))


def totals(tree: Tree, own: Mapping[NodeId, int]) -> dict[NodeId, int]:
    """Counts of every node with all below it, the root included.

    >>> tree = Tree.from_paths([("Garden", "Tools")])
    >>> tools = tree.find(("Garden", "Tools"))
    >>> totals(tree, {tools: 3})[tree.find(("Garden",))]
    3
    """
    below = {at: own.get(at, 0) for at in (ROOT_ID, *tree.nodes)}
    for at in reversed(list(tree.descendants())):
        below[tree.nodes[at].parent_id] += below[at]
    return below


def products_below(
    uow: UnitOfWork, taxonomy: str, catalog: str, node_id: NodeId, *, limit: int = 100, offset: int = 0
) -> list[tuple[Product, Assignment]]:
    """One page of the products in a node and all below it.

    Raises
    ------
    UnknownId
        The node is not live; the message names its successor if it was retired.
    """
    tree = uow.trees.head(taxonomy)
    tree.node(node_id)
    return uow.assignments.of_node(
        catalog, taxonomy, [node_id, *tree.descendants(node_id)], limit=limit, offset=offset
    )
