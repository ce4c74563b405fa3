"""The app over the sample store in memory, without database and models: `streamlit run tests/web/page.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import streamlit as st

from taxonomy.edits import Create
from taxonomy.node import Node, random_ids
from taxonomy.product import Source
from taxonomy.service import editing
from tests.web.shop import TAXONOMY, Shop, sample_shop
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
    return one


if __name__ == "__main__":
    state.app = shop  # type: ignore[assignment]
    app.main()
