"""What was done to the tree."""

from taxonomy.edits import Rename
from taxonomy.service import editing
from tests.web.built import build
from tests.web.screens import TEA, opened, press, seen
from tests.web.shop import CATALOG, TAXONOMY, Shop
from ui.web.state import Page


def test_history_tells_changes_in_words_and_takes_them_back(shop: Shop) -> None:
    tea = shop.at(*TEA)
    change = shop.edit(Rename(tea, "Infusions"))
    at = opened(Page.HISTORY)
    assert "Renamed “Tea” to “Infusions”" in seen(at)
    assert "92 new categories, 384 products placed" in seen(at)

    press(at, f"undo_{change.id}")

    assert shop.tree.nodes[tea].name == "Tea"
    assert "~~Renamed “Tea” to “Infusions”~~" in seen(at)


def test_taking_back_what_was_built_puts_products_back(shop: Shop) -> None:
    change = build(shop)
    with shop.uow() as uow:
        before = uow.assignments.counts(CATALOG, TAXONOMY)
        editing.accept(uow, change.id, author="Maya")
        assert uow.assignments.counts(CATALOG, TAXONOMY) != before

    at = press(opened(Page.HISTORY), f"undo_{change.id}")

    told = [line for line in seen(at).splitlines() if "Took back: " in line]
    assert any("new categories" in line and "products placed" in line for line in told)
    with shop.uow() as uow:
        assert uow.assignments.counts(CATALOG, TAXONOMY) == before


def test_history_says_which_later_change_is_in_the_way(shop: Shop) -> None:
    tea = shop.at(*TEA)
    change = shop.edit(Rename(tea, "Infusions"))
    shop.edit(Rename(tea, "Herbals"), author="Sam")

    at = press(opened(Page.HISTORY), f"undo_{change.id}")

    assert "Sam changed" in seen(at)
    assert shop.tree.nodes[tea].name == "Herbals"


def test_the_tree_as_it_was_stands_beside_what_changed_since(shop: Shop) -> None:
    shop.edit(Rename(shop.at(*TEA), "Teas"))

    told = seen(opened(Page.HISTORY, as_it_was=True))

    assert "**Version 1**" in told
    assert "- Tea\n" in told
    assert "Renamed" in told
