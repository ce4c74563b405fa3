"""The messages that the tree sends; the tree itself runs in a browser only."""

import pytest

from taxonomy.edits import Relabel
from taxonomy.service.browsing import shelves
from tests.web.screens import BEANS, COFFEE, TEA
from tests.web.shop import CATALOG, TAXONOMY, Shop
from ui.web import actions, state
from ui.web.components.tree import read_event, rows


def test_the_trees_rename_and_move_are_applied_and_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said, remembered = _remembering(monkeypatch)
    tea, garden = shop.at(*TEA), shop.at("Garden & Outdoor")
    message = {"seq": 1, "kind": "rename", "version": shop.tree.version, "id": tea, "name": "Infusions"}
    actions.handle(TAXONOMY, read_event(message))
    message = {
        "seq": 2,
        "kind": "move",
        "version": shop.tree.version,
        "id": tea,
        "parent": garden,
        "position": 0,
    }
    actions.handle(TAXONOMY, read_event(message))

    assert shop.tree.nodes[tea].name == "Infusions"
    assert shop.tree.children_of(garden)[0] == tea
    assert [one.text for one in said] == [
        "Renamed “Tea” to “Infusions”",
        "Moved “Infusions” under “Garden & Outdoor”",
    ]
    assert remembered["heard"] == 2


def test_a_move_into_its_own_subcategory_is_refused_in_words(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = _remembering(monkeypatch)
    coffee, beans = shop.at(*COFFEE), shop.at(*BEANS)
    message = {"seq": 1, "kind": "move", "version": shop.tree.version, "id": coffee, "parent": beans}
    before = shop.tree

    actions.handle(TAXONOMY, read_event(message))

    assert shop.tree == before
    assert said[0].is_error
    assert "stands inside it" in said[0].text


def _remembering(monkeypatch: pytest.MonkeyPatch) -> tuple[list[state.Notice], dict[str, object]]:
    """What is said and what a tab remembers, outside of a running page."""
    said: list[state.Notice] = []
    remembered: dict[str, object] = {}
    monkeypatch.setattr(state, "notify", said.append)
    monkeypatch.setattr("streamlit.session_state", remembered)
    monkeypatch.setattr("streamlit.query_params", {})
    return said, remembered


def test_a_rename_in_another_language_leaves_the_own_name_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, remembered = _remembering(monkeypatch)
    remembered["tree_language"] = "de"
    tea = shop.at(*TEA)
    message = {"seq": 1, "kind": "rename", "version": shop.tree.version, "id": tea, "name": "Tee"}

    actions.handle(TAXONOMY, read_event(message))

    assert (shop.tree.nodes[tea].name, shop.tree.nodes[tea].name_in("de")) == ("Tea", "Tee")


def test_the_trees_rows_have_names_in_the_language_that_is_shown(shop: Shop) -> None:
    tea = shop.at(*TEA)
    shop.edit(Relabel(tea, "de", "Tee"))
    with shop.uow() as uow:
        found = shelves(uow, TAXONOMY, CATALOG)

    assert {row[0]: row[2] for row in rows(found, "de")}[tea] == "Tee"
    assert {row[0]: row[2] for row in rows(found)}[tea] == "Tea"
