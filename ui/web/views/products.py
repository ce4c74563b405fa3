"""A table of products."""

from collections.abc import Sequence

import streamlit as st

from taxonomy.node import NodeId
from taxonomy.product import SEPARATOR, Assignment, Product, ProductId
from taxonomy.text import fold
from taxonomy.tree import Tree
from ui.web.words import source_name

__all__ = ["Row", "matching", "table"]

UNSCROLLED = 15  # rows of a table that is shown whole; a longer one scrolls under its header

Row = tuple[Product, Assignment | None]
"""A product and where it stands, if it stands anywhere."""


def matching(rows: Sequence[Row], text: str) -> list[Row]:
    """The products that have all words of the text in title or brand, case and accents aside."""
    words = fold(text).split()
    return [row for row in rows if all(word in fold(f"{row[0].title} {row[0].brand}") for word in words)]


def table(rows: Sequence[Row], tree: Tree, *, key: str, below: NodeId | None = None) -> list[ProductId]:
    """Show products; the ids of those that are ticked.

    `below` is the node that the table belongs to: categories are then told from there downwards.
    """
    placed = [place for _, place in rows]
    columns: dict[str, list[object]] = {
        "Product": [product.title for product, _ in rows],
        "Brand": [product.brand for product, _ in rows],
        "Price": [product.price for product, _ in rows],
    }
    if below is not None and not tree.is_leaf(below):
        columns["In"] = [_within(tree, below, place.node_id) if place else "" for place in placed]
    if any(placed):
        columns["How sure"] = [100 * place.probability if place else None for place in placed]
        columns["Placed by"] = [source_name(place.source) if place else "" for place in placed]
    if not any(price is not None for price in columns["Price"]):
        del columns["Price"]
    event = st.dataframe(
        columns,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height="content" if len(rows) <= UNSCROLLED else 560,
        column_config={
            "Product": st.column_config.TextColumn(width=270),
            "Brand": st.column_config.TextColumn(width=95),
            "In": st.column_config.TextColumn(width=150, help="The subcategory it stands in"),
            "Price": st.column_config.NumberColumn(format="%.2f", width=60),
            "How sure": st.column_config.ProgressColumn(
                format="%.0f%%", min_value=0, max_value=100, width=90, help="How sure the placing is"
            ),
            "Placed by": st.column_config.TextColumn(width=115),
        },
    )
    return [rows[at][0].id for at in event["selection"]["rows"] if at < len(rows)]


def _within(tree: Tree, node_id: NodeId, place: NodeId) -> str:
    return SEPARATOR.join(tree.path(place)[tree.depth(node_id) :]) or "directly here"
