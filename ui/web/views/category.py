"""One category: where it stands, what is in it, and what can be done with it."""

from collections.abc import Sequence

import streamlit as st

from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.service.browsing import products_below
from ui.web import state
from ui.web.views import edit, pins, products
from ui.web.views.products import Row
from ui.web.words import Names, many, plain, quoted, restricted

__all__ = ["show"]

PAGE_SIZE = 50
FILTERED = 5000
"""Products that a filter looks through: about a second of reading; beyond it the page says so."""


def show(context: state.Context, node_id: NodeId) -> None:
    """The category's page."""
    node = context.tree.nodes[node_id]
    _breadcrumb(context, node_id)
    lock = " :material/lock:" if node.locked else ""
    st.header(plain(context.name(node_id)) + lock, anchor=False)
    st.caption(_counts(context, node_id))
    if about := _about(context, node_id):
        st.markdown("  \n".join(about))
    actions = st.container()  # above the table, but run after it: some actions ask which products are ticked
    chosen = _products(context, node_id)
    with actions:
        edit.show(context, node_id, chosen)


def _breadcrumb(context: state.Context, node_id: NodeId) -> None:
    with st.container(horizontal=True, gap="xsmall", key="breadcrumb", vertical_alignment="center"):
        st.button("All", key="crumb_all", type="tertiary", on_click=state.go_to, args=(None,))
        for at in context.tree.ancestors(node_id):
            st.markdown("›")
            name = plain(context.name(at))
            st.button(name, key=f"crumb_{at}", type="tertiary", on_click=state.go_to, args=(at,))


def _counts(context: state.Context, node_id: NodeId) -> str:
    own, total = (counts.get(node_id, 0) for counts in (context.shelves.own, context.shelves.total))
    n_children = len(context.tree.children_of(node_id))
    if not n_children:
        return many(total, "product")
    below = many(n_children, "subcategory")
    if not own:
        return f"{many(total, 'product')}, all in its {below}"
    return f"{many(total, 'product')}: {own:,} directly here, {total - own:,} in its {below}"


def _about(context: state.Context, node_id: NodeId) -> list[str]:
    """What is said of the category, a line each."""
    tree, node = context.tree, context.tree.nodes[node_id]
    lines = [f"_{plain(node.scope_note)}_"] if node.scope_note else []
    shown = [f"{one.text} ({one.language})" if one.language else one.text for one in node.labels]
    names = Names(tree)
    told = {
        ":material/push_pin: Searches that always lead here": list(map(quoted, pins.of(tree, node_id))),
        ":material/translate: Also called": shown,
        ":material/rule: Products have": [one.name for one in tree.attributes(node_id)],
        ":material/block: Not for everybody": [restricted(one) for one in tree.restrictions(node_id)],
        ":material/link: Goes together with": [names.of(one.node_id) for one in node.relations],
        ":material/compare_arrows: Elsewhere": [
            f"{one.scheme}: {one.target or 'nothing there'}" for one in node.crosswalk
        ],
    }
    return lines + [f"{what}: {plain(', '.join(some))}" for what, some in told.items() if some]


def _products(context: state.Context, node_id: NodeId) -> edit.Chosen:
    """The table with filter and paging, and what is chosen in it."""
    total = context.shelves.total.get(node_id, 0)
    if not total:
        st.info(_nothing(context), icon=":material/inbox:")
        return edit.Chosen()
    text = st.text_input(
        "Filter",
        type="search",
        key=f"filter {node_id}",
        live=True,
        placeholder="Filter these products by words in title or brand",
        label_visibility="collapsed",
    )
    rows, n_rows = _page(context, node_id, text or "", total)
    if text:
        note = f" (of the first {FILTERED:,})" if total > FILTERED else ""
        st.caption(f"{many(n_rows, 'product')} with “{plain(text)}”{note}")
    key = f"products {node_id} {st.session_state.get('n_page', 1)} {text or ''}"
    ticked = tuple(products.table(rows, context.tree, key=key, below=node_id))
    if n_rows > PAGE_SIZE:
        st.pagination(-(-n_rows // PAGE_SIZE), key=f"page {node_id} {text or ''}")
    if ticked or not text:
        return _chosen([row for row in rows if row[0].id in set(ticked)], "ticked below")
    return _chosen(_all(context, node_id, text), f"with “{text}”")


def _chosen(rows: Sequence[Row], which: str) -> edit.Chosen:
    by_people = tuple(one.id for one, place in rows if place and place.source is Source.PERSON)
    return edit.Chosen(tuple(one.id for one, _ in rows), which, by_people)


def _page(context: state.Context, node_id: NodeId, text: str, total: int) -> tuple[list[Row], int]:
    """The rows to show and how many there are in all."""
    start = (st.session_state.get(f"page {node_id} {text}", 1) - 1) * PAGE_SIZE
    if text:
        found = _all(context, node_id, text)
        return found[start : start + PAGE_SIZE], len(found)
    page: list[Row] = list(
        products_below(context.uow, context.taxonomy, context.catalog, node_id, limit=PAGE_SIZE, offset=start)
    )
    return page, total


def _all(context: state.Context, node_id: NodeId, text: str) -> list[Row]:
    rows = products_below(context.uow, context.taxonomy, context.catalog, node_id, limit=FILTERED)
    return products.matching(rows, text)


def _nothing(context: state.Context) -> str:
    if not context.catalog:
        return "There is no catalogue yet, so no category has products."
    return (
        "No products stand here. To put some here, tick them in another category and choose “Move products”."
    )
