"""What every action ends with: what it would do, and the buttons that do it."""

from collections.abc import Callable, Sequence

import streamlit as st

from taxonomy.edits import Edit
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.preview import preview
from ui.web.words import plain

__all__ = ["Build", "choose_category", "confirm"]

Build = Callable[[], Sequence[Edit]]
"""Makes the edits from what the fields hold at that moment: a click may come with the last letter."""


def confirm(
    context: state.Context, label: str, build: Build | None, *, then: NodeId | None = None, hint: str = ""
) -> None:
    """What the edits would do, and the buttons that apply them or keep them for later.

    `hint` is shown if there is nothing to apply yet; `then` is the category to look at afterwards.
    """
    found = preview(context.shelves, build()) if build else None
    if found is None:
        st.caption(hint)
    elif found.problem:
        st.warning(plain(found.problem[:1].upper() + found.problem[1:]), icon=":material/block:")
    else:
        st.markdown("\n".join(f"- {plain(effect[:1].upper() + effect[1:])}" for effect in found.effects))
    off = found is None or bool(found.problem)
    with st.container(horizontal=True):
        st.button(
            label,
            key="apply",
            type="primary",
            disabled=off,
            on_click=actions.perform,
            args=(context.taxonomy, context.tree.version, build),
            kwargs={"then": then},
        )
        st.button(
            "Keep for later",
            key="keep",
            disabled=off,
            help="Collects changes in a draft; nothing happens until it is applied.",
            on_click=actions.keep,
            args=(context.taxonomy, build),
        )


def choose_category(
    label: str,
    tree: Tree,
    *,
    key: str,
    without: frozenset[NodeId] = frozenset(),
    top: bool = False,
    first: NodeId | None = None,
) -> NodeId | None:
    """A category by its path, found by typing parts of it.

    The root counts as one if `top` is set; `first` is chosen from the start.
    """
    paths = state.kept("paths", (tree,), lambda: {at: tree.label(at) for at in tree.descendants()})
    options = [*([ROOT_ID] if top else []), *(at for at in paths if at not in without)]
    return st.selectbox(
        label,
        options,
        index=options.index(first) if first in options else None,
        format_func=lambda at: "(top of the tree)" if at == ROOT_ID else paths[at],
        placeholder="Type a part of its name",
        key=key,
    )
