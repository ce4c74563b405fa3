"""Flat lists of categories, arranged: a synthetic shop whose words are its meaning."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from ingest.cluster.arrange import Arranged, arrange, movable
from ingest.cluster.confusion import left_out_scores
from ingest.cluster.families import families
from ingest.cluster.legs import WEIGHTS, Evidence, join, legs
from ingest.cluster.reduce import unit
from ingest.cluster.shelves import Shelves, flat_list, from_paths, up_to
from ingest.evaluate.arrange import grouped, nearest_top, score_tree, true_parents
from taxonomy.changes import apply
from taxonomy.edits import Create, Lock, Move
from taxonomy.errors import InputError
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId, Source
from taxonomy.tree import Tree

SHOP = {
    "Garden": ["Rakes", "Spades", "Hoses", "Seeds", "Pots", "Mowers"],
    "Kitchen": ["Kettles", "Pans", "Knives", "Bowls", "Toasters", "Whisks"],
    "Audio": ["Speakers", "Radios", "Amplifiers", "Turntables", "Microphones", "Earphones"],
}


def encode(texts: list[str] | tuple[str, ...]) -> Floats:
    """A bag of words, each a direction of its own."""
    rows = np.zeros((len(texts), 256))
    for row, text in zip(rows, texts, strict=True):
        for word in text.casefold().split():
            row[:] += np.random.default_rng(sum(ord(c) * 31**i for i, c in enumerate(word))).normal(size=256)
    return unit(rows)


def shop(per_kind: int = 6) -> list[Product]:
    return [
        Product(ProductId(f"{kind}{i}"), f"{top} {kind} number{i}", category_path=(top, kind))
        for top, kinds in SHOP.items()
        for kind in kinds
        for i in range(per_kind)
    ]


def known(tree: Tree, shelves: Shelves, below: NodeId = ROOT_ID, reference: Tree | None = None) -> Evidence:
    held = up_to(tree, shelves, below)
    ids = movable(tree, below)
    names = [tree.nodes[at].name for at in ids]
    return Evidence.gather(names, [held[at] for at in ids], encode, reference=reference)


def arranged(
    tree: Tree, shelves: Shelves, *, below: NodeId = ROOT_ID, reference: Tree | None = None, **options: int
) -> Arranged:
    held = {at: up_to(tree, shelves, below)[at] for at in movable(tree, below)}
    return arrange(
        tree, held, known(tree, shelves, below, reference), encode, below=below, **options  # type: ignore[arg-type]
    )  # fmt: skip


def test_departments_are_found_again() -> None:
    flat, shelves = flat_list(shop(), flatten=True)

    found = arranged(flat, shelves)

    score = score_tree(found.tree, true_parents(shelves), shelves)
    assert score.ami > 0.7
    assert score.purity > 0.8
    assert check(found.tree) == []


def test_edits_create_parents_before_they_move_children() -> None:
    found = arranged(*flat_list(shop(), flatten=True))

    kinds = [type(edit) for edit in found.edits]
    assert kinds == sorted(kinds, key=[Create, Move].index)
    assert {edit.node_id for edit in found.edits if isinstance(edit, Move)} <= set(found.category_ids)
    assert sum(kind is Create for kind in kinds) == len(found.families)


def test_parents_are_named_by_what_their_products_share() -> None:
    found = arranged(*flat_list(shop(), flatten=True))

    assert {"Garden", "Kitchen", "Audio"} & {one.named.name for one in found.families}
    assert all(one.named.name in one.why and "products" in one.why for one in found.families)


def test_a_second_run_gives_the_same_edits() -> None:
    assert (
        arranged(*flat_list(shop(), flatten=True)).edits == arranged(*flat_list(shop(), flatten=True)).edits
    )


def test_locked_categories_stay_where_they_are() -> None:
    flat, shelves = flat_list(shop(), flatten=True)
    rakes = flat.find(("Rakes",))
    assert rakes is not None
    held = apply(flat, [Lock(rakes)], Source.PERSON).tree

    found = arranged(held, shelves)

    assert found.tree.nodes[rakes].parent_id == ROOT_ID
    assert arranged(flat, shelves).tree.nodes[rakes].parent_id != ROOT_ID
    assert dict(found.rows())["Rakes"] == "Rakes"


def test_nothing_to_arrange_is_said_in_one_sentence() -> None:
    flat, _ = flat_list(shop(), flatten=True)
    locked = apply(flat, [Lock(at) for at in flat.nodes], Source.PERSON).tree
    for tree, said in (
        (Tree(), "no categories"),
        (Tree.from_paths([("A",)]), "one category"),
        (locked, "locked"),
    ):
        with pytest.raises(InputError, match=said):
            movable(tree)


def test_only_what_stands_below_a_node_is_arranged() -> None:
    products = [replace(one, category_path=("Shop", one.category_path[1])) for one in shop()]
    tree, shelves = from_paths([*products, Product(ProductId("x"), "x", category_path=("Other", "Things"))])
    node = tree.find(("Shop",))
    assert node is not None

    found = arranged(tree, shelves, below=node)

    assert {tree.nodes[at].parent_id for at in found.category_ids} == {node}
    assert all(found.tree.lineage(one.node_id)[0] == node for one in found.families)
    assert found.tree.find(("Other", "Things"))


def test_depth_and_children_shape_the_tree() -> None:
    flat, shelves = flat_list(shop(), flatten=True)

    def depth(found: Arranged) -> int:
        return max(map(found.tree.depth, found.tree.nodes))

    assert depth(arranged(flat, shelves, depth=1)) == 1
    assert depth(arranged(flat, shelves, depth=2)) == 2
    assert depth(arranged(flat, shelves, depth=3, max_children=3)) == 3
    assert arranged(flat, shelves, max_children=6).tree != arranged(flat, shelves, max_children=3).tree
    assert arranged(flat, shelves, max_children=3).n_crowded > 0
    with pytest.raises(InputError, match="or more"):
        arranged(flat, shelves, max_children=1)


def test_a_short_list_stands_side_by_side() -> None:
    few = [one for one in shop() if one.category_path[0] == "Garden"]

    found = arranged(*flat_list(few, flatten=True))

    assert found.edits == ()
    assert found.tree is found.before


def test_a_reference_names_parents_as_it_does() -> None:
    names = {"Garden": "Outdoors", "Kitchen": "Cookery", "Audio": "Sound"}
    reference = Tree.from_paths((names[top], kind) for top, kinds in SHOP.items() for kind in kinds)
    flat, shelves = flat_list(shop(), flatten=True)

    found = arranged(flat, shelves, reference=reference)

    assert {one.named.name for one in found.families if one.by_reference} & set(names.values())
    assert any("as the reference does" in one.why for one in found.families)


def test_names_alone_arrange_categories_without_products() -> None:
    flat = Tree.from_paths((f"{kind} {top}",) for top, kinds in SHOP.items() for kind in kinds)

    found = arranged(flat, {})

    truth = {at: flat.nodes[at].name.split()[1] for at in flat.nodes}
    assert score_tree(found.tree, truth, {}).ami > 0.5
    assert all(set(one.sims) == {"names"} for one in found.families)
    assert {"Garden", "Kitchen", "Audio"} & {one.named.name for one in found.families}


def test_each_leg_counts_by_its_weight() -> None:
    flat, shelves = flat_list(shop(), flatten=True)
    found = legs(known(flat, shelves, reference=Tree.from_paths([("Garden", "Rakes"), ("Audio", "Radios")])))

    assert set(found) == set(WEIGHTS)
    for leg, rows in found.items():
        np.testing.assert_allclose(
            join(found, {leg: 1.0}) @ join(found, {leg: 1.0}).T, rows @ rows.T, atol=1e-5
        )


def test_a_models_opinion_takes_the_place_of_the_made_up_classifier() -> None:
    flat, shelves = flat_list(shop(), flatten=True)
    plain = known(flat, shelves)
    tops = np.repeat(np.eye(3, dtype=np.float32), 36, axis=0)
    asked = legs(replace(plain, posteriors=tops))["confusion"]

    truth = np.repeat(np.arange(3), 6)
    sims = asked @ asked.T
    assert sims[truth[:, None] == truth].min() > 0.99 > sims[truth[:, None] != truth].max()


def test_left_out_scores_are_those_of_a_model_that_has_not_seen_the_product() -> None:
    rng = np.random.default_rng(0)
    rows, shelf_of = unit(rng.normal(size=(40, 5))), np.arange(40) % 4
    points = unit(rows - rows.mean(axis=0))
    truth = np.eye(4)[shelf_of] - 0.25

    expected = np.zeros((4, 4))
    for at in range(40):
        others = np.arange(40) != at
        model = Ridge(alpha=10.0, fit_intercept=False).fit(points[others], truth[others])
        expected[shelf_of[at]] += (model.predict(points[at : at + 1])[0] + 0.25) / 10

    np.testing.assert_allclose(left_out_scores(rows, shelf_of, 4), expected, atol=1e-5)


def test_a_category_without_products_goes_by_its_name() -> None:
    flat, shelves = flat_list(shop(), flatten=True)
    del shelves[next(iter(shelves))]

    found = legs(known(flat, {**shelves}))

    assert not found["products"][0].any()
    assert found["names"][0].any()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_handful_of_points_is_a_family(n: int) -> None:
    root = families(unit(np.eye(max(n, 1), 4)[:n]), depth=2, max_children=5)
    assert root.groups == tuple(range(n))


def test_deep_paths_are_flattened_only_when_asked() -> None:
    with pytest.raises(InputError, match="--flatten"):
        flat_list(shop())
    with pytest.raises(InputError, match="category_path"):
        flat_list([Product(ProductId("x"), "x")])
    tree, shelves = flat_list(
        [replace(one, category_path=("PANS",)) for one in shop()] + shop(), flatten=True
    )
    assert sum(node.name.casefold() == "pans" for node in tree.nodes.values()) == 1
    assert sum(map(len, shelves.values())) == 2 * len(shop())


def test_the_score_tells_right_groups_from_wrong_ones() -> None:
    flat, shelves = flat_list(shop(), flatten=True)
    truth = true_parents(shelves)

    right = score_tree(grouped(flat, truth), truth, shelves)
    wrong = score_tree(grouped(flat, {at: i % 3 for i, at in enumerate(truth)}), truth, shelves)

    assert (right.ami, right.purity, right.ami_products, right.purity_products) == (1.0, 1.0, 1.0, 1.0)
    assert wrong.ami < 0.1
    assert wrong.purity_products < 0.6


def test_the_nearest_name_of_a_reference_gives_its_top_category() -> None:
    reference = Tree.from_paths((top, kind) for top, kinds in SHOP.items() for kind in kinds)
    labels = encode([reference.nodes[at].name for at in reference.descendants()])

    found = nearest_top(encode(["Radios", "Pans"]), reference, labels)

    assert [reference.nodes[at].name for at in found] == ["Audio", "Kitchen"]


def test_the_file_holds_the_tree_its_members_and_why() -> None:
    flat, shelves = flat_list(shop(), flatten=True)

    found = arranged(flat, shelves)
    written = found.file(shelves)

    assert written.tree is found.tree
    assert len(written.members) == len(shop())
    assert all(written.evidence[one.node_id].phrases for one in found.families)
