"""Pages for when there is nothing to show: they say what to do."""

import streamlit as st

from taxonomy.errors import DatabaseUnavailable, TaxonomyError
from ui.web.words import plain

__all__ = ["empty_tree", "no_catalogue", "start", "trouble"]


def start() -> None:
    """Nothing was imported yet."""
    st.header("Welcome to Shelftree", anchor=False)
    st.write("There is no catalogue yet. Look around in a small made-up store first:")
    st.code("shelftree demo", language="bash")
    st.write(
        "Or bring your own products (CSV, TSV, JSON lines or Parquet) and let the machine propose a tree:"
    )
    st.code(
        "shelftree catalog import products.csv --name shop\nshelftree build --catalog shop", language="bash"
    )
    st.button("I have done that: look again", icon=":material/refresh:")


def no_catalogue() -> None:
    """There is a tree and no products."""
    st.info("There is no catalogue yet, so all counts are zero. Import one, then look again:")
    st.code("shelftree catalog import products.csv --name shop", language="bash")


def empty_tree(catalog: str, n_proposals: int) -> None:
    """There are products and no categories."""
    st.header("No categories yet", anchor=False)
    if n_proposals:
        st.write("The machine has proposed some: see **Changes** above, and accept what you like.")
        return
    st.write("Let the machine propose a tree from the products, or import one that you have:")
    name = catalog or "shop"
    st.code(
        f"shelftree build --catalog {name}\nshelftree taxonomy import tree.csv --name {name}", language="bash"
    )


def trouble(error: TaxonomyError) -> None:
    """One sentence about what is wrong, and a way to go on."""
    if isinstance(error, DatabaseUnavailable):
        st.header("The database is away", anchor=False)
        st.error(
            "Nothing that was applied is lost. Start the database with `shelftree db up`, or tell whoever "
            "looks after it, and try again.",
            icon=":material/cloud_off:",
        )
        with st.expander("For whoever looks after it"):
            st.caption(plain(str(error)))
    else:
        st.header("That did not work", anchor=False)
        st.error(plain(str(error)), icon=":material/error:")
    st.button("Try again", icon=":material/refresh:", type="primary")
