"""What machines propose, for a person to accept or to reject."""

from collections.abc import Sequence

import streamlit as st

from taxonomy.changes import ChangeSet, apply
from taxonomy.edits import Create, Edit
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from ui.web import actions, state
from ui.web.words import Names, describe, many, plain, source_name, story, when

__all__ = ["show"]

LISTED = 200


def show(context: state.Context, proposals: Sequence[ChangeSet]) -> None:
    """One box for each proposal."""
    st.header("Proposals", anchor=False)
    if not proposals:
        st.info(
            "Nothing is proposed. `shelftree build --catalog NAME` lets the machine propose categories; "
            "nothing it proposes happens before you accept it."
        )
    for change in proposals:
        with st.container(border=True, key=f"proposal_{change.id}"):
            _proposal(context, change)


def _proposal(context: state.Context, change: ChangeSet) -> None:
    st.subheader(plain(story(change, context.tree)), anchor=False)
    why = f" · {change.reason}" if change.reason else ""
    st.caption(plain(f"Proposed by {source_name(change.source)}, {when(change.created_at)}{why}"))
    with st.expander("Look at it"):
        st.markdown(_outline(context, change))
    with st.container(horizontal=True):
        st.button(
            "Accept", key=f"accept_{change.id}", type="primary", on_click=actions.accept, args=(change.id,)
        )
        st.button("Reject", key=f"reject_{change.id}", on_click=actions.reject, args=(change.id,))


def _outline(context: state.Context, change: ChangeSet) -> str:
    """New categories as an indented list, then everything else by sentence."""
    try:
        after = apply(context.tree, change.edits, change.source).tree
    except InputError as error:
        return f":material/block: It does not fit the tree of today: {plain(str(error))}"
    made = {edit.node.id for edit in change.edits if isinstance(edit, Create)}
    lines = [
        f"{'  ' * (after.depth(at) - 1)}- {plain(after.nodes[at].name)}"
        for at in after.descendants()
        if at in made
    ]
    names = Names(context.tree, change.edits)
    lines += [f"- {plain(describe(edit, names))}" for edit in change.edits if _is_worth_a_line(edit, made)]
    more = [f"- … and {many(len(lines) - LISTED, 'line')} more"] if len(lines) > LISTED else []
    return "\n".join([*lines[:LISTED], *more])


def _is_worth_a_line(edit: Edit, made: set[NodeId]) -> bool:
    """Whether the list of new categories does not tell it already."""
    return not isinstance(edit, Create) and not (edit.kind == "assign" and made.intersection(edit.touches()))
