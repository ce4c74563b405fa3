"""What the contract tests start from: a small tree `home`, and a catalogue `shop` of three products."""

from collections.abc import Sequence
from dataclasses import replace

from taxonomy.changes import apply
from taxonomy.edits import Edit
from taxonomy.formats.entries import Entry
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, Path, Product, ProductId, Source
from taxonomy.records import ImportMark
from taxonomy.service.importing import import_taxonomy
from taxonomy.service.placing import place_by_label
from taxonomy.tree import Tree

PATHS: tuple[Path, ...] = (("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Pans"))
SPADE = Product(ProductId("p1"), "Steel spade", "Digwell", price=19.5, category_path=("Garden", "Tools"))
POPPY = Product(ProductId("p2"), "Poppy seeds 5 g", attributes={"colour": "red", "season": "spring"})
WOK = Product(ProductId("p3"), "Wok 30 cm", description="Carbon steel", image="wok.jpg", split="train")
SHELF = (SPADE, POPPY, WOK)


def planted(uow: UnitOfWork, paths: Sequence[Path] = PATHS) -> Tree:
    """The taxonomy `home` with these paths, committed at version 1."""
    tree = replace(Tree.from_paths(paths), version=1)
    uow.trees.save("home", uow.trees.create("home"), tree)
    uow.commit()
    return tree


def edited(uow: UnitOfWork, *edits: Edit) -> tuple[Tree, tuple[Edit, ...]]:
    """The next version of `home`, committed, and the edits that lead back."""
    head = uow.trees.lock("home")
    done = apply(head, edits, Source.IMPORT)
    uow.trees.save("home", head, done.tree)
    uow.commit()
    return done.tree, done.inverse


def imported(uow: UnitOfWork, products: Sequence[Product], digest: str = "one") -> tuple[ImportMark, int]:
    """The finished import of a file with these products into `shop`, committed; how many retired."""
    uow.catalogs.create("shop")
    mark = uow.catalogs.upsert("shop", uow.catalogs.begin_import("shop", digest), products)
    retired = uow.catalogs.finish_import("shop", mark)
    uow.commit()
    return mark, retired


def stocked(uow: UnitOfWork) -> Tree:
    """`home` and `shop`, each product in its leaf by the model, committed."""
    tree = planted(uow)
    imported(uow, SHELF)
    uow.assignments.write(
        "shop", "home", [said(p, at(tree, *path)) for p, path in zip(SHELF, PATHS, strict=True)]
    )
    uow.commit()
    return tree


def goods(paths: Sequence[Path], *, n_each: int) -> list[Product]:
    """So many products for each path, which says where they belong."""
    return [
        Product(ProductId(f"{path[-1].lower()}{n}"), f"{path[-1]} {n}", category_path=path)
        for path in paths
        for n in range(n_each)
    ]


def shelved(uow: UnitOfWork, paths: Sequence[Path], products: Sequence[Product]) -> None:
    """The taxonomy `home` at version 1, and `shop`, each product where it says that it belongs; committed."""
    import_taxonomy(uow, "home", [Entry(path) for path in paths], author="ann")
    imported(uow, products)
    place_by_label(uow, "shop", "home")


def said(product: Product, node_id: NodeId, probability: float = 0.75) -> Assignment:
    """What the model says about a product."""
    return Assignment(product.id, node_id, probability, Source.MODEL, "bert@1", 1)


def at(tree: Tree, *path: str) -> NodeId:
    """The node at a path that exists."""
    found = tree.find(path)
    if found is None:
        raise LookupError(path)
    return found
