"""What machines propose, for a person to accept or to reject."""

from collections.abc import Sequence

import streamlit as st

from taxonomy.changes import ChangeSet, apply
from taxonomy.edits import Create, Edit
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.words import Names, counted, describe, many, plain, source_name, when

__all__ = ["show"]

LISTED = 200  # lines of one proposal; more are counted
OPEN = 15  # a proposal of so many lines is open from the start


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
    st.subheader(plain(counted(change.edits)), anchor=False)
    why = f" · {change.reason}" if change.reason else ""
    st.caption(plain(f"Proposed by {source_name(change.source)}, {when(change.created_at)}{why}"))
    lines = _outline(context, change)
    with st.expander("What would change", expanded=len(lines) <= OPEN):
        st.markdown("\n".join(lines))
    with st.container(horizontal=True):
        st.button(
            "Accept", key=f"accept_{change.id}", type="primary", on_click=actions.accept, args=(change.id,)
        )
        st.button("Reject", key=f"reject_{change.id}", on_click=actions.reject, args=(change.id,))


def _outline(context: state.Context, change: ChangeSet) -> list[str]:
    """New categories in their places, then everything else by sentence, as lines of a Markdown list."""
    try:
        after = apply(context.tree, change.edits, change.source).tree
    except InputError as error:
        return [f":material/block: It does not fit the tree of today: {plain(str(error))}"]
    made = {edit.node.id for edit in change.edits if isinstance(edit, Create)} & after.nodes.keys()
    shown = {at for new in made for at in after.lineage(new)}
    lines = [_leaf(after, at, at in made) for at in after.descendants() if at in shown]
    names = Names(context.tree, change.edits)
    lines += [f"- {plain(describe(edit, names))}" for edit in change.edits if _is_worth_a_line(edit, made)]
    more = [f"- … and {many(len(lines) - LISTED, 'line')} more"] if len(lines) > LISTED else []
    return [*lines[:LISTED], *more]


def _leaf(tree: Tree, node_id: NodeId, is_new: bool) -> str:
    name = plain(tree.nodes[node_id].name)
    return f"{'  ' * (tree.depth(node_id) - 1)}- {f'**{name}**' if is_new else f':gray[{name}]'}"


def _is_worth_a_line(edit: Edit, made: set[NodeId]) -> bool:
    """Whether the list of new categories does not tell it already."""
    return not isinstance(edit, Create) and not (edit.kind == "assign" and made.intersection(edit.touches()))
