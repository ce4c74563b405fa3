"""The sample store in memory, its own labels as the tree, behind the same face as the real app."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import ui.demo
from taxonomy.changes import ChangeSet
from taxonomy.edits import Assign, Create, Edit
from taxonomy.errors import DatabaseUnavailable
from taxonomy.node import NodeId
from taxonomy.ports import Floats, UnitOfWork
from taxonomy.product import Product, ProductId, Source, split_path
from taxonomy.search.legs import LegWeight, node_order
from taxonomy.search.rerank import Reranked
from taxonomy.search.route import Router, Routing
from taxonomy.service import editing
from taxonomy.service.importing import import_catalog
from taxonomy.text import fold
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork
from ui.settings import Settings

TAXONOMY = CATALOG = "sample"


@dataclass
class Shop:
    """What `ui.wiring.App` is to the screens, without database and models."""

    store: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)
    settings: Settings = field(default_factory=lambda: Settings(author="Maya"))
    away: bool = False

    def uow(self) -> UnitOfWork:
        if self.away:
            raise DatabaseUnavailable("the database does not answer at localhost:5432")
        return self.store

    def route(self, taxonomy: str, catalog: str, query: str, *, top: int = 10) -> Routing:
        tree = self.store.trees.head(taxonomy)
        return Router(tree, [Words(tree)], {"words": LegWeight(5.0, 0.3)}).route(query, top=top)

    def search(
        self, taxonomy: str, catalog: str, query: str, *, top: int = 20
    ) -> list[tuple[Product, Reranked]]:
        words = fold(query).split()
        found = []
        for product in self.store.catalogs.products(catalog):
            hits = [word for word in words if word in fold(product.title)]
            if hits:
                why = f"its title has {' and '.join(hits)}"
                found.append((product, Reranked(product.id, len(hits) / len(words), why)))
        return sorted(found, key=lambda row: -row[1].score)[:top]

    @property
    def tree(self) -> Tree:
        return self.store.trees.head(TAXONOMY)

    def at(self, *names: str) -> NodeId:
        """The id of the category at this path."""
        found = self.tree.find(names)
        if found is None:
            raise LookupError(f"the sample store has no category {names}")
        return found

    def edit(self, *edits: Edit, author: str = "Noor") -> ChangeSet:
        """Somebody else's edit."""
        with self.uow() as uow:
            return editing.edit(uow, TAXONOMY, edits, author=author)


@dataclass
class Words:
    """A leg of the router: the part of the query's words that the category's path has."""

    tree: Tree
    name = "words"

    def scores(self, queries: Sequence[str]) -> Floats:
        rows = [[self._share(query, at) for at in node_order(self.tree)] for query in queries]
        return np.array(rows, dtype=np.float32)

    def evidence(self, query: str, nodes: Sequence[int]) -> list[str]:
        order = node_order(self.tree)
        shares = [self._share(query, order[at]) for at in nodes]
        return [f"its name has {share:.0%} of the words" if share else "" for share in shares]

    def _share(self, query: str, node_id: NodeId) -> float:
        words = fold(query).split()
        name, path = fold(self.tree.nodes[node_id].name), fold(self.tree.label(node_id))
        hits = [1.0 if word in name else 0.5 if word in path else 0.0 for word in words]
        return sum(hits) / len(words) if words else 0.0


def sample_shop(*, with_products: bool = True, with_categories: bool = True) -> Shop:
    """400 products in the tree of their labels; those without a label stand in no category."""
    shop = Shop()
    with shop.uow() as uow:
        if with_products:
            import_catalog(uow, CATALOG, _products(), digest="sample")
        uow.trees.create(TAXONOMY)
        uow.commit()
        if with_categories:
            edits = list(_edits(with_places=with_products))
            editing.edit(uow, TAXONOMY, edits, author="shelftree", source=Source.BUILD, reason="first tree")
    return shop


def _edits(*, with_places: bool) -> Iterator[Edit]:
    """What makes the tree of the labels, and puts the products into it."""
    labels = Tree.from_paths(product.category_path for product in _products())
    for node_id in labels.descendants():
        yield Create(labels.nodes[node_id])
    members = defaultdict(list)
    for product in _products() if with_places else ():
        if (found := labels.find(product.category_path)) is not None:
            members[found].append(product.id)
    for node_id, ids in members.items():
        yield Assign(CATALOG, node_id, tuple(ids), tuple(map(_sureness, ids)))


def _sureness(product_id: ProductId) -> float:
    """Some number in 0.6..1, the same each time."""
    return 0.6 + 0.4 * (sum(product_id.encode()) * 37 % 100) / 99


@cache
def _products() -> tuple[Product, ...]:
    path = Path(ui.demo.__file__).parent / "sample" / "products.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Product(
                ProductId(row["product_id"]),
                row["title"],
                row["brand"],
                row["description"],
                split_path(row["category_path"]),
                float(row["price"]) if row["price"] else None,
            )
            for row in csv.DictReader(file)
        )
