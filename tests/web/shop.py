"""The sample store in memory, its own labels as the tree, behind the same face as the real app."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import ui.demo
from taxonomy.audit import Finding, audit
from taxonomy.changes import ChangeSet
from taxonomy.edits import Assign, Create, Edit
from taxonomy.errors import DatabaseUnavailable
from taxonomy.node import NodeId
from taxonomy.product import Path as CategoryPath
from taxonomy.product import Product, ProductId, Source, split_path
from taxonomy.review import Guess, Suggestion
from taxonomy.search.rerank import Reranked
from taxonomy.search.route import Evidence, Intent, RankedNode, Routing
from taxonomy.service import editing, reviewing
from taxonomy.service.importing import import_catalog
from taxonomy.service.splitting import Group
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

    def uow(self) -> FakeUnitOfWork:
        if self.away:
            raise DatabaseUnavailable("the database does not answer at localhost:5432")
        return self.store

    def route(self, taxonomy: str, catalog: str, query: str, *, top: int = 10) -> Routing:
        tree = self.store.trees.head(taxonomy)
        shares = {at: _share(tree, at, query) for at in tree.descendants()}
        best = sorted(shares, key=lambda at: -(shares[at] ** 4))[:top]
        whole = sum(shares[at] ** 4 for at in best)
        ranked = [
            RankedNode(at, shares[at] ** 4 / whole, (Evidence("words", shares[at], _reason(shares[at])),))
            for at in best
            if whole
        ]
        return Routing(query, Intent.NARROW if whole else Intent.NONE, tuple(ranked))

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

    def groups(self, products: Sequence[Product], most: int) -> list[Group]:
        half = len(products) // 2
        ids = [one.id for one in products]
        return [Group("One half", tuple(ids[:half])), Group("The other", tuple(ids[half:]))][:most]

    def audit(self, taxonomy: str, catalog: str = "") -> list[Finding]:
        shelves: dict[NodeId, list[Product]] = defaultdict(list)
        for product in self.store.catalogs.products(catalog):
            for at in self.store.assignments.of_products(catalog, taxonomy, [product.id]).values():
                shelves[at.node_id].append(product)
        return audit(self.store.trees.head(taxonomy), products_by_node=shelves, catalog=catalog)

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


def ask(shop: Shop, *, every: int = 4) -> list[Suggestion]:
    """Have some products wait for an answer: each category's look alike, and the model is unsure."""
    tree, leaders = shop.tree, dict[CategoryPath, ProductId]()
    rows = []
    for number, product in enumerate(_products()):
        if number % every and product.category_path:
            continue
        leader = leaders.setdefault(product.category_path or (product.id,), product.id)
        shares = {at: _share(tree, at, product.title) for at in tree.leaves()}
        best = sorted(shares, key=lambda at: (-shares[at], at))[:3]
        guesses = tuple(Guess(at, chance) for at, chance in zip(best, (0.62, 0.21, 0.04), strict=True))
        worth = 1 / (1 + number) + (leader == product.id)
        rows.append(Suggestion(product.id, guesses, worth, leader, "bert@1", tree.version))
    with shop.uow() as uow:
        reviewing.fill(uow, CATALOG, TAXONOMY, rows)
    return rows


def _share(tree: Tree, node_id: NodeId, query: str) -> float:
    """The part of the query's words that the category has in its name, or half as much in its path."""
    words = fold(query).split()
    name, path = fold(tree.nodes[node_id].name), fold(tree.label(node_id))
    hits = [1.0 if word in name else 0.5 if word in path else 0.0 for word in words]
    return sum(hits) / len(words) if words else 0.0


def _reason(share: float) -> str:
    return f"its name has {share:.0%} of the words"


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
