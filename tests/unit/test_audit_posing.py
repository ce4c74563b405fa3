"""Brands and product names that pose as categories are told from categories by words, not by counts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from taxonomy.audit import Finding, Kind, Limits, audit
from taxonomy.changes import apply
from taxonomy.node import NodeId
from taxonomy.product import Path, Product, ProductId, Source
from taxonomy.tree import Tree, path_id

BRANDS = ("Acorn", "Birchly", "Cedarex", "Dunex Home")
TOPS = ("Clothing", "Tops")
SHOES = ("Clothing", "Shoes")

CLEAN: Mapping[Path, Sequence[str]] = {
    (*TOPS, "Casual Tops"): [f"{brand} casual cotton top {at}" for brand in BRANDS for at in range(3)],
    (*TOPS, "Formal Tops"): [f"{brand} formal silk top {at}" for brand in BRANDS for at in range(3)],
    (*SHOES, "Sports Shoes"): [f"{brand} running sports shoe {at}" for brand in BRANDS for at in range(3)],
    (*SHOES, "Boots"): [f"{brand} leather boot {at}" for brand in BRANDS for at in range(3)],
}


def audited(more: Mapping[Path, Sequence[str]], *, brands: bool = False, **limits: float) -> list[Finding]:
    """The posing nodes of the clean tree and more; with `brands`, they move from titles to their column."""
    tree, shelves = stocked(more, brands=brands)
    kinds = (Kind.BRAND, Kind.PRODUCT)
    return audit(tree, products_by_node=shelves, kinds=kinds, limits=Limits(**limits))  # type: ignore[arg-type]


def stocked(more: Mapping[Path, Sequence[str]], *, brands: bool) -> tuple[Tree, dict[NodeId, list[Product]]]:
    shelves: dict[NodeId, list[Product]] = {}
    for path, titles in {**CLEAN, **more}.items():
        for title in titles:
            one = Product(ProductId(f"p{len(shelves)}-{title}"), title)
            made = next((brand for brand in (*BRANDS, "Juelle") if brands and title.startswith(brand)), "")
            one = replace(one, brand=made, title=title.removeprefix(made).strip())
            shelves.setdefault(path_id(path), []).append(one)
    return Tree.from_paths({**CLEAN, **more}), shelves


JUELLE = [f"Juelle cotton top {at}" for at in range(4)]


def test_clean_categories_are_not_taken_for_brands_or_products() -> None:
    assert audited({}) == []
    assert audited({}, brands=True) == []


@pytest.mark.parametrize("name", ["Juelle Tops", "Juelle", "Tops by Juelle", "JUELLE tops"])
@pytest.mark.parametrize("brands", [False, True], ids=["in titles", "in a column"])
def test_a_brand_below_a_category_is_found(name: str, brands: bool) -> None:
    (one,) = audited({(*TOPS, name): JUELLE}, brands=brands)

    assert (one.kind, one.node_ids) == (Kind.BRAND, (path_id((*TOPS, name)),))
    assert one.evidence.words == ("juelle",)
    assert one.evidence.products


def test_a_brand_of_several_words_is_found_whole() -> None:
    (one,) = audited({(*SHOES, "Dunex Home Shoes"): [f"Dunex Home leather shoe {at}" for at in range(4)]})

    assert one.evidence.words == ("dunex", "home")


def test_a_brands_products_go_to_the_category_above() -> None:
    tree, shelves = stocked({(*TOPS, "Juelle Tops"): JUELLE}, brands=False)
    (one,) = audit(tree, products_by_node=shelves, kinds=[Kind.BRAND])

    after = apply(tree, one.edits, Source.AUDIT).tree
    moved: dict[NodeId, list[Product]] = {}
    for at, shelf in shelves.items():
        moved.setdefault(after.resolve(at), []).extend(shelf)

    assert len(moved[path_id(TOPS)]) == 4
    assert audit(after, products_by_node=moved, kinds=[Kind.BRAND]) == []


def test_a_word_that_also_stands_inside_titles_is_no_brand() -> None:
    assert audited({(*TOPS, "Cotton Tops"): [f"Cotton top {at}" for at in range(4)]}) == []


def test_a_word_for_people_is_no_brand() -> None:
    assert audited({(*TOPS, "Women's Tops"): [f"Women's velvet top {at}" for at in range(4)]}) == []


def test_openings_prove_nothing_where_titles_do_not_begin_with_brands() -> None:
    wool = {(*TOPS, "Wool Tops"): [f"Wool top {at}" for at in range(4)]}
    bare = {path: [" ".join(title.split()[1:4]) for title in titles] for path, titles in CLEAN.items()}
    turned = {
        path: titles[::2] + [" ".join(reversed(title.split())) for title in titles[1::2]]
        for path, titles in bare.items()
    }

    assert audited({**turned, **wool}) == []
    assert len(audited(wool)) == 1


def test_the_share_that_makes_a_brand_can_be_chosen() -> None:
    half = [*JUELLE, *(f"Acorn cotton top {at}" for at in range(4))]

    assert audited({(*TOPS, "Juelle Tops"): half}, posing=0.5) == []
    assert len(audited({(*TOPS, "Juelle Tops"): half}, posing=0.3)) == 1


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("Acorn Solid Women's Printed Cotton Top", ["Acorn Solid Women's Printed Cotton Top"]),
        ("Acorn Solid Women's Printed Cotton Top (Pack of 2)", ["Acorn Solid Women's Printed Cotton Top"]),
        ("Acorn Solid Women's Printed Cott...", ["Acorn Solid Women's Printed Cotton Top"]),
        ("Acorn Bolero", ["Acorn Bolero", "Acorn Bolero"]),
        ("Top 4711", ["Top 4711"]),
    ],
)
def test_a_product_name_is_found(name: str, titles: list[str]) -> None:
    (one,) = audited({(*TOPS, name): titles})

    assert (one.kind, one.node_ids) == (Kind.PRODUCT, (path_id((*TOPS, name)),))
    assert len(one.edits) == 1


def test_a_short_name_that_titles_repeat_is_a_category() -> None:
    slippers = [f"{brand} wool slipper" for brand in BRANDS]

    assert audited({(*TOPS, "Wool Bolero"): ["Wool Bolero"] * 2, (*SHOES, "Slippers"): slippers}) == []


def test_a_brand_and_the_product_below_it_are_both_found() -> None:
    leaf = "Juelle Solid Women's Printed Velvet Top"
    found = audited({(*TOPS, "Juelle Tops", leaf): [leaf] * 4})

    assert [one.kind for one in found] == [Kind.BRAND, Kind.PRODUCT]


def test_nodes_without_products_are_not_judged() -> None:
    assert audit(Tree.from_paths([(*TOPS, "Juelle Tops")]), kinds=[Kind.BRAND, Kind.PRODUCT]) == []


def test_a_brand_is_found_and_nothing_else_about_it() -> None:
    tree, shelves = stocked({(*TOPS, "Juelle Tops;"): [*JUELLE, *JUELLE, *JUELLE]}, brands=False)

    about = [
        one.kind for one in audit(tree, products_by_node=shelves) if "Juelle" in tree.label(one.node_ids[0])
    ]

    assert about == [Kind.BRAND]
