"""The top bar: the search box, the version, and whether it is published."""

import streamlit as st

from ui.web import actions, state
from ui.web.words import many, when

__all__ = ["pages", "search_box", "show_notice", "version"]


def search_box() -> None:
    """Where a shopper's words are typed to see where they lead."""

    def ask() -> None:
        state.find(st.session_state["query_box"])

    st.text_input(
        "Search",
        type="search",
        key="query_box",
        placeholder="Try a shopper's search: where does it lead?",
        icon=":material/search:",
        on_change=ask,
        label_visibility="collapsed",
    )


def version(context: state.Context) -> None:
    """The head's version and what shoppers get, with the way to publish."""
    head = context.tree.version
    release = context.uow.releases.in_effect(context.taxonomy)
    behind = head - release.tree_version if release else head
    label = (
        "Published" if release and not behind else "Not published" if not release else f"{behind} unpublished"
    )
    icon = ":material/check_circle:" if release and not behind else ":material/pending:"
    with st.popover(f"Version {head} · {label}", icon=icon, width="stretch"):
        if release is None:
            st.write("Nothing is published yet: search and tagging know nothing of this tree.")
        elif behind:
            st.write(f"Search and tagging use version {release.tree_version}, {many(behind, 'change')} ago.")
        else:
            st.write("Search and tagging use exactly what you see here.")
        if release:
            st.caption(f"Published by {release.author}, {when(release.published_at)}")
        if context.tree.nodes and behind:
            st.button(
                f"Publish version {head}",
                key="publish",
                type="primary",
                on_click=actions.publish,
                args=(context.taxonomy,),
            )


def pages(n_open: int, n_unplaced: int, n_questions: int) -> state.Page:
    """The page that is chosen; `n_open` change sets and `n_questions` in review wait for somebody."""
    counts = {
        state.Page.CHANGES: n_open,
        state.Page.REVIEW: n_questions,
        state.Page.UNPLACED: n_unplaced,
    }

    def label(page: state.Page) -> str:
        return f"{page.value} ({counts[page]:,})" if counts.get(page) else page.value

    st.session_state.setdefault("page", state.Page.CATEGORY)
    chosen = st.segmented_control(
        "Page",
        list(state.Page),
        format_func=label,
        key="page",
        required=True,
        on_change=state.forget_notice,
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen or state.Page.CATEGORY


def show_notice() -> None:
    """What came of the last click, with the way back."""
    notice: state.Notice | None = st.session_state.get("notice")
    if notice is None:
        return
    kind = "refused" if notice.is_error else "done"
    with st.container(horizontal=True, vertical_alignment="center", key=f"notice_{kind}", border=True):
        st.markdown(f":material/{'error' if notice.is_error else 'check_circle'}: {notice.shown}")
        if notice.change_id:
            st.button(
                "Undo", icon=":material/undo:", key="undo", on_click=actions.undo, args=(notice.change_id,)
            )
        if notice.answers:
            st.button(
                "Undo",
                icon=":material/undo:",
                key="take_back",
                shortcut="U",
                on_click=actions.take_back,
                args=(notice.place, notice.answers),
            )
        st.button(
            "",
            icon=":material/close:",
            key="dismiss",
            type="tertiary",
            help="Dismiss",
            on_click=state.forget_notice,
        )
