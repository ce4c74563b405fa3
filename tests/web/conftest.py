"""The sample store behind the screens."""

import pytest

from taxonomy.edits import Create
from taxonomy.node import Node, random_ids
from taxonomy.product import Source
from taxonomy.service import editing
from tests.web.screens import TEA
from tests.web.shop import TAXONOMY, Shop, sample_shop
from ui.web import state


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each AppTest reads the metadata of all installed packages: four fifths of the time of these tests.
    monkeypatch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    one = sample_shop()
    monkeypatch.setattr(state, "app", lambda: one)
    return one


@pytest.fixture
def proposal(shop: Shop) -> str:
    node = Node(random_ids(), "Matcha", shop.at(*TEA))
    with shop.uow() as uow:
        change = editing.propose(
            uow, TAXONOMY, [Create(node)], author="shelftree", source=Source.BUILD, reason="4 products alike"
        )
    return change.id
