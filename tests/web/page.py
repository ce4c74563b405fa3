"""The app over the sample store in memory, without database and models: `streamlit run tests/web/page.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import streamlit as st

from taxonomy.edits import Create, Merge, Pin, Rename
from taxonomy.node import Node, random_ids
from taxonomy.product import Source
from taxonomy.service import editing, releasing
from tests.web.shop import TAXONOMY, Shop, ask, sample_shop
from ui.web import app, state


@st.cache_resource
def shop() -> Shop:
    one = sample_shop()
    tea = one.at("Grocery & Drinks", "Drinks", "Tea")
    proposed = [Create(Node(random_ids(), name, tea)) for name in ("Green Tea", "Fruit & Herbal", "Iced Tea")]
    with one.uow() as uow:
        editing.propose(
            uow,
            TAXONOMY,
            proposed,
            author="shelftree",
            source=Source.BUILD,
            reason="Tea falls into three groups",
        )
    _waiting(one)
    ask(one)
    return one


def _waiting(one: Shop) -> None:
    """A proposal that a later edit stands against, a release, and a merge that people talk about."""
    coffee = ("Grocery & Drinks", "Drinks", "Coffee")
    pods, beans = one.at(*coffee, "Capsules & Pods"), one.at(*coffee, "Coffee Beans")
    perfume, candles = one.at("Beauty & Health", "Perfume"), one.at("Home & Kitchen", "Candles")
    with one.uow() as uow:
        late = [Rename(perfume, "Fragrance"), Rename(candles, "Candles & Scents")]
        editing.propose(uow, TAXONOMY, late, author="Ida", source=Source.PERSON, reason="As our rivals say")
    one.edit(Pin("nespresso pods", pods), Rename(perfume, "Perfumes"), author="Noor")
    with one.uow() as uow:
        releasing.publish(uow, TAXONOMY, author="Noor")
        merge = [Merge((pods,), beans)]
        said = editing.propose(
            uow, TAXONOMY, merge, author="Sam", source=Source.PERSON, reason="Few pods left"
        )
        editing.comment(
            uow, said.id, author="Noor", text="Where will people find the pods that we still sell?"
        )
        editing.comment(uow, said.id, author="Sam", text="In Coffee Beans, until they are gone next month.")


if __name__ == "__main__":
    state.app = shop  # type: ignore[assignment]
    app.main()
