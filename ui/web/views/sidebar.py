"""The left-hand side: which tree, which catalogue, and the tree itself."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from taxonomy.node import LabelKind
from taxonomy.records import CatalogSummary
from ui.settings import Settings
from ui.web import actions, state
from ui.web.components.tree import TreeEvent, rows, tree_view

__all__ = ["pick", "show"]


def pick(
    taxonomies: Sequence[str], catalogs: Sequence[CatalogSummary], settings: Settings
) -> tuple[str, str]:
    """The taxonomy and the catalogue to look at; empty where there is none."""
    names = [one.name for one in catalogs]
    st.html("<div class='brand'>Shelftree</div>")
    left, right = st.columns(2, wrap=False)
    with left:
        taxonomy = _choose("Tree", list(taxonomies), settings.taxonomy, key="taxonomy")
    with right:
        # A tree is first shown with the catalogue of the same name, if there is one.
        catalog = _choose("Catalogue", names, settings.catalog or taxonomy, key="catalog")
    return taxonomy, catalog


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


def _choose(label: str, names: list[str], wanted: str, *, key: str) -> str:
    if not names:
        return ""
    index = names.index(wanted) if wanted in names else 0
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    return st.selectbox(label, names, index=index, key=key) or names[0]
