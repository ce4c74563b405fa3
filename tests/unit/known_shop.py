"""A catalogue of departments and kinds as points around points, for what is built on a known tree."""

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.cluster.reduce import unit
from taxonomy.formats.tree_json import Membership, TreeFile
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId
from taxonomy.tree import Tree

__all__ = ["KINDS", "Shop", "node"]

KINDS = {
    "Garden": ("Rakes", "Spades", "Hoses", "Seeds"),
    "Kitchen": ("Kettles", "Pans", "Knives", "Bowls"),
    "Audio": ("Speakers", "Headphones", "Radios", "Amplifiers"),
}
DIM = 96


class Shop:
    """Products with vectors, drawn kind by kind; the same kind always lies around the same point."""

    def __init__(self, *, spread: float = 0.25) -> None:
        rng = np.random.default_rng(5)
        self.rng, self.spread = np.random.default_rng(6), spread
        self.middle: dict[str, Floats] = {}
        for kinds in KINDS.values():
            centre = rng.normal(size=DIM) * 1.5
            self.middle |= {kind: centre + rng.normal(size=DIM) * 0.9 for kind in kinds}
        self.products: list[Product] = []
        self.rows: list[Floats] = []

    def add(self, kind: str, n: int, *, tag: str = "") -> list[ProductId]:
        """`n` more products of a kind."""
        department = next(one for one, kinds in KINDS.items() if kind in kinds)
        made = [
            Product(
                ProductId(f"{kind}{tag}{i}"), f"model {i} {kind.lower()}", category_path=(department, kind)
            )
            for i in range(n)
        ]
        self.products += made
        self.rows += [self.middle[kind] + self.rng.normal(size=DIM) * self.spread for _ in made]  # type: ignore[misc]
        return [one.id for one in made]

    def stock(self, n: int, *, but: Sequence[str] = ()) -> "Shop":
        """`n` products of each kind."""
        for kinds in KINDS.values():
            for kind in kinds:
                if kind not in but:
                    self.add(kind, n)
        return self

    def drop(self, kind: str, *, leave: int = 0) -> None:
        """Take the products of a kind out of the catalogue, but the first few."""
        own = [at for at, one in enumerate(self.products) if one.category_path[-1] == kind][leave:]
        self.products = [one for at, one in enumerate(self.products) if at not in set(own)]
        self.rows = [one for at, one in enumerate(self.rows) if at not in set(own)]

    @property
    def vectors(self) -> Floats:
        """(n, dim) float32, unit rows."""
        return unit(np.array(self.rows))

    def file(self, renamed: Mapping[str, str] | None = None) -> TreeFile:
        """The shop's own tree with every product in it; kinds may stand under another kind's name."""
        said = renamed or {}
        paths = [
            (one.category_path[0], said.get(one.category_path[1], one.category_path[1]))
            for one in self.products
        ]
        tree = Tree.from_paths(paths)
        members = {
            one.id: Membership(tree.find(path), 1.0) for one, path in zip(self.products, paths, strict=True)
        }
        return TreeFile(tree, members)


def node(tree: Tree, *path: str) -> NodeId:
    """The node at a path that is there."""
    found = tree.find(path)
    if found is None:
        raise LookupError(path)
    return found
