"""The app over the sample store in memory, without database and models: `streamlit run tests/web/page.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import streamlit as st

from tests.web.shop import Shop, sample_shop
from ui.web import app, state


@st.cache_resource
def shop() -> Shop:
    return sample_shop()


if __name__ == "__main__":
    state.app = shop  # type: ignore[assignment]
    app.main()
