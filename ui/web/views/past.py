"""What was done to one category, version by version."""

import streamlit as st

from taxonomy.node import NodeId
from taxonomy.service import events
from taxonomy.service.events import Event
from ui.web import state
from ui.web.words import plain, when

__all__ = ["show"]

LISTED = 50  # events; older ones are on the page of the whole tree's history


def show(context: state.Context, node_id: NodeId) -> None:
    """One entry for each version that touched the category, the latest first."""

    def look() -> list[Event]:
        return events.of_node(context.uow, context.taxonomy, node_id)

    found = state.kept("past", (context.taxonomy, context.tree.version, node_id), look)
    if not found:
        st.caption("Nothing was done to it yet.")
    for one in found[:LISTED]:
        told = "; ".join(one.sentences)
        who = f"{one.author} · {when(one.at)} · version {one.version}"
        st.markdown(f"{plain(told[:1].upper() + told[1:])}  \n:gray[{plain(who)}]")
