"""Searches that a person leads to a category, whatever the machine says."""

import streamlit as st

from taxonomy.edits import Pin
from taxonomy.node import NodeId
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.views.confirm import Build, choose_category
from ui.web.words import plain, quoted

__all__ = ["of", "of_category", "of_search"]


def of(tree: Tree, node_id: NodeId) -> list[str]:
    """The searches that are pinned to a live category, sorted."""
    return sorted(query for query in tree.pins if tree.pinned(query) == node_id)


def of_search(context: state.Context, query: str, likeliest: NodeId | None) -> None:
    """Where this search is led, with the way to change it; `likeliest` is offered first."""
    tree = context.tree
    goal = tree.pinned(query)
    if goal is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="pinned"):
            st.markdown(
                f":material/push_pin: Always leads to **{plain(tree.label(goal))}**, pinned by a person"
            )
            _button("Unpin", context, query, _pin(query, None))
        return
    with st.expander("Always lead this search to one category", icon=":material/push_pin:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = choose_category("Category", tree, key=f"lead {query}", first=likeliest)
            _button("Pin", context, query, _pin(query, chosen), off=chosen is None)
        st.caption("Whatever the machine thinks. Shoppers see it with the next release.")


def of_category(context: state.Context, node_id: NodeId) -> None:
    """The searches that lead here, each with the way to let it go, and a field for another."""
    for query in of(context.tree, node_id):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/push_pin: {plain(quoted(query))}")
            _button("Unpin", context, query, _pin(query, None))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"pin to {node_id} {context.tree.version}"
        typed = st.text_input("Always lead this search here", key=key, live=True)
        _button("Pin", context, "", lambda: [Pin(st.session_state[key].strip(), node_id)], off=not typed)
    st.caption("What shoppers type; case and accents do not matter. They see it with the next release.")


def _pin(query: str, node_id: NodeId | None) -> Build:
    return lambda: [Pin(query, node_id)]


def _button(label: str, context: state.Context, query: str, build: Build, *, off: bool = False) -> None:
    st.button(
        label,
        key=f"{label.lower()} {query}",
        disabled=off,
        on_click=actions.perform,
        args=(context.taxonomy, context.tree.version, build),
    )
