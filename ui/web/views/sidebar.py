"""The left-hand side: which tree, which catalogue, and the tree itself."""

from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from taxonomy.node import LabelKind
from taxonomy.records import CatalogSummary
from ui.settings import Settings
from ui.web import actions, state
from ui.web.components.tree import TreeEvent, rows, tree_view

__all__ = ["pick", "show"]


def pick(
    taxonomies: Sequence[str],
    catalogs: Sequence[CatalogSummary],
    settings: Settings,
    n_placed: Callable[[str, str], int],
) -> tuple[str, str]:
    """The taxonomy and the catalogue to look at; empty where there is none.

    `n_placed` says how many products of a catalogue stand in a taxonomy.
    """
    names = [one.name for one in catalogs]
    st.html("<div class='brand'>Shelftree</div>")
    left, right = st.columns(2, wrap=False)
    with left:
        taxonomy = _choose("Tree", list(taxonomies), settings.taxonomy, key="taxonomy", on_change=_forget)
    with right:
        catalog = _choose("Catalogue", names, _usual(taxonomy, names, settings, n_placed), key="catalog")
    return taxonomy, catalog


def _forget() -> None:
    """Another tree may hold another catalogue's products."""
    st.session_state.pop("catalog", None)


def _usual(
    taxonomy: str, names: Sequence[str], settings: Settings, n_placed: Callable[[str, str], int]
) -> str:
    """The catalogue that a tree is first shown with: that of the settings, of its name, or most in it."""
    for wanted in (settings.catalog, taxonomy):
        if wanted in names:
            return wanted
    if "catalog" in st.session_state or len(names) < 2 or not taxonomy:
        return ""
    return max(names, key=lambda name: n_placed(name, taxonomy))


def show(context: state.Context) -> None:
    """The tree, or nothing if it has no categories."""
    if not context.tree.nodes:
        st.caption("The tree is empty.")
        return

    def on_event(event: TreeEvent) -> None:
        actions.handle(context.taxonomy, event)

    if len(spoken := _languages(context)) > 1:
        _choose("Language", spoken, spoken[0], key="tree_language")
    language = state.language()
    shelves = context.shelves
    tree_view(
        context.tree.version,
        state.kept("rows", (shelves, language), lambda: rows(shelves, language)),
        selected=state.selected(context.tree),
        heard=st.session_state.get("heard", 0),
        on_event=on_event,
    )
    st.caption("Drag to move, double-click or F2 to rename.")


def _languages(context: state.Context) -> list[str]:
    """The languages that categories are named in, the commonest first."""

    def count() -> list[str]:
        n: Counter[str] = Counter()
        for node in context.tree.nodes.values():
            named = (one.language for one in node.labels if one.kind is LabelKind.PREFERRED)
            n.update(filter(None, {node.language, *named}))
        return [language for language, _ in n.most_common()]

    return state.kept("languages", (context.taxonomy, context.tree.version), count)


def _choose(
    label: str, names: list[str], wanted: str, *, key: str, on_change: Callable[[], None] | None = None
) -> str:
    if not names:
        return ""
    index = names.index(wanted) if wanted in names else 0
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    return st.selectbox(label, names, index=index, key=key, on_change=on_change) or names[0]
