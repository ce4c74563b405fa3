"""A category that is gone: where an old link to it may lead."""

import streamlit as st

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.service import history
from ui.web import state
from ui.web.words import per_cent, plain, quoted

__all__ = ["show"]


def show(context: state.Context, node_id: NodeId) -> None:
    """What it was called, and the categories that its products went to, the largest share first."""
    key = (context.taxonomy, context.tree.version, node_id)
    found = state.kept("retired", key, lambda: history.resolve(context.uow, context.taxonomy, node_id))
    leads = [lead for lead in found.leads if lead.node_id != ROOT_ID]
    name = quoted(found.path[-1] if found.path else node_id)
    st.header(plain(f"{name} {'was split' if leads else 'is gone'}"), anchor=False)
    st.caption(plain(" › ".join(found.path)))
    if not leads:
        st.info("Nothing took its place: links to it lead to the whole tree.")
    else:
        st.write("Its products went to these categories. A link to it can lead to any of them:")
    for lead in leads:
        with st.container(key=f"hit_{lead.node_id}", gap="xsmall"):
            st.button(
                plain(lead.path[-1]),
                key=f"go_{lead.node_id}",
                type="tertiary",
                help="Show this category",
                on_click=state.go_to,
                args=(lead.node_id,),
            )
            above = plain(" › ".join(lead.path[:-1]))
            told = f"**{per_cent(lead.share)}** of its products" + (f" · in {above}" if above else "")
            st.progress(min(lead.share, 1.0), text=told)
    st.button("All categories", key="to_all", on_click=state.go_to, args=(None,))
