"""One category of a proposed tree: why it is there, what speaks against it, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Merge, Rename
from taxonomy.node import NodeId
from taxonomy.proposal import Fate, NodeQuality, Outcome, Report, Weakness, Wording, deciding
from taxonomy.tree import Tree
from ui.web import actions, state
from ui.web.words import many, per_cent, plain, quoted

__all__ = ["ADVICE", "FATES", "Proposal", "category", "gone", "shortened"]

TITLE_CHARS = 90

FATES = {
    Fate.NEW: ("New", "green"),
    Fate.GROW: ("Grown", "blue"),
    Fate.SPLIT: ("Split", "orange"),
    Fate.MERGE: ("Merged", "orange"),
    Fate.RETIRE: ("Retired", "red"),
    Fate.KEEP: ("Kept", "gray"),
}
REFUSALS = {
    Fate.NEW: "This category is not made; its products stay where they are now.",
    Fate.GROW: "No products come to this category; they stay where they are now.",
    Fate.SPLIT: "This category is not split.",
    Fate.MERGE: "This category is not merged: it keeps its place and its products.",
    Fate.RETIRE: "This category does not retire: it keeps its place and its products.",
}
ADVICE = {
    Weakness.LOOSE: "Its products have little in common.",
    Weakness.VAGUE: "For most of its products another category's name sounds better.",
    Weakness.TWIN: "It is hardly different from its nearest neighbour.",
}


@dataclass(frozen=True)
class Proposal:
    """A change set that was built, what is known of it, and the tree that it leads to."""

    change: ChangeSet
    report: Report
    tree: Tree
    fates: Mapping[NodeId, Fate]
    outcomes: Mapping[NodeId, Outcome]

    @property
    def can_be_mended(self) -> bool:
        """Nobody has agreed to it yet."""
        return self.change.state is State.PROPOSED

    def fate(self, node_id: NodeId) -> Fate:
        """What becomes of a category."""
        told = self.outcomes.get(node_id)
        # What people changed or refused since counts before what the machine said.
        is_so = told and node_id in self.tree.nodes and self._still(told)
        return told.fate if told and is_so else self.fates.get(node_id, Fate.KEEP)

    def _still(self, told: Outcome) -> bool:
        """Whether what the machine said of a category that is still there was not refused."""
        if told.fate is Fate.GROW:
            return any(told.node_id in edit.touches() for edit in self.change.edits)
        return told.fate in (Fate.NEW, Fate.KEEP)

    def reason(self, node_id: NodeId) -> str:
        """Why, as the machine told it; empty where people decided otherwise since."""
        told = self.outcomes.get(node_id)
        return told.reason if told and told.fate is self.fate(node_id) else ""

    @property
    def n_changed(self) -> int:
        """Categories that people renamed or took out since it was measured."""
        now = self.tree.nodes
        return sum(one.node_id not in now or now[one.node_id].name != one.name for one in self.report.nodes)

    def measured(self) -> list[NodeQuality]:
        """Those categories that are still in it."""
        return [one for one in self.report.nodes if one.node_id in self.tree.nodes]


def category(proposal: Proposal, node_id: NodeId, measured: NodeQuality | None) -> None:
    """One category: where it is, what is in it, what speaks against it, and what can be done."""
    tree, (label, colour) = proposal.tree, FATES[proposal.fate(node_id)]
    above = " › ".join(tree.path(node_id)[:-1])
    in_above = f" :gray[in {plain(above)}]" if above else ""
    n_products = f" · {many(measured.n_products, 'product')}" if measured else ""
    st.markdown(f":{colour}-badge[{label}] **{plain(tree.nodes[node_id].name)}**{in_above}{n_products}")
    if reason := proposal.reason(node_id):
        st.markdown(f":material/info: {plain(reason)}")
    if measured is None:
        _refusing(proposal, node_id, tree.nodes[node_id].name)
        return
    st.caption("For example: " + "; ".join(plain(shortened(title)) for title in measured.examples))
    nearest = measured.nearest_id if measured.nearest_id in tree.nodes else None
    for weakness in measured.weaknesses:
        st.markdown(f":material/warning: {ADVICE[weakness]}")
    st.caption(_told(tree, measured, nearest))
    with st.container(horizontal=True, gap="small"):
        if proposal.can_be_mended:
            _mending(proposal, measured, nearest)
        _refusing(proposal, node_id, tree.nodes[node_id].name)


def _told(tree: Tree, measured: NodeQuality, nearest: NodeId | None) -> str:
    """The figures of a category in one line."""
    facts = [f"{per_cent(measured.cohesion)} alike inside", f"the name fits {per_cent(measured.name_fit)}"]
    if nearest:
        neighbour = _seen_from(tree, measured.node_id, nearest)
        facts.append(f"nearest is {neighbour}, {per_cent(measured.nearest_sim)} alike")
    if measured.phrases:
        facts.append(f"its titles say {', '.join(plain(one.text) for one in measured.phrases)}")
    return " · ".join(facts)


def _mending(proposal: Proposal, measured: NodeQuality, nearest: NodeId | None) -> None:
    node_id, name = measured.node_id, proposal.tree.nodes[measured.node_id].name
    fits = [Wording(measured.name, measured.name_fit), *measured.alternatives]
    others = {one.text: one.score for one in sorted(fits, key=lambda one: -one.score) if one.text != name}
    for at, (text, score) in enumerate(others.items()):
        st.button(
            f"Call it {quoted(plain(text))} ({per_cent(score)})",
            key=f"call_{at}_{node_id}",
            help=f"Then the name would fit {per_cent(score)} of the products.",
            on_click=actions.mend,
            args=(proposal.change.id, Rename(node_id, text)),
        )
    if nearest and _may_be_one(proposal.tree, measured, nearest):
        st.button(
            f"Merge into {quoted(plain(proposal.tree.nodes[nearest].name))}",
            key=f"merge_{node_id}",
            icon=":material/call_merge:",
            help=f"Its products go to {_place(proposal.tree, nearest)}.",
            on_click=actions.mend,
            args=(proposal.change.id, Merge((node_id,), nearest)),
        )


def _refusing(proposal: Proposal, node_id: NodeId, name: str) -> None:
    """The way to have all of the proposal but what becomes of this category."""
    fate = proposal.fate(node_id)
    if proposal.can_be_mended and fate in REFUSALS and deciding(proposal.change.edits, node_id):
        st.button(
            "Refuse this",
            key=f"refuse_{node_id}",
            icon=":material/close:",
            type="tertiary",
            help=f"{REFUSALS[fate]} The rest of the proposal goes on, but for what needs this.",
            on_click=actions.refuse,
            args=(proposal.change.id, node_id, name),
        )


def _may_be_one(tree: Tree, measured: NodeQuality, nearest: NodeId) -> bool:
    """Whether merging is worth a thought: they are doubles, or a weak one stands beside the other."""
    if Weakness.TWIN in measured.weaknesses:
        return True
    return bool(measured.weaknesses) and measured.is_shelf and _are_siblings(tree, measured.node_id, nearest)


def _are_siblings(tree: Tree, one: NodeId, other: NodeId) -> bool:
    return tree.nodes[one].parent_id == tree.nodes[other].parent_id


def _seen_from(tree: Tree, node_id: NodeId, other: NodeId) -> str:
    """The other's name; its whole path where it stands elsewhere."""
    if _are_siblings(tree, node_id, other):
        return quoted(plain(tree.nodes[other].name))
    return _place(tree, other)


def gone(context: state.Context, proposal: Proposal, node_id: NodeId) -> None:
    """A category that goes, and where its products go."""
    label, colour = FATES[proposal.fate(node_id)]
    st.markdown(f":{colour}-badge[{label}] **{plain(_label(context, proposal, node_id))}**")
    leads = proposal.tree.successors(node_id)
    goals = [_place(proposal.tree, at) for at in leads if at in proposal.tree.nodes]
    st.caption(f"Its products go to {', '.join(goals)}." if goals else "Its products would stand nowhere.")
    if reason := proposal.reason(node_id):
        st.markdown(f":material/info: {plain(reason)}")
    _refusing(proposal, node_id, _label(context, proposal, node_id))


def _label(context: state.Context, proposal: Proposal, node_id: NodeId) -> str:
    """What a category that goes was called."""
    if node_id in context.tree.nodes:
        return context.tree.label(node_id)
    return next((one.name for one in proposal.report.nodes if one.node_id == node_id), "A category")


def _place(tree: Tree, node_id: NodeId) -> str:
    return quoted(plain(tree.label(node_id)))


def shortened(title: str) -> str:
    """A title that fits on a line."""
    return title if len(title) <= TITLE_CHARS else title[:TITLE_CHARS].rsplit(" ", 1)[0] + "…"
