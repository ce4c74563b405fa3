"""What was done to the tree, newest first, each with a way back."""

import streamlit as st

from taxonomy.changes import ChangeSet, State
from taxonomy.product import Source
from ui.web import actions, state
from ui.web.words import plain, source_name, story, when

__all__ = ["show"]

SHOWN = 50


def show(context: state.Context) -> None:
    """The applied change sets, those since taken back included."""
    st.header("History", anchor=False)
    changes = [
        change
        for change in context.uow.changes.log(context.taxonomy, limit=SHOWN)
        if change.state in (State.APPLIED, State.REVERTED)
    ]
    if not changes:
        st.info("Nothing was changed yet. Every change will be listed here, with a way to take it back.")
    for change in changes:
        _row(context, change)


def _row(context: state.Context, change: ChangeSet) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"change_{change.id}"):
        said, is_back = plain(story(change, context.tree)), change.state is State.REVERTED
        st.markdown(
            f"~~{said}~~  \n:gray[{_who(change)} · taken back]"
            if is_back
            else f"{said}  \n:gray[{_who(change)}]"
        )
        if not is_back:
            st.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo_{change.id}",
                on_click=actions.undo,
                args=(change.id,),
            )


def _who(change: ChangeSet) -> str:
    who = (
        change.author if change.source is Source.PERSON else f"{source_name(change.source)} ({change.author})"
    )
    return plain(f"{who} · {when(change.created_at)} · version {change.applied_version}")
