"""Two proposed trees side by side: figures, what only one has, and products that stand elsewhere."""

import streamlit as st

from taxonomy.changes import ChangeSet
from taxonomy.errors import InputError
from taxonomy.proposal import MEASURES, Quality
from taxonomy.service import proposing
from taxonomy.tree import Tree
from taxonomy.versus import Versus
from ui.web import state
from ui.web.words import many, per_cent, plain

__all__ = ["differences", "figures", "versus_of"]

FLOWS = 50  # rows of products that stand elsewhere, and categories that are in one only

_BETTER = {1: "this one", 0: "about equal", -1: "the other"}


def figures(quality: Quality, other: Quality | None) -> None:
    """What each figure is and means, beside those of another tree if there is one."""
    rows: dict[str, list[str]] = {"Figure": [one.name for one in MEASURES]}
    rows["This one"] = [per_cent(getattr(quality, one.field)) for one in MEASURES]
    if other:
        values = [(getattr(quality, one.field), getattr(other, one.field)) for one in MEASURES]
        rows["The other"] = [per_cent(value) for _, value in values]
        rows["Better"] = [_BETTER[one.verdict(*pair)] for one, pair in zip(MEASURES, values, strict=True)]
    rows["What it means"] = [one.meaning for one in MEASURES]
    st.dataframe(rows, hide_index=True, height="content")


def versus_of(context: state.Context, one: ChangeSet, other: ChangeSet) -> Versus | None:
    """What is different between two proposals; None where one does not fit the tree of today."""

    def look() -> Versus | None:
        try:
            return proposing.compare(context.uow, one, other, context.catalog)
        except InputError:
            return None

    key = (hash(one.edits), other.id, hash(other.edits), context.tree.version, context.catalog)
    return state.kept(f"versus {one.id}", key, look)


def differences(context: state.Context, mine: Tree, versus: Versus, theirs: Tree) -> None:
    """What only one of two proposed trees has, and the products that stand elsewhere."""
    n_same = versus.n_products - versus.n_elsewhere
    st.caption(
        f"{n_same:,} of {many(versus.n_products, 'product')} stand in the same category in both. Categories "
        "count as the same if they share more than half of their products, whatever their names."
    )
    left, right = st.columns(2)
    for column, title, tree, ids in (
        (left, "In this one only", mine, versus.only_one),
        (right, "In the other only", theirs, versus.only_other),
    ):
        with column, st.expander(f"{title} ({len(ids):,})", key=f"only {title}"):
            st.markdown("\n".join(f"- {plain(tree.label(at))}" for at in ids[:FLOWS]))
    st.markdown("**Products that stand elsewhere**")
    flows = versus.flows[:FLOWS]
    firsts = [flow.product_ids[0] for flow in flows]
    titles = {one.id: one.title for one in context.uow.catalogs.get(context.catalog, firsts)}
    st.dataframe(
        {
            "Products": [len(flow.product_ids) for flow in flows],
            "In this one": [mine.label(flow.one) if flow.one else "nowhere" for flow in flows],
            "In the other": [theirs.label(flow.other) if flow.other else "nowhere" for flow in flows],
            "For example": [titles.get(flow.product_ids[0], "") for flow in flows],
        },
        hide_index=True,
    )
