"""A tree that the machine proposes, looked at closely: how good it is, why each category, what to mend."""

from collections import Counter
from collections.abc import Iterable, Sequence

import streamlit as st

from taxonomy.changes import ChangeSet, apply
from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.proposal import Fate, NodeQuality, Quality, Report, fates
from taxonomy.service import proposing
from taxonomy.tree import Tree
from taxonomy.versus import Versus
from ui.web import actions, state
from ui.web.views import versus
from ui.web.views.proposed import FATES, Proposal, category, gone, shortened
from ui.web.words import many, per_cent, plain, when

__all__ = ["button", "chosen", "show"]

SHOWN = 15  # categories at a time
ALONE = ""  # in place of another proposal's id: compare with none

_FIRST, _NOWHERE, _OTHER = "Look at first", "Left out", "Compared"


def button(context: state.Context, change: ChangeSet) -> None:
    """The way to this page, where something is known of the proposal."""
    report = _report(context, change)
    if report is None:
        return
    st.button(
        "Look closer",
        key=f"closer_{change.id}",
        icon=":material/search:",
        on_click=_open,
        args=(change.id,),
        help="How good it is, why each category is there, and what to mend before you accept it.",
    )


def chosen(waiting: Sequence[ChangeSet]) -> ChangeSet | None:
    """The proposal that the person looks at closely, as long as it waits."""
    wanted = st.session_state.get("proposal")
    return next((change for change in waiting if change.id == wanted), None)


def _open(change_id: str) -> None:
    st.session_state["proposal"] = change_id
    st.session_state.pop("against", None)
    state.forget_notice()


def _report(context: state.Context, change: ChangeSet) -> Report | None:
    return state.kept(f"report {change.id}", "", lambda: proposing.report_of(context.uow, change))


def show(context: state.Context, change: ChangeSet, waiting: Sequence[ChangeSet]) -> None:
    """The figures, beside those of another proposal on request, and the categories, the weakest first."""
    st.button(
        "All changes", icon=":material/arrow_back:", key="back", type="tertiary", on_click=_open, args=("",)
    )
    st.header("Proposed tree", anchor=False)
    st.caption(plain(" · ".join(part for part in (when(change.created_at), change.reason) if part)))
    report = _report(context, change)
    tree = _after(context, change)
    if report is None or tree is None:
        st.warning("It does not fit the tree of today: see under “All changes” what stands against it.")
        return
    told = {one.node_id: one for one in report.outcomes}
    proposal = Proposal(change, report, tree, fates(context.tree, change.edits), told)
    other = _other(context, change, waiting)
    _figures(report.quality, tree, _report(context, other) if other else None)
    found = versus.versus_of(context, change, other) if other else None
    theirs = _after(context, other) if other else None
    if n_changed := proposal.n_changed:
        st.caption(
            f"The figures are of the tree as it was built; people changed {many(n_changed, 'category')}."
        )
    part = _part(proposal, found)
    if part == _NOWHERE:
        _nowhere(report)
    elif part == _OTHER and found and theirs:
        versus.differences(context, tree, found, theirs)
    else:
        _categories(context, proposal, part)
    st.divider()
    with st.container(horizontal=True):
        st.button(
            "Accept", key=f"accept_{change.id}", type="primary", on_click=actions.accept, args=(change.id,)
        )
        st.button("Reject", key=f"reject_{change.id}", on_click=actions.reject, args=(change.id,))


def _after(context: state.Context, change: ChangeSet) -> Tree | None:
    """The tree as it would be; None where the proposal does not fit the tree of today."""

    def make() -> Tree | None:
        try:
            return apply(context.tree, change.edits, change.source).tree
        except InputError:
            return None

    return state.kept(f"after {change.id}", (hash(change.edits), context.tree.version), make)


def _figures(quality: Quality, tree: Tree, other: Report | None) -> None:
    held = quality.n_products - round(quality.noise_share * quality.n_products)
    columns = st.columns(3)
    columns[0].metric("Categories", f"{len(tree):,}")
    columns[1].metric("Products placed", f"{held:,}")
    columns[2].metric("Left out", per_cent(quality.noise_share))
    versus.figures(quality, other.quality if other else None)


def _part(proposal: Proposal, found: Versus | None) -> str:
    """What is listed below the figures."""
    counts = Counter(map(proposal.fate, proposal.tree.nodes))
    counts.update(fate for at, fate in proposal.fates.items() if at not in proposal.tree.nodes)
    labels = {_FIRST: f"{_FIRST} ({sum(bool(one.weaknesses) for one in proposal.measured()):,})"}
    labels |= {str(fate): f"{FATES[fate][0]} ({counts[fate]:,})" for fate in Fate if counts[fate]}
    if proposal.report.noise_examples:
        labels[_NOWHERE] = f"{_NOWHERE} ({per_cent(proposal.report.quality.noise_share)})"
    if found:
        labels[_OTHER] = f"{_OTHER} ({found.n_elsewhere:,})"
    chosen = st.segmented_control(
        "Show", list(labels), format_func=labels.__getitem__, default=_FIRST, key="part", required=True
    )
    return chosen or _FIRST


def _other(context: state.Context, change: ChangeSet, waiting: Sequence[ChangeSet]) -> ChangeSet | None:
    """Another proposal to compare with, if the person chose one."""
    others = {one.id: one for one in waiting if one.id != change.id and _report(context, one)}
    if not others:
        return None
    names = {ALONE: "Nothing"} | {at: _name(one) for at, one in others.items()}
    wanted = st.selectbox("Compare with", list(names), format_func=names.__getitem__, key="against")
    return others.get(wanted or ALONE)


def _name(change: ChangeSet) -> str:
    return f"{change.reason or 'Proposal'}, {when(change.created_at)}"


def _categories(context: state.Context, proposal: Proposal, part: str) -> None:
    measured = {one.node_id: one for one in proposal.measured()}
    if part == _FIRST:
        listed = [one.node_id for one in _weakest(measured.values()) if one.weaknesses]
        st.caption(
            "Categories with something to mend, the weakest first." if listed else "Nothing stands out."
        )
    else:
        retired = [at for at in proposal.fates if at not in proposal.tree.nodes]
        listed = [at for at in (*proposal.tree.descendants(), *retired) if _is(proposal, at, part)]
    n_shown = st.session_state.get(f"shown {part}", SHOWN)
    for node_id in listed[:n_shown]:
        with st.container(border=True, gap="xsmall", key=f"node_{node_id}"):
            if node_id in proposal.tree.nodes:
                category(proposal, node_id, measured.get(node_id))
            else:
                gone(context, proposal, node_id)
    if (n_more := len(listed) - n_shown) > 0:
        st.button(f"Show more of {n_more:,}", key="more", on_click=_show_more, args=(part,))


def _show_more(part: str) -> None:
    st.session_state[f"shown {part}"] = st.session_state.get(f"shown {part}", SHOWN) + SHOWN


def _weakest(found: Iterable[NodeQuality]) -> list[NodeQuality]:
    return sorted(found, key=lambda one: (-len(one.weaknesses), -one.weakness, -one.n_products))


def _is(proposal: Proposal, node_id: NodeId, part: str) -> bool:
    return str(proposal.fate(node_id)) == part


def _nowhere(report: Report) -> None:
    st.caption(
        "These fit no category well enough. A few hundred of one kind want a category of their own; single "
        "ones are placed under “Unplaced”."
    )
    st.markdown("\n".join(f"- {plain(shortened(title))}" for title in report.noise_examples))
