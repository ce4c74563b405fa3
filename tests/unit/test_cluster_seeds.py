"""A known tree that is filled: by examples, by names, and with new nodes for what it lacks."""

from collections.abc import Sequence

import numpy as np
import pytest

from ingest.cluster.outcome import Fate, Rebuilt
from ingest.cluster.reduce import unit
from ingest.cluster.seeds import build_seeded, labelled_by_path
from ingest.cluster.shape import Shape
from taxonomy.changes import apply
from taxonomy.edits import Create, Lock
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId
from taxonomy.tree import Tree
from tests.unit.known_shop import KINDS, Shop, node

PATHS = [(department, kind) for department, kinds in KINDS.items() for kind in kinds]


class Namer:
    """Encodes a text as the kind that it names, else as a department's or as nothing."""

    def __init__(self, shop: Shop) -> None:
        self.middle = shop.middle

    def __call__(self, texts: Sequence[str]) -> Floats:
        return unit(np.array([self._row(text) for text in texts]))

    def _row(self, text: str) -> Floats:
        words = text.replace(">", " ").casefold().split()
        rows = [row for kind, row in self.middle.items() if kind.casefold() in words]
        return np.sum(rows, axis=0) if rows else np.full(len(next(iter(self.middle.values()))), 0.01)


def grow(
    shop: Shop,
    tree: Tree,
    *,
    labelled: dict[ProductId, NodeId] | None = None,
    taught: Floats | None = None,
    min_size: int | None = 6,
    seed: int = 0,
    attach: bool = False,
) -> Rebuilt:
    return build_seeded(
        shop.products,
        shop.vectors,
        tree=tree,
        encode=Namer(shop),
        labelled=labelled,
        taught=taught,
        shape=Shape(min_size=min_size),
        seed=seed,
        attach=attach,
    )


def place(grown: Rebuilt, product_id: str) -> NodeId | None:
    return grown.built.memberships[ProductId(product_id)].node_id


def right_share(grown: Rebuilt, shop: Shop, tree: Tree) -> float:
    known = [one for one in shop.products if tree.find(one.category_path) is not None]
    return float(np.mean([place(grown, one.id) == tree.find(one.category_path) for one in known]))


def test_kinds_that_only_a_taught_encoder_tells_apart_become_two_nodes() -> None:
    """Two kinds that the seed lacks lie in one place; what was learnt from the others tells them apart."""
    shop = Shop()
    lacked = KINDS["Kitchen"][:2]
    shop.middle[lacked[1]] = shop.middle[lacked[0]]
    shop.stock(20)
    tree = Tree.from_paths([path for path in PATHS if path[1] not in lacked])
    labelled = labelled_by_path(tree, shop.products)
    apart = {kind: row for row, kind in zip(np.eye(len(PATHS)), shop.middle, strict=True)}
    apart[lacked[1]] = -apart[lacked[0]]
    drawn = np.random.default_rng(0).normal(scale=0.05, size=(len(shop.products), len(PATHS)))
    taught = unit(np.array([apart[one.category_path[-1]] for one in shop.products]) + drawn)

    def new_nodes(grown: Rebuilt) -> int:
        own = [one.id for one in shop.products if one.category_path[-1] in lacked]
        return len({place(grown, at) for at in own} - {None})

    assert new_nodes(grow(shop, tree, labelled=labelled)) == 1
    assert new_nodes(grow(shop, tree, labelled=labelled, taught=taught)) == 2


def test_nodes_without_examples_are_filled_by_their_names() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths(PATHS)

    grown = grow(shop, tree)

    assert right_share(grown, shop, tree) > 0.9
    assert grown.structure == ()


def test_examples_say_more_than_a_name_that_means_nothing() -> None:
    shop = Shop().stock(20)
    tree = Tree.from_paths([(top, f"Code {at}") for at, (top, _) in enumerate(PATHS)])
    examples = {
        one.id: node(
            tree, one.category_path[0], f"Code {PATHS.index((one.category_path[0], one.category_path[1]))}"
        )
        for one in shop.products
        if int(one.id[-1]) < 5
    }

    without, with_ = grow(shop, tree), grow(shop, tree, labelled=examples)

    garden = node(tree, "Garden", "Code 0")
    assert place(without, "Rakes17") != garden
    assert place(with_, "Rakes17") == garden
    assert all(with_.built.memberships[at].node_id == said for at, said in examples.items())


def test_a_gap_becomes_a_node_beside_its_like() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths([one for one in PATHS if one[1] != "Knives"])
    examples = labelled_by_path(tree, shop.products)

    grown = grow(shop, tree, labelled=examples)

    new = place(grown, "Knives0")
    assert new is not None and new not in tree
    assert grown.built.tree.path(new)[0] == "Kitchen"
    assert "Knives" in grown.built.tree.nodes[new].name
    assert [one.node_id for one in grown.outcomes if one.fate is Fate.NEW] == [new]
    assert [one.node.id for one in grown.structure if isinstance(one, Create)] == [new]


def test_every_known_node_stays_and_locked_ones_too() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths([one for one in PATHS if one[1] != "Knives"])
    locked = apply(tree, [Lock(node(tree, "Kitchen"))]).tree

    grown = grow(shop, locked, labelled=labelled_by_path(tree, shop.products))

    assert all(grown.built.tree.nodes[at] == one for at, one in locked.nodes.items())
    new = place(grown, "Knives0")
    assert new is not None and grown.built.tree.depth(new) == 1


def test_fewer_products_than_the_least_are_no_gap() -> None:
    shop = Shop().stock(20, but=["Knives"])
    shop.add("Knives", 8)
    tree = Tree.from_paths([one for one in PATHS if one[1] != "Knives"])
    examples = labelled_by_path(tree, shop.products)

    assert len(grow(shop, tree, labelled=examples, min_size=9).built.tree) == len(tree)
    assert len(grow(shop, tree, labelled=examples, min_size=8).built.tree) == len(tree) + 1


@pytest.mark.parametrize(("n_of_some_seeds", "is_found"), [(2, True), (20, False)])
def test_without_a_least_size_new_nodes_are_as_small_as_seeds(n_of_some_seeds: int, is_found: bool) -> None:
    shop = Shop(spread=0.1)
    small = ("Pans", "Rakes", "Radios")
    for kind in shop.middle:
        shop.add(kind, 2 if kind == "Knives" else n_of_some_seeds if kind in small else 20)
    tree = Tree.from_paths([one for one in PATHS if one[1] != "Knives"])

    grown = grow(shop, tree, labelled=labelled_by_path(tree, shop.products), min_size=None)

    assert (len(grown.built.tree) > len(tree)) == is_found


def test_what_fits_nowhere_is_noise() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths(PATHS)
    shop.products.append(Product(ProductId("odd"), "oddity"))
    shop.rows.append(np.random.default_rng(0).normal(size=len(shop.rows[0])))

    grown = grow(shop, tree, labelled=labelled_by_path(tree, shop.products))

    assert place(grown, "odd") is None


def test_what_fits_no_seed_is_attached_above_the_leaves_if_asked() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths(PATHS)
    shop.products.append(Product(ProductId("odd"), "oddity"))
    shop.rows.append(np.mean([shop.middle[one] for one in KINDS["Garden"]], axis=0))
    examples = labelled_by_path(tree, shop.products)

    left, attached = (grow(shop, tree, labelled=examples, attach=way) for way in (False, True))

    assert (place(left, "odd"), place(attached, "odd")) == (None, node(tree, "Garden"))


def test_two_runs_agree_and_the_seed_gives_other_ids() -> None:
    shop, tree = Shop().stock(20), Tree.from_paths([one for one in PATHS if one[1] != "Knives"])
    examples = labelled_by_path(tree, shop.products)

    one, two, other = (grow(shop, tree, labelled=examples, seed=seed).built for seed in (0, 0, 1))

    assert (one.tree.digest(), one.memberships) == (two.tree.digest(), two.memberships)
    assert one.tree.nodes.keys() != other.tree.nodes.keys()


def test_a_tree_without_nodes_is_no_seed() -> None:
    with pytest.raises(InputError, match="no categories"):
        grow(Shop().stock(6), Tree())
