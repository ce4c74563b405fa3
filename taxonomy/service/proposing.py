"""What people ask before they take a tree that a machine proposes: where would products stand, and why."""

from collections.abc import Iterator, Mapping
from itertools import islice

from taxonomy.changes import ChangeSet, apply
from taxonomy.edits import Assign, Split
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import ProductId, Source
from taxonomy.proposal import Report
from taxonomy.tree import Tree
from taxonomy.versus import Places, Versus, versus

__all__ = ["compare", "places", "report_of"]

_BATCH = 2000


def report_of(uow: UnitOfWork, change: ChangeSet) -> Report | None:
    """What speaks for a proposal, and for what a newer tree did not take of it; None if nothing is known."""
    return uow.changes.report(change.rest_of or change.id)


def compare(uow: UnitOfWork, one: ChangeSet, other: ChangeSet, catalog: str) -> Versus:
    """Two open proposals for one taxonomy, by where the products of a catalogue would stand.

    Raises
    ------
    InputError
        One of them does not fit the head.
    UnknownId
        There is no such catalogue.
    """
    head = uow.trees.head(one.taxonomy)
    trees = [apply(head, change.edits, change.source).tree for change in (one, other)]
    at_one, at_other = (
        places(uow, change, tree, catalog) for change, tree in zip((one, other), trees, strict=True)
    )
    return versus(trees[0], at_one, trees[1], at_other)


def places(uow: UnitOfWork, change: ChangeSet, after: Tree, catalog: str) -> Places:
    """Where each live product of a catalogue would stand, given the tree after a change set.

    What people placed stays, whatever a machine proposes.
    """
    named, leads = _named(change, catalog), _leads(change)
    found: dict[ProductId, NodeId | None] = {}
    is_new = not uow.trees.head(change.taxonomy).nodes  # nothing stands in a tree that is not there
    for ids in _batches(uow, catalog):
        standing = {} if is_new else uow.assignments.of_products(catalog, change.taxonomy, ids)
        for product_id in ids:
            now = standing.get(product_id)
            at = None if now is None else leads.get(now.node_id, now.node_id)
            if now is None or now.source is not Source.PERSON or change.source is Source.PERSON:
                at = named.get(product_id, at)
            found[product_id] = None if at is None else _live(after, at)
    return found


def _batches(uow: UnitOfWork, catalog: str) -> Iterator[list[ProductId]]:
    ids = (product.id for product in uow.catalogs.products(catalog))
    while batch := list(islice(ids, _BATCH)):
        yield batch


def _named(change: ChangeSet, catalog: str) -> Mapping[ProductId, NodeId]:
    """The products that the edits place."""
    found: dict[ProductId, NodeId] = {}
    for edit in change.edits:
        if isinstance(edit, Assign) and edit.catalog.lower() == catalog.lower():
            found |= dict.fromkeys(edit.product_ids, edit.node_id)
        elif isinstance(edit, Split) and edit.catalog.lower() == catalog.lower():
            found |= {product_id: part.node_id for part in edit.parts for product_id in part.product_ids}
    return found


def _leads(change: ChangeSet) -> Mapping[NodeId, NodeId]:
    """What takes the products of a node that is split, where no part names them."""
    return {edit.node_id: edit.parts[0].node_id for edit in change.edits if isinstance(edit, Split)}


def _live(tree: Tree, node_id: NodeId) -> NodeId | None:
    """The node, or what takes most of a retired one; None where nothing does."""
    if node_id in tree.nodes:
        return node_id
    leads = tree.successors(node_id)
    best = max(leads, key=lambda at: (leads[at], at), default=ROOT_ID)
    return None if best == ROOT_ID else best
