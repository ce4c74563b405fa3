"""Products that no category took, told honestly."""

import streamlit as st

from taxonomy.edits import Assign
from ui.web import state
from ui.web.views import products
from ui.web.views.confirm import choose_category, confirm
from ui.web.words import many, per_cent

__all__ = ["show"]

SHOWN = 200


def show(context: state.Context) -> None:
    """How many there are, which, and a way to place them."""
    shelves = context.shelves
    st.header("Unplaced products", anchor=False)
    if not shelves.n_products:
        st.info("There are no products: import a catalogue with `shelftree catalog import FILE --name NAME`.")
        return
    if not shelves.n_unplaced:
        st.success("Every product stands in a category.", icon=":material/check_circle:")
        return
    share = per_cent(shelves.n_unplaced / shelves.n_products)
    st.markdown(
        f"**{many(shelves.n_unplaced, 'product')}** ({share} of the catalogue) stand in no category: "
        "nothing in the tree was close enough to be sure. Tick some to place them by hand."
    )
    panel = st.container()
    found = context.uow.assignments.unplaced(context.catalog, context.taxonomy, limit=SHOWN)
    ticked = tuple(products.table([(one, None) for one in found], context.tree, key="unplaced"))
    if shelves.n_unplaced > len(found):
        st.caption(f"The first {len(found):,} are shown.")
    if ticked:
        with panel, st.container(border=True):
            goal = choose_category(f"Put {many(len(ticked), 'product')} into", context.tree, key="place")
            build = None if goal is None else lambda: [Assign(context.catalog, goal, ticked)]
            confirm(context, "Place", build, hint="Choose a category.")
