"""What was done to the tree, newest first, each with a way back; and the tree as it was."""

import streamlit as st

from taxonomy.changes import ChangeSet, State
from taxonomy.compare import compare
from taxonomy.product import Source
from taxonomy.service import history
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.views.releases import differences
from ui.web.words import many, plain, source_name, story, when

__all__ = ["show"]

SHOWN = 50
OUTLINED = 500  # categories of an earlier tree; more are counted


def show(context: state.Context) -> None:
    """The applied change sets, those since taken back included."""
    st.header("History", anchor=False)
    changes = state.kept("log", (context.taxonomy, context.tree.version), lambda: _done(context))
    if not changes:
        st.info("Nothing was changed yet. Every change will be listed here, with a way to take it back.")
        return
    with st.expander("The tree as it was"):
        _as_it_was(context)
    for change in changes:
        _row(context, change)


def _done(context: state.Context) -> list[ChangeSet]:
    """What was applied; each makes a version, and so does taking it back."""
    log = context.uow.changes.log(context.taxonomy, limit=SHOWN)
    return [change for change in log if change.state in (State.APPLIED, State.REVERTED)]


def _as_it_was(context: state.Context) -> None:
    head = context.tree.version
    version = st.number_input("Version", 0, head, max(head - 1, 0), key="version")
    if not st.toggle("Show it, and what is different today", key="as_it_was"):
        return
    key = (context.taxonomy, head, int(version))
    tree = state.kept("then", key, lambda: history.at(context.uow, context.taxonomy, int(version)))
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Version {tree.version}** :gray[{many(len(tree), 'category')}]")
        st.markdown("\n".join(_outline(tree)) or "It was empty.")
    with right:
        st.markdown("**Since then**")
        differences(state.kept("since", key, lambda: compare(tree, context.tree)))


def _outline(tree: Tree) -> list[str]:
    ids = list(tree.descendants())
    lines = [f"{'  ' * (tree.depth(at) - 1)}- {plain(tree.nodes[at].name)}" for at in ids[:OUTLINED]]
    more = [f"- … and {len(ids) - OUTLINED:,} more"] if len(ids) > OUTLINED else []
    return lines + more


def _row(context: state.Context, change: ChangeSet) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"change_{change.id}"):
        said, is_back = plain(story(change, context.tree)), change.state is State.REVERTED
        why = "" if change.reverts or plain(change.reason) in ("", said) else plain(f" · {change.reason}")
        st.markdown(
            f"~~{said}~~  \n:gray[{_who(change)} · taken back]"
            if is_back
            else f"{said}  \n:gray[{_who(change)}{why}]"
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
