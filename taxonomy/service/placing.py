"""Put products into the nodes of a tree: by what the shop says of them, or by what a model says."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from taxonomy.ports import Progress, Silent, UnitOfWork
from taxonomy.product import Assignment, Product, Source
from taxonomy.tree import Tree

__all__ = ["place_by_label", "place_by_model"]

T = TypeVar("T")

BATCH_SIZE = 2000  # products a transaction: what an interrupted run has to do again at most


def place_by_label(uow: UnitOfWork, catalog: str, taxonomy: str) -> tuple[int, int]:
    """Put each product where its own `category_path` says, if the taxonomy has that path, and commit.

    Returns
    -------
    n_placed, n_unknown : int
        Products placed, and products with a path that the taxonomy does not have.
    """
    tree = uow.trees.head(taxonomy)
    n_placed = n_unknown = 0
    for batch in _batches(uow.catalogs.products(catalog)):
        found = list(_labelled(tree, batch))
        uow.assignments.write(catalog, taxonomy, found)
        n_placed += len(found)
        n_unknown += sum(bool(product.category_path) for product in batch) - len(found)
    uow.commit()
    return n_placed, n_unknown


def _labelled(tree: Tree, products: Sequence[Product]) -> Iterator[Assignment]:
    for product in products:
        if product.category_path and (node_id := tree.find(product.category_path)):
            yield Assignment(product.id, node_id, 1.0, Source.IMPORT, tree_version=tree.version)


def place_by_model(
    uow: UnitOfWork,
    catalog: str,
    taxonomy: str,
    assignments: Iterable[Assignment],
    *,
    progress: Progress | None = None,
) -> int:
    """Write a model's assignments, committed in batches; what people placed stays where it is.

    Returns
    -------
    int
        Products whose assignment changed.
    """
    progress, n_changed = progress or Silent(), 0
    for batch in _batches(assignments):
        n_changed += uow.assignments.write(catalog, taxonomy, batch)
        uow.commit()
        progress.advance(len(batch))
    return n_changed


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(items)
    while batch := list(islice(rows, BATCH_SIZE)):
        yield batch
