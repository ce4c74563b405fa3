"""Splits by chosen products, by an attribute, and by groups that were found."""

from dataclasses import replace

import pytest

from taxonomy.changes import apply
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import NodeId, seeded_ids
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.service import editing
from taxonomy.service.splitting import Group, by_attribute, by_groups, in_node
from taxonomy.tree import Tree
from tests.fakes import FakeUnitOfWork

TREE = Tree.from_paths([("Garden", "Pots"), ("Garden", "Tools", "Spades")])


def at(*path: str) -> NodeId:
    found = TREE.find(path)
    assert found is not None, path
    return found


POTS, TOOLS = at("Garden", "Pots"), at("Garden", "Tools")
SHELF = [
    Product(ProductId("1"), "Clay pot", brand="Digwell", attributes={"Colour": "Red"}),
    Product(ProductId("2"), "Clay pot, big", brand="Digwell", attributes={"Colour": "red"}),
    Product(ProductId("3"), "Tin pot", brand="Ferro", attributes={"Colour": "red"}),
    Product(ProductId("4"), "Tin pot, big", brand="Ferro", attributes={"Colour": "Blue > green"}),
    Product(ProductId("5"), "Glass pot", brand="Vitro"),
]
ALL = tuple(one.id for one in SHELF)
CHOSEN = Group("Small pots", ALL[:2])


def test_what_nobody_chose_keeps_the_name_and_the_share() -> None:
    split = by_groups(TREE, POTS, [CHOSEN], catalog="shop", products=SHELF, ids=seeded_ids("s"))

    tree = apply(TREE, [split]).tree
    assert [(part.name, part.product_ids) for part in split.parts] == [("Pots", ()), ("Small pots", ALL[:2])]
    assert list(tree.successors(POTS).values()) == [0.6, 0.4]


def test_where_nothing_is_left_over_the_groups_are_the_parts() -> None:
    split = by_groups(TREE, POTS, [CHOSEN, Group("Big pots", ALL[2:])], catalog="shop", products=SHELF)

    assert [part.name for part in split.parts] == ["Small pots", "Big pots"]


def test_children_stay_under_the_old_name() -> None:
    split = by_groups(TREE, TOOLS, [Group("Hoes", ALL)], catalog="shop", products=SHELF)

    tree = apply(TREE, [split]).tree
    assert tree.find(("Garden", "Tools", "Spades"))
    assert [part.name for part in split.parts] == ["Tools", "Hoes"]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([Group("Small pots", ())], "no products"),
        ([Group("Small pots", (ProductId("x"),))], "'x'"),
        ([CHOSEN, Group("Big pots", ALL[1:])], "product '2' of 'Big pots'"),
        ([Group("All pots", ALL)], "stay whole"),
        ([], "stay whole"),
    ],
)
def test_groups_that_make_no_split_are_refused(groups: list[Group], said: str) -> None:
    with pytest.raises(InputError, match=said):
        by_groups(TREE, POTS, groups, catalog="shop", products=SHELF)


def test_the_commonest_values_become_parts_named_after_them() -> None:
    split = by_attribute(TREE, POTS, "Brand", catalog="shop", products=SHELF)

    assert [(part.name, part.product_ids) for part in split.parts] == [
        ("Pots", ()),
        ("Digwell Pots", ("1", "2")),
        ("Ferro Pots", ("3", "4")),
    ]
    assert split.n_rest == 1


def test_values_are_one_however_they_are_written() -> None:
    split = by_attribute(TREE, POTS, "colour", catalog="shop", products=SHELF)

    assert [(part.name, len(part.product_ids)) for part in split.parts] == [("Pots", 0), ("red Pots", 3)]


def test_no_more_parts_than_asked_for() -> None:
    split = by_attribute(TREE, POTS, "brand", catalog="shop", products=SHELF, most=1)

    assert [part.name for part in split.parts] == ["Pots", "Digwell Pots"]
    assert split.n_rest == 3


def test_a_value_is_made_fit_for_a_name() -> None:
    twice = [replace(one, id=ProductId(f"{one.id}{end}")) for one in SHELF for end in "ab"]

    split = by_attribute(TREE, POTS, "colour", catalog="shop", products=twice)

    assert split.parts[2].name == "Blue green Pots"


def test_an_attribute_that_says_nothing_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"share a 'size'; there are Colour, brand"):
        by_attribute(TREE, POTS, "size", catalog="shop", products=SHELF)


def test_the_products_of_a_node_are_those_in_it_and_a_split_leaves_each_where_it_says() -> None:
    uow = FakeUnitOfWork()
    uow.trees.save("home", uow.trees.create("home"), replace(TREE, version=1))
    uow.catalogs.create("shop")
    uow.catalogs.upsert("shop", uow.catalogs.begin_import("shop", "d"), SHELF)
    uow.assignments.write("shop", "home", [Assignment(one, POTS, 0.5, Source.MODEL) for one in ALL])
    uow.commit()

    held = in_node(uow, "home", POTS, "shop")
    split = by_attribute(TREE, POTS, "brand", catalog="shop", products=held)
    editing.edit(uow, "home", [split], author="ann")

    assert sorted(one.id for one in held) == list(ALL)
    assert uow.assignments.counts("shop", "home") == dict(
        zip((part.node_id for part in split.parts), (1, 2, 2), strict=True)
    )
    with pytest.raises(UnknownId):
        in_node(uow, "home", NodeId("nowhere"), "shop")
