"""What is wrong with the tree, each finding with what shows it and a way to mend it."""

from collections import defaultdict
from collections.abc import Sequence

import streamlit as st

from taxonomy.audit import Finding, Kind
from ui.web import actions, state
from ui.web.words import Names, many, plain, planned

__all__ = ["show"]

SHOWN = 20  # findings of a kind; more are counted
EXAMPLES = 3

_TITLES = {
    Kind.BRAND: ("Brands among the categories", "A brand is better a filter than a shelf."),
    Kind.PRODUCT: ("Products among the categories", "A category for one product helps nobody to choose."),
    Kind.LABEL: ("Names to look at", "Signs, capitals or lengths that the rest of the tree does not have."),
    Kind.SAME: ("Categories that mean the same", "Shoppers find half of what there is in each."),
    Kind.OVERLAP: ("Neighbours that overlap", "Their products could as well stand in the other one."),
    Kind.MIXED: ("Categories that mix kinds", "Their products fall into clear groups."),
    Kind.EMPTY: ("Empty categories", "Nothing stands there or below."),
    Kind.OVERFULL: ("Overfull categories", "More than anybody looks through."),
    Kind.SINGLE: ("Only children", "One more click, and no choice."),
    Kind.ATTRIBUTES: ("Missing attributes", "Most of their neighbours ask for them."),
}


def show(context: state.Context) -> None:
    """Look at the tree when asked to, and list what is found."""
    st.header("Health", anchor=False)
    found = _looked_at(context)
    if found is None:
        return
    if not found:
        st.success("Nothing is wrong with the tree.", icon=":material/check_circle:")
    by_kind: dict[Kind, list[Finding]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    if found:
        st.caption(f"{many(len(found), 'thing')} to look at, each with what would mend it.")
    for at, (kind, findings) in enumerate(by_kind.items()):
        _kind(context, kind, findings, expanded=at == 0)


def _looked_at(context: state.Context) -> list[Finding] | None:
    """What was found in exactly this tree; None before somebody asked."""
    key = (context.taxonomy, context.tree.version, context.catalog)
    held: tuple[object, list[Finding]] | None = st.session_state.get("findings")
    is_fresh = held is not None and held[0] == key
    if held is not None and not is_fresh:
        st.caption("The tree has changed since it was looked at.")
    if not is_fresh:
        st.write("The machine reads names and products, and looks for what a careful colleague would mend.")
        if not st.button("Look at the tree", type="primary", key="look"):
            return None
        with st.spinner("Reading names and products…"):
            held = (key, state.app().audit(context.taxonomy, context.catalog))
            st.session_state["findings"] = held
        st.rerun()
    return held[1] if held else None


def _kind(context: state.Context, kind: Kind, findings: Sequence[Finding], *, expanded: bool) -> None:
    title, why = _TITLES[kind]
    with st.expander(f"{title} ({len(findings):,})", expanded=expanded):
        st.caption(why)
        for at, one in enumerate(findings[:SHOWN]):
            with st.container(border=True, key=f"finding_{kind}_{at}"):
                _finding(context, one, f"{kind}_{at}")
        if len(findings) > SHOWN:
            st.caption(f"{len(findings) - SHOWN:,} more: `shelftree taxonomy lint` lists them all.")


def _finding(context: state.Context, one: Finding, key: str) -> None:
    tree = context.tree
    label = tree.label(one.node_ids[0]) if one.node_ids[0] in tree.nodes else "All categories"
    examples = [f"“{shown.title}”" for shown in one.evidence.products[:EXAMPLES]]
    lines = [f"**{plain(label)}**", plain(one.why)]
    if examples:
        lines.append(f":gray[{plain(', '.join(examples))}]")
    names = Names(tree, one.edits)
    lines += [f":material/build: {plain(planned(edit, names))}" for edit in one.edits]
    st.markdown("  \n".join(lines))
    if not one.edits:
        return
    with st.container(horizontal=True):
        st.button(
            "Mend it",
            key=f"mend_{key}",
            on_click=actions.perform,
            args=(context.taxonomy, tree.version, lambda: one.edits),
        )
        st.button(
            "Keep for later",
            key=f"keep_{key}",
            on_click=actions.keep,
            args=(context.taxonomy, lambda: one.edits),
        )
        if one.node_ids[0] in tree.nodes:
            st.button("Show category", key=f"show_{key}", on_click=state.go_to, args=(one.node_ids[0],))
