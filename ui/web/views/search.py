"""Where a shopper's query goes, and why."""

import streamlit as st

from taxonomy.errors import TaxonomyError
from taxonomy.product import Product
from taxonomy.search.explain import explain
from taxonomy.search.rerank import Reranked
from taxonomy.search.route import RankedNode, Routing
from ui.web import state
from ui.web.views import pins
from ui.web.words import per_cent, plain

__all__ = ["show"]

CATEGORIES, PRODUCTS = 8, 12
NOTEWORTHY = 0.01  # categories less likely than this only distract, unless they are all there is


def show(context: state.Context) -> None:
    """Categories and products for the query in the search box."""
    query = st.session_state.get("query", "").strip()
    if not query:
        st.header("Search", anchor=False)
        st.info("Type what a shopper would type into the box above: you see where it leads, and why.")
        return
    if not context.tree.nodes:
        st.info("The tree has no categories yet, so a search leads nowhere.")
        return
    try:
        routing, found = _ask(context, query)
    except TaxonomyError as error:
        st.warning(f"The search cannot answer: {plain(str(error))}", icon=":material/error:")
        return
    st.header(plain(explain(routing, context.tree, top=0)[0]), anchor=False)
    best = routing.ranked[0].node_id if routing.ranked else None
    pins.of_search(context, query, best)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("Categories", anchor=False)
        likely = [ranked for ranked in routing.ranked if ranked.probability >= NOTEWORTHY]
        for ranked in likely or routing.ranked:
            _category(context, ranked)
    with right:
        st.subheader("Products", anchor=False)
        _products(context, found)


def _ask(context: state.Context, query: str) -> tuple[Routing, list[tuple[Product, Reranked]]]:
    app = state.app()
    with st.spinner("Looking… (the first search after a change takes longer)"):
        routing = app.route(context.taxonomy, context.catalog, query, top=CATEGORIES)
        if not context.catalog:
            return routing, []
        return routing, app.search(context.taxonomy, context.catalog, query, top=PRODUCTS)


def _category(context: state.Context, ranked: RankedNode) -> None:
    if ranked.node_id not in context.tree.nodes:
        return  # the tree was edited while the search was answering
    path = context.tree.path(ranked.node_id)
    with st.container(key=f"hit_{ranked.node_id}", gap="xsmall"):
        st.button(
            plain(context.name(ranked.node_id)),
            key=f"go_{ranked.node_id}",
            type="tertiary",
            on_click=state.go_to,
            args=(ranked.node_id,),
            help="Show this category",
        )
        st.progress(min(max(ranked.probability, 0.0), 1.0), text=_where(path, ranked.probability))
        if reasons := "; ".join(evidence.text for evidence in ranked.why if evidence.text):
            st.caption(plain(reasons))


def _where(path: tuple[str, ...], probability: float) -> str:
    above = plain(" › ".join(path[:-1]))
    return f"**{per_cent(probability)}**" + (f" · in {above}" if above else "")


def _products(context: state.Context, found: list[tuple[Product, Reranked]]) -> None:
    if not found:
        st.caption("No product answers this query.")
        return
    for place, (product, reranked) in enumerate(found, 1):
        details = " · ".join(filter(None, (product.brand, reranked.why)))
        st.markdown(f"{place}. **{plain(product.title)}**  \n:gray[{plain(details)}]")
