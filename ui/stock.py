"""What stands in the nodes of a taxonomy, as much of it as a judgement needs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product

__all__ = ["shelved", "stock_of"]

PRODUCTS_PER_NODE = 30  # enough for a centroid and the words of a shelf; more only costs memory
PRODUCTS_AUDITED = 500  # of a node: shares and means hardly move with more
BATCH = 2000


def stock_of(
    uow: UnitOfWork, taxonomy: str, catalog: str
) -> tuple[dict[NodeId, list[Product]], dict[NodeId, int]]:
    """A sample of what stands in each node that is enough to judge it by, and how many really stand there."""
    stock: dict[NodeId, list[Product]] = defaultdict(list)
    for at, product in shelved(uow, taxonomy, catalog, per_node=PRODUCTS_AUDITED):
        stock[at].append(product)
    return stock, uow.assignments.counts(catalog, taxonomy)


def shelved(
    uow: UnitOfWork, taxonomy: str, catalog: str, *, per_node: int = PRODUCTS_PER_NODE
) -> Iterator[tuple[NodeId, Product]]:
    """Products with the nodes they stand in, at most so many of each node."""
    taken: Counter[NodeId] = Counter()
    for batch in _batches(uow.catalogs.products(catalog)):
        standing = uow.assignments.of_products(catalog, taxonomy, [one.id for one in batch])
        for product in batch:
            if (one := standing.get(product.id)) and taken[one.node_id] < per_node:
                taken[one.node_id] += 1
                yield one.node_id, product


def _batches(products: Iterable[Product]) -> Iterator[list[Product]]:
    rows = iter(products)
    while batch := list(islice(rows, BATCH)):
        yield batch
