"""The whole tree at a glance, when no category is selected."""

import streamlit as st

from taxonomy.node import ROOT_ID
from ui.web import state
from ui.web.words import many, per_cent

__all__ = ["show"]


def show(context: state.Context) -> None:
    """Sums, and the top categories by size."""
    shelves, tree = context.shelves, context.tree
    st.header("All categories", anchor=False)
    n_placed = shelves.n_products - shelves.n_unplaced
    share = per_cent(n_placed / shelves.n_products) if shelves.n_products else "none"
    columns = st.columns(3)
    columns[0].metric("Categories", f"{len(tree):,}")
    columns[1].metric("Products", f"{shelves.n_products:,}")
    columns[2].metric("In a category", share)
    tops = sorted(tree.children_of(ROOT_ID), key=lambda at: -shelves.total.get(at, 0))
    most = max((shelves.total.get(at, 0) for at in tops), default=0)
    st.dataframe(
        {
            "Top category": [tree.nodes[at].name for at in tops],
            "Products": [shelves.total.get(at, 0) for at in tops],
            "Below it": [many(sum(1 for _ in tree.descendants(at)), "category") for at in tops],
        },
        hide_index=True,
        height="content",
        column_config={
            "Products": st.column_config.ProgressColumn(
                format="localized", min_value=0, max_value=max(most, 1)
            )
        },
    )
    st.caption("Select a category in the tree to see its products and to change it.")
