"""What the audit finds, what it leaves alone, and that its edits mend what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from taxonomy.audit import Finding, Kind, Limits, audit
from taxonomy.changes import apply
from taxonomy.edits import Merge, Move, Rename, Retire, SetAttributes, Split
from taxonomy.node import ROOT_ID, Attribute, AttributeKind, Label, Node, NodeId
from taxonomy.product import Path, Product, ProductId, Source
from taxonomy.tree import Draft, Tree, path_id

Shelves = dict[NodeId, list[Product]]

BRANDS = ("Acorn", "Birchly", "Cedarex", "Dunex")
NOUNS = {
    ("Garden", "Spades"): "digging spade steel",
    ("Garden", "Seeds"): "poppy flower seeds",
    ("Kitchen", "Mugs"): "coffee mug ceramic",
    ("Kitchen", "Pans"): "frying pan iron",
}


def titles(nouns: str, *, start: int = 0) -> list[str]:
    """Twelve titles of four brands."""
    return [f"{BRANDS[at % 4]} {nouns} model{start + at}" for at in range(12)]


def shop(more: Mapping[Path, Sequence[str]] | None = None) -> tuple[Tree, Shelves]:
    """A sound tree of four categories with twelve products each, and whatever else stands in it."""
    shelves: dict[Path, Sequence[str]] = {path: titles(nouns) for path, nouns in NOUNS.items()}
    shelves |= more or {}
    tree = Tree.from_paths(shelves)
    return tree, {
        path_id(path): [Product(ProductId(f"{join}{at}"), title) for at, title in enumerate(named)]
        for path, named in shelves.items()
        for join in ["/".join(path)]
    }


def named(*names: str, parent: str = "Things") -> Tree:
    """A tree of one parent with these children."""
    return Tree.from_paths((parent, name) for name in names)


def found(
    tree: Tree, shelves: Shelves | None = None, kind: Kind | None = None, **limits: float
) -> list[Finding]:
    kinds = [kind] if kind else list(Kind)
    return audit(tree, products_by_node=shelves or {}, kinds=kinds, limits=Limits(**limits))  # type: ignore[arg-type]


def mended(tree: Tree, finding: Finding) -> Tree:
    return apply(tree, finding.edits, Source.AUDIT).tree


def restocked(tree: Tree, shelves: Shelves, finding: Finding) -> Shelves:
    """Where products stand after the finding's edits: redirects followed, parts of a split filled."""
    parts = [part for edit in finding.edits if isinstance(edit, Split) for part in edit.parts]
    place = {product_id: part.node_id for part in parts for product_id in part.product_ids}
    after: Shelves = {}
    for at, shelf in shelves.items():
        for one in shelf:
            after.setdefault(place.get(one.id) or tree.resolve(at), []).append(one)
    return after


def test_a_sound_tree_has_no_findings() -> None:
    assert found(*shop()) == []


def test_an_empty_tree_has_no_findings() -> None:
    assert audit(Tree()) == []


def test_a_twin_elsewhere_is_found_by_name_and_products_and_merged() -> None:
    tree, shelves = shop(
        {("Home", "Mug"): titles("coffee mug ceramic", start=50), ("Home", "Lamps"): titles("lamp")}
    )

    (one,) = found(tree, shelves, Kind.SAME)
    after = mended(tree, one)

    assert {tree.nodes[at].name for at in one.node_ids} == {"Mug", "Mugs"}
    assert isinstance(one.edits[0], Merge)
    assert found(after, restocked(after, shelves, one), Kind.SAME) == []


def test_namesakes_with_other_products_are_left_alone() -> None:
    tree, shelves = shop(
        {("Home", "Mugs"): titles("picture wooden frame"), ("Home", "Lamps"): titles("lamp")}
    )

    assert found(tree, shelves, Kind.SAME) == []


def test_namesakes_for_other_people_are_left_alone() -> None:
    tree, shelves = shop(
        {("Women", "Shoes"): titles("leather shoe"), ("Men", "Shoes"): titles("leather shoe")}
    )

    assert found(tree, shelves, Kind.SAME) == []


def test_an_alias_counts_as_a_name() -> None:
    tree, shelves = shop(
        {("Home", "Beakers"): titles("coffee mug ceramic"), ("Home", "Lamps"): titles("lamp")}
    )
    beakers = tree.nodes[path_id(("Home", "Beakers"))]
    draft = Draft(tree)
    draft.replace(replace(beakers, labels=(Label("mug"),)))

    assert found(tree, shelves, Kind.SAME) == []
    assert len(found(draft.tree(), shelves, Kind.SAME)) == 1


def test_near_names_of_the_same_products_are_found_from_the_cosine_asked_for() -> None:
    tree, shelves = shop(
        {("Home", "Large Coffee Mugs"): titles("coffee mug ceramic"), ("Home", "Lamps"): titles("lamp")}
    )

    assert found(tree, shelves, Kind.SAME, same=0.5)[0].edits
    assert found(tree, shelves, Kind.SAME, same=0.9) == []


def test_a_child_of_its_parents_name_goes_into_it() -> None:
    tree = Tree.from_paths([("Tops", "tops"), ("Tops", "Tunics")])

    (one,) = found(tree, kind=Kind.SAME)

    assert one.edits == (Retire(path_id(("Tops", "tops"))),)
    assert found(mended(tree, one), kind=Kind.SAME) == []


def test_without_products_namesakes_in_other_places_are_left_alone() -> None:
    tree = Tree.from_paths([("Trousers", "Jeans"), ("Maternity", "Jeans"), ("Trousers", "Shorts")])

    assert found(tree, kind=Kind.SAME) == []


def test_merged_twins_have_their_equal_children_merged_too() -> None:
    tree = Tree.from_paths(
        [("Home", "Lamp", "Bulbs"), ("Home", "Lamps", "bulbs"), ("Home", "Lamps", "Shades")]
    )

    one = next(one for one in found(tree, kind=Kind.SAME) if tree.depth(one.node_ids[0]) == 2)

    assert len(list(mended(tree, one).descendants())) == 4


def test_siblings_that_cannot_be_told_apart_overlap() -> None:
    tree, shelves = shop({("Kitchen", "Beakers"): titles("coffee mug ceramic", start=50)})

    (one,) = found(tree, shelves, Kind.OVERLAP)
    after = mended(tree, one)

    assert {tree.nodes[at].name for at in one.node_ids} == {"Mugs", "Beakers"}
    assert one.evidence.products
    assert found(after, restocked(after, shelves, one), Kind.OVERLAP) == []


def test_the_share_of_overlap_can_be_chosen() -> None:
    tree, shelves = shop({("Kitchen", "Beakers"): titles("coffee mug ceramic")})

    assert found(tree, shelves, Kind.OVERLAP, overlap=1.01) == []


def test_nodes_of_few_products_are_not_judged_by_them() -> None:
    tree, shelves = shop({("Kitchen", "Beakers"): titles("coffee mug ceramic")[:7]})

    assert found(tree, shelves, Kind.OVERLAP, min_products=8) == []
    assert found(tree, shelves, Kind.OVERLAP, min_products=7) != []


def test_a_leaf_of_two_kinds_is_split_by_them() -> None:
    tree, shelves = shop({("Garden", "Odds"): titles("wool winter scarf") + titles("toy train wooden")})

    (one,) = found(tree, shelves, Kind.MIXED)
    after = mended(tree, one)

    assert isinstance(one.edits[0], Split)
    assert sorted(len(part.product_ids) for part in one.edits[0].parts) == [12, 12]
    assert found(after, restocked(after, shelves, one), Kind.MIXED) == []


def test_how_far_apart_the_kinds_of_a_leaf_are_can_be_chosen() -> None:
    tree, shelves = shop({("Garden", "Odds"): titles("wool winter scarf") + titles("toy train wooden")})

    assert found(tree, shelves, Kind.MIXED, mixed=1.01) == []


def test_a_single_child_goes_into_its_parent() -> None:
    tree = Tree.from_paths([("Garden", "Tools", "Spades"), ("Garden", "Seeds")])

    (one,) = found(tree, kind=Kind.SINGLE)

    assert tree.nodes[one.node_ids[0]].name == "Spades"
    assert found(mended(tree, one), kind=Kind.SINGLE) == []


def test_an_empty_branch_is_one_finding_and_goes_whole() -> None:
    tree, shelves = shop({("Garden", "Ponds", "Fish"): [], ("Garden", "Ponds", "Pumps"): []})

    (one,) = found(tree, shelves, Kind.EMPTY)
    after = mended(tree, one)

    assert tree.nodes[one.node_ids[0]].name == "Ponds"
    assert len(after) == len(tree) - 3
    assert found(after, shelves, Kind.EMPTY) == []


def test_nothing_is_empty_where_no_product_is_known() -> None:
    assert found(named("Spades", "Seeds"), kind=Kind.EMPTY) == []


def test_counts_say_what_a_sample_cannot() -> None:
    tree, shelves = shop({("Garden", "Ponds"): []})
    counts = dict.fromkeys(tree.nodes, 5)

    assert audit(tree, products_by_node=shelves, counts=counts, kinds=[Kind.EMPTY]) == []


def test_a_leaf_of_too_many_products_is_split() -> None:
    tree, shelves = shop({("Garden", "Odds"): titles("wool winter scarf") + titles("toy train wooden")})

    (one,) = found(tree, shelves, Kind.OVERFULL, max_products=20)
    after = mended(tree, one)

    assert one.node_ids == (path_id(("Garden", "Odds")),)
    assert found(after, restocked(after, shelves, one), Kind.OVERFULL, max_products=20) == []


def test_products_beyond_the_sample_go_with_the_largest_part() -> None:
    tree, shelves = shop({("Garden", "Odds"): titles("wool winter scarf") + titles("toy train wooden")})
    odds = path_id(("Garden", "Odds"))

    (one,) = audit(tree, products_by_node=shelves, counts={odds: 5000}, kinds=[Kind.OVERFULL], catalog="shop")

    split = one.edits[0]
    assert isinstance(split, Split)
    assert (split.n_rest, split.catalog) == (4976, "shop")


def test_a_node_of_too_many_children_gets_a_level_in_between() -> None:
    tree = named(*(f"{kind} {at}" for kind in ("Red Lamps", "Oak Tables") for at in "abcdef"))

    (one,) = found(tree, kind=Kind.OVERFULL, max_children=8)
    after = mended(tree, one)

    assert sum(isinstance(edit, Move) for edit in one.edits) == 12
    assert found(after, kind=Kind.OVERFULL, max_children=8) == []
    assert found(tree, kind=Kind.OVERFULL, max_children=12) == []


def described(*with_colour: bool, above: bool = False) -> Tree:
    """Siblings, of which some define a colour, and perhaps their parent as well."""
    colour = (Attribute("Colour", AttributeKind.CHOICE, values=("red", "blue")),)
    draft = Draft(Tree())
    draft.add(Node(NodeId("p"), "Shirts", ROOT_ID, attributes=colour if above else ()))
    for at, has in enumerate(with_colour):
        draft.add(Node(NodeId(f"c{at}"), f"Shirts {at}", NodeId("p"), attributes=colour if has else ()))
    return draft.tree()


def test_an_attribute_that_most_siblings_have_is_missed_in_the_others() -> None:
    tree = described(True, True, True, False)

    (one,) = found(tree, kind=Kind.ATTRIBUTES)

    assert one.node_ids == ("c3",)
    assert one.edits == (SetAttributes(NodeId("c3"), tree.nodes[NodeId("c0")].attributes),)
    assert found(mended(tree, one), kind=Kind.ATTRIBUTES) == []


def test_an_inherited_attribute_is_not_missed() -> None:
    assert found(described(True, True, True, False, above=True), kind=Kind.ATTRIBUTES) == []


def test_what_few_siblings_have_is_not_missed_unless_asked_for() -> None:
    tree = described(True, False, False, False)

    assert found(tree, kind=Kind.ATTRIBUTES) == []
    assert len(found(tree, kind=Kind.ATTRIBUTES, custom=0.25)) == 3


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Tools;", "Tools"),
        ("Tools ,", "Tools"),
        ("- Tools", "Tools"),
        ("Tools  and  Nails", "Tools and Nails"),
        ("Tools\u200b", "Tools"),
        ("CafÃ© Tables", "Café Tables"),
        ("Nuts &amp; Bolts", "Nuts & Bolts"),
        ("Nuts|Bolts", "Nuts & Bolts"),
        ("Nuts>Bolts", "Nuts & Bolts"),
        ("GARDEN TOOLS", "Garden Tools"),
        ("garden tools", "Garden tools"),
        ("Tools (steel, wooden handle, 120 cm, ten pieces in a box, with a cover)", "Tools"),
    ],
)
def test_a_faulty_name_gets_the_name_that_keeps_the_rules(name: str, better: str) -> None:
    tree = named(name, "Seeds", "Pots", "Garden Hoses", "Benches")

    (one,) = found(tree, kind=Kind.LABEL)

    assert one.edits == (Rename(path_id(("Things", name)), better),)
    assert found(mended(tree, one), kind=Kind.LABEL) == []


@pytest.mark.parametrize(
    "name",
    [
        "iPhone Cases",
        "pH Meters",
        "DVD",
        "Disney+",
        "Bicycles Co.",
        "T-Shirts & Tops",
        "3/4ths",
        "#1 Gifts",
        "Möbel",
    ],
)
def test_a_proper_name_is_left_alone(name: str) -> None:
    assert found(named(name, "Seeds", "Pots", "Garden Hoses", "Benches"), kind=Kind.LABEL) == []


def test_capitals_are_no_fault_where_siblings_have_them() -> None:
    assert found(named("TOOLS", "SEEDS", "GARDEN POTS", "BENCHES"), kind=Kind.LABEL) == []


def test_the_length_of_a_name_can_be_chosen() -> None:
    tree = named("Garden tools of every kind", "Seeds")

    assert found(tree, kind=Kind.LABEL) == []
    assert found(tree, kind=Kind.LABEL, max_name=15)[0].evidence.words == ("Garden tools of",)


def twins(*names: str) -> Tree:
    draft = Draft(Tree())
    for at, name in enumerate(names):
        draft.add(Node(NodeId(f"n{at}"), name, ROOT_ID))
    return draft.tree()


def test_siblings_of_one_name_become_one() -> None:
    tree = twins("Tools", "tools", "Seeds")

    (one,) = found(tree, kind=Kind.LABEL)

    assert isinstance(one.edits[0], Merge)
    assert found(mended(tree, one), kind=Kind.LABEL) == []


def test_a_name_that_would_be_a_siblings_is_merged_into_it() -> None:
    tree = twins("Tools.", "Tools", "Seeds")

    (one,) = found(tree, kind=Kind.LABEL)

    assert one.edits == (Merge((NodeId("n0"),), NodeId("n1")),)
    assert found(mended(tree, one), kind=Kind.LABEL) == []


def test_a_locked_node_is_reported_and_left_to_people() -> None:
    draft = Draft(twins("Tools;", "Seeds"))
    draft.replace(replace(draft.nodes[NodeId("n0")], locked=True))

    (one,) = found(draft.tree(), kind=Kind.LABEL)

    assert one.edits == ()


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    tree = Tree.from_paths([("Garden;", "Tools")])

    assert {one.kind for one in found(tree)} == {Kind.LABEL, Kind.SINGLE}
    assert {one.kind for one in found(tree, kind=Kind.SINGLE)} == {Kind.SINGLE}


def test_an_encoder_replaces_the_comparison_by_words() -> None:
    tree, shelves = shop({("Kitchen", "Beakers"): titles("drinking cup porcelain")})

    def by_first_word_of_a_kind(texts: Sequence[str]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        kinds = ("spade", "seed", "pan", "")
        rows = [[float(kind in text.lower()) for kind in kinds] for text in texts]
        return np.asarray(rows, np.float32) / np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)

    assert found(tree, shelves, Kind.OVERLAP) == []
    (one,) = audit(tree, products_by_node=shelves, encode=by_first_word_of_a_kind, kinds=[Kind.OVERLAP])
    assert {tree.nodes[at].name for at in one.node_ids} == {"Mugs", "Beakers"}
