"""Names of a built tree judged by a shop's own."""

from collections.abc import Sequence

import numpy as np

from ingest.evaluate.names import acceptance, name_accepted, score_names
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId
from taxonomy.tree import Draft, Tree

MEANING = {"couches": (1.0, 0.0), "sofas": (0.8, 0.6), "seats": (0.59, 0.8074)}


def encode(texts: Sequence[str]) -> Floats:
    """Known words where they are said to be, all others apart from these."""
    return np.array([MEANING.get(text, (0.0, -1.0)) for text in texts], np.float32)


def tree_of(*names: str, inside: str = "") -> Tree:
    draft = Draft(Tree())
    parent = ROOT_ID
    if inside:
        draft.add(Node(parent := NodeId("top"), inside, ROOT_ID))
    for at, name in enumerate(names):
        draft.add(Node(NodeId(str(at)), name, parent))
    return draft.tree()


def placed(*kinds: str, brand: str = "") -> list[Product]:
    return [
        Product(ProductId(str(at)), kind, brand, category_path=("Home", kind))
        for at, kind in enumerate(kinds)
    ]


def test_a_name_is_accepted_for_its_meaning_from_a_cosine_of_six_tenths() -> None:
    assert name_accepted("Sofas", "Couches", encode)
    assert not name_accepted("Seats", "Couches", encode)


def test_plural_case_and_accents_make_no_other_name() -> None:
    assert acceptance(["CRÈME box", "Couches"], ["Creme Boxes", "Lamps"], encode) == [True, False]
    assert acceptance([], [], encode) == []


def test_a_leaf_is_judged_by_the_category_of_most_of_its_products() -> None:
    products = placed("Sofas", "Sofas", "Lamps")
    at = dict.fromkeys((product.id for product in products), NodeId("0"))

    report = score_names(tree_of("Couches", "Void"), at, products, encode)

    (leaf,) = report.leaves
    assert (leaf.wanted, leaf.accepted, leaf.n_products) == ("Sofas", True, 3)
    assert report.leaf_acceptance == 1.0
    assert report.parent_acceptance == 0.0


def test_a_parent_is_judged_by_the_level_that_has_its_products() -> None:
    products = placed("Sofas", "Lamps")
    at = {product.id: NodeId(product.id) for product in products}

    report = score_names(tree_of("Sofas", "Lamps", inside="home"), at, products, encode)

    assert [(one.wanted, one.accepted) for one in report.parents] == [("Home", True)]


def test_double_and_improper_names_are_told() -> None:
    tree = tree_of("Zebbart", "Red Lamps", "Lamps", "lamps", "Large Pans")

    report = score_names(tree, {}, placed("Lamps", brand="ZEBBART"), encode)

    assert report.duplicates == ("lamps",)
    assert report.improper == ("Zebbart", "Red Lamps", "Large Pans")
