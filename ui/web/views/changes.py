"""Change sets that wait for somebody: drafts, proposals, and what a newer tree did not take."""

from collections.abc import Callable, Sequence

import streamlit as st

from taxonomy.changes import ChangeSet, State, apply
from taxonomy.edits import Create, Edit
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.views import impact, proposal
from ui.web.words import Names, counted, many, plain, planned, source_name, when

__all__ = ["show"]

LISTED = 200  # lines of one proposal; more are counted
SHORT = 15  # a proposal of so many lines is open from the start

_BADGES = {
    State.DRAFT: ("Draft", "gray"),
    State.PROPOSED: ("Proposed", "blue"),
    State.APPROVED: ("Approved", "green"),
    State.CONFLICTED: ("Did not fit", "orange"),
}

Button = tuple[str, Callable[[str], None]]

_BUTTONS: dict[State, tuple[Button, ...]] = {
    State.DRAFT: (("Propose", actions.submit), ("Discard", actions.reject)),
    State.PROPOSED: (("Accept", actions.accept), ("Approve", actions.approve), ("Reject", actions.reject)),
    State.APPROVED: (("Apply", actions.accept), ("Reject", actions.reject)),
    State.CONFLICTED: (("Try again", actions.submit), ("Discard", actions.reject)),
}


def show(context: state.Context, waiting: Sequence[ChangeSet]) -> None:
    """One box for each change set; or the proposal of a tree that the person looks at closely."""
    if (chosen := proposal.chosen(waiting)) is not None:
        proposal.show(context, chosen, waiting)
        return
    st.header("Changes", anchor=False)
    if not waiting:
        st.info(
            "Nothing waits here. Changes that you keep for later, and what the machine proposes, are listed: "
            "`shelftree build --catalog NAME` proposes categories, and nothing happens before you accept it."
        )
    for change in waiting:
        with st.container(border=True, key=f"change_{change.id}"):
            _box(context, change)


def _box(context: state.Context, change: ChangeSet) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        label, colour = _BADGES[change.state]
        st.badge(label, color=colour)  # type: ignore[arg-type]
        title = plain(_title(context, change))
        st.subheader(title, anchor=False)
    why = f" · {change.reason}" if change.reason else ""
    who = change.author if change.source is Source.PERSON else source_name(change.source)
    decided = f" · {change.state} by {change.decided_by}" if change.decided_by else ""
    st.caption(plain(f"By {who}, {when(change.created_at)}, for version {change.base_version}{decided}{why}"))
    for conflict in change.conflicts:
        edit = planned(change.edits[conflict.ordinal - 1], Names(context.tree, change.edits))
        st.markdown(f":material/error: **{plain(edit)}**: {plain(conflict.message)}")
    seen = (hash(change.edits), context.taxonomy, context.tree.version)
    lines = state.kept(f"outline {change.id}", seen, lambda: _outline(context, change))
    impact.show(context, change)
    if lines != [f"- {title}"]:
        with st.expander("What would change", expanded=len(lines) <= SHORT):
            st.markdown("\n".join(lines))
    _comments(context, change)
    with st.container(horizontal=True):
        for at, (name, action) in enumerate(_BUTTONS[change.state]):
            key = f"{name.split()[0].lower()}_{change.id}"
            kind = "primary" if at == 0 else "secondary"
            st.button(name, key=key, type=kind, on_click=action, args=(change.id,))  # type: ignore[arg-type]
        proposal.button(context, change)


def _title(context: state.Context, change: ChangeSet) -> str:
    """The edit itself where there is one, else how many there are of each kind."""
    if len(change.edits) != 1:
        return counted(change.edits)
    return planned(change.edits[0], Names(context.tree, change.edits))


def _comments(context: state.Context, change: ChangeSet) -> None:
    said = context.uow.changes.comments(change.id)
    lines = [line for one in said for line in one.text.splitlines()]
    expanded = 0 < len(lines) <= SHORT
    with st.expander(many(len(said), "comment") if said else "Comment", expanded=expanded):
        for one in said:
            text = "  \n".join(map(plain, one.text.splitlines()))  # else Markdown joins the lines
            st.markdown(f"**{plain(one.author)}** :gray[{when(one.at)}]  \n{text}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            key = f"comment {change.id}"
            st.text_input(
                "Comment", key=key, label_visibility="collapsed", placeholder="Say something about it"
            )
            st.button("Add", key=f"say_{change.id}", on_click=actions.comment, args=(change.id, key))


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
    lines += [f"- {plain(planned(edit, names))}" for edit in change.edits if _is_worth_a_line(edit, made)]
    more = [f"- … and {many(len(lines) - LISTED, 'line')} more"] if len(lines) > LISTED else []
    return [*lines[:LISTED], *more]


def _leaf(tree: Tree, node_id: NodeId, is_new: bool) -> str:
    name = plain(tree.nodes[node_id].name)
    return f"{'  ' * (tree.depth(node_id) - 1)}- {f'**{name}**' if is_new else f':gray[{name}]'}"


def _is_worth_a_line(edit: Edit, made: set[NodeId]) -> bool:
    """Whether the list of new categories does not tell it already."""
    return not isinstance(edit, Create) and not (edit.kind == "assign" and made.intersection(edit.touches()))
