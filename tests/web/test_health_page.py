"""What is wrong with the tree."""

import pytest

from taxonomy.audit import Finding, Kind
from taxonomy.changes import State
from taxonomy.edits import Rename
from tests.web.screens import TEA, opened, press, seen
from tests.web.shop import TAXONOMY, Shop
from ui.web.state import Page
from ui.web.views import health


def test_health_lists_findings_and_mends_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tea = shop.at(*TEA)
    finding = Finding(Kind.LABEL, (tea,), 0.9, "it is odd", edits=(Rename(tea, "Teas"),))
    monkeypatch.setattr(shop, "audit", lambda taxonomy, catalog: [finding])
    at = press(opened(Page.HEALTH), "look")
    assert "it is odd" in seen(at)

    at = press(at, "mend_label_0")

    assert shop.tree.nodes[tea].name == "Teas"
    assert "The tree has changed since it was looked at" in seen(opened(Page.HEALTH, findings=(0, [])))


def test_a_finding_is_kept_for_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    tea = shop.at(*TEA)
    finding = Finding(Kind.LABEL, (tea,), 0.9, "it is odd", edits=(Rename(tea, "Teas"),))
    monkeypatch.setattr(shop, "audit", lambda taxonomy, catalog: [finding])

    press(press(opened(Page.HEALTH), "look"), "keep_label_0")

    (draft,) = shop.store.changes.log(TAXONOMY, state=State.DRAFT)
    assert draft.edits == finding.edits


def test_every_kind_of_finding_has_words() -> None:
    assert set(health._TITLES) == set(Kind)
