"""The actions on a category: each asks, tells what it would do, and does it when told to."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from taxonomy.edits import Assign, Create, Edit, Lock, Merge, Move, Part, Rename, Retire, Split, Unassign
from taxonomy.errors import InputError
from taxonomy.node import ROOT_ID, Node, NodeId, random_ids
from taxonomy.product import ProductId
from taxonomy.service import splitting
from ui.web import state
from ui.web.views import details
from ui.web.views.confirm import Build, choose_category, confirm
from ui.web.words import many, plain

__all__ = ["Chosen", "show"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Products that an action can be about, in words which these are, and those that people placed."""

    product_ids: tuple[ProductId, ...] = ()
    which: str = "ticked below"
    by_people: tuple[ProductId, ...] = ()


class Action(StrEnum):
    """What can be done with a category, as on its buttons."""

    RENAME = "Rename"
    MOVE = "Move"
    MERGE = "Merge"
    CREATE = "Add subcategory"
    PRODUCTS = "Move products"
    SPLIT = "Split"
    DETAILS = "Details"
    LOCK = "Lock"
    RETIRE = "Remove"


_ICONS = {
    Action.RENAME: "edit",
    Action.MOVE: "drive_file_move",
    Action.MERGE: "merge",
    Action.CREATE: "add",
    Action.PRODUCTS: "checklist",
    Action.SPLIT: "call_split",
    Action.DETAILS: "tune",
    Action.LOCK: "lock",
    Action.RETIRE: "delete",
}


def show(context: state.Context, node_id: NodeId, chosen: Chosen) -> None:
    """The buttons, and the panel of the one that is pressed."""
    locked = context.tree.nodes[node_id].locked

    def label(action: Action) -> str:
        if action is Action.LOCK and locked:
            return ":material/lock_open: Unlock"
        return f":material/{_ICONS[action]}: {action.value}"

    action = st.pills("Actions", list(Action), format_func=label, key="action", label_visibility="collapsed")
    if action is not None:
        with st.container(border=True, key="panel"):
            _PANELS[Action(action)](context, node_id, chosen)


def _rename(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    key, old = f"name {node_id}", context.tree.nodes[node_id].name
    name = st.text_input("New name", value=old, key=key, live=True, max_chars=250)

    def build() -> list[Edit]:
        return [Rename(node_id, st.session_state[key].strip())]

    confirm(context, "Rename", build if name and name.strip() != old else None, hint="Type another name.")


def _move(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    tree = context.tree
    without = frozenset((node_id, *tree.descendants(node_id), tree.nodes[node_id].parent_id))
    top = tree.nodes[node_id].parent_id != ROOT_ID
    goal = choose_category("Move it under", tree, key=f"goal {node_id}", without=without, top=top)
    build: Build | None = None if goal is None else lambda: [Move(node_id, goal)]
    confirm(context, "Move", build, hint="Choose the category that it should stand under.")


def _merge(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    without = frozenset((node_id, *context.tree.descendants(node_id)))
    goal = choose_category("Merge it into", context.tree, key=f"into {node_id}", without=without)
    build: Build | None = None if goal is None else lambda: [Merge((node_id,), goal)]
    confirm(
        context, "Merge", build, then=goal, hint="Choose the category that takes its products and its links."
    )


def _create(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    key = f"child {node_id}"
    name = st.text_input("Name of the new subcategory", key=key, live=True, max_chars=250)

    def build() -> list[Edit]:
        return [Create(Node(random_ids(), st.session_state[key].strip(), node_id))]

    confirm(context, "Add", build if name and name.strip() else None, hint="Type a name.")


def _products(context: state.Context, node_id: NodeId, chosen: Chosen) -> None:
    if not chosen.product_ids:
        st.caption("Tick products in the table below, or filter them, and choose where they should stand.")
        return
    st.markdown(f"**{many(len(chosen.product_ids), 'product')}** {plain(chosen.which)}")
    if chosen.by_people and st.toggle(
        f"Let the machine decide again on {many(len(chosen.by_people), 'product')} that people placed",
        key=f"let go {node_id}",
    ):
        confirm(context, "Let go", lambda: [Unassign(context.catalog, chosen.by_people)])
        return
    goal = choose_category("Put them into", context.tree, key=f"put {node_id}", without=frozenset([node_id]))
    build: Build | None = None
    if goal is not None:
        build = lambda: [Assign(context.catalog, goal, chosen.product_ids)]  # noqa: E731
    confirm(context, "Move products", build, hint="Choose a category.")


def _split(context: state.Context, node_id: NodeId, chosen: Chosen) -> None:
    how = st.segmented_control(
        "Split it by",
        ["Chosen products", "Brand", "Attribute", "What is alike"],
        default="Chosen products",
        key="split_by",
    )
    if how == "Brand":
        _split_by(context, node_id, "brand")
    elif how == "Attribute":
        _split_by(context, node_id, _attribute(context, node_id))
    elif how == "What is alike":
        _split_alike(context, node_id)
    else:
        _split_off(context, node_id, chosen)


def _attribute(context: state.Context, node_id: NodeId) -> str:
    """One of those that the products have; empty if none is chosen."""
    stock = splitting.in_node(context.uow, context.taxonomy, node_id, context.catalog)
    known = sorted({name for product in stock for name in product.attributes})
    if not known:
        st.caption("The catalogue says nothing of these products but title, brand and price.")
        return ""
    return st.selectbox("Which attribute", known, key=f"split by {node_id}")


def _split_by(context: state.Context, node_id: NodeId, attribute: str) -> None:
    """A part for each of the commonest values."""
    build: Build | None = None
    hint = "Choose products or brand instead."
    if attribute:
        stock = splitting.in_node(context.uow, context.taxonomy, node_id, context.catalog)
        try:
            edit = splitting.by_attribute(
                context.tree, node_id, attribute, catalog=context.catalog, products=stock
            )
            build = lambda: [edit]  # noqa: E731
        except InputError as error:
            hint = plain(str(error)[:1].upper() + str(error)[1:])
    confirm(context, "Split", build, hint=hint)


def _split_alike(context: state.Context, node_id: NodeId) -> None:
    """A part for each group that the machine finds among the titles, when asked to look."""
    key = (node_id, context.tree.version, context.catalog)
    held: tuple[object, list[splitting.Group]] | None = st.session_state.get("groups")
    stock = splitting.in_node(context.uow, context.taxonomy, node_id, context.catalog)
    if held is None or held[0] != key:
        st.caption("The machine reads the titles and looks for products that belong together.")
        if not st.button("Look for groups", key="look_for_groups"):
            return
        with st.spinner("Reading titles…"):
            try:
                held = (key, state.app().groups(stock, splitting.MOST_PARTS))
            except InputError as error:
                st.warning(plain(str(error)[:1].upper() + str(error)[1:]), icon=":material/block:")
                return
        st.session_state["groups"] = held
    groups = held[1]

    def build() -> list[Edit]:
        return [splitting.by_groups(context.tree, node_id, groups, catalog=context.catalog, products=stock)]

    confirm(context, "Split", build)


def _split_off(context: state.Context, node_id: NodeId, chosen: Chosen) -> None:
    """The chosen products get a category of their own."""
    if not chosen.product_ids:
        st.caption("Tick the products below that should get a category of their own, or filter them.")
        return
    st.markdown(
        f"**{many(len(chosen.product_ids), 'product')}** {plain(chosen.which)} get a category of their own."
    )
    left, right = st.columns(2)
    keys = (f"rest {node_id}", f"part {node_id}")
    rest = left.text_input(
        "Name for the others", value=context.tree.nodes[node_id].name, key=keys[0], live=True
    )
    part = right.text_input("Name for the chosen ones", key=keys[1], live=True)

    def build() -> list[Edit]:
        names = [st.session_state[key].strip() for key in keys]
        parts = (Part(random_ids(), names[0]), Part(random_ids(), names[1], chosen.product_ids))
        n_rest = max(context.shelves.own.get(node_id, 0) - len(chosen.product_ids), 0)
        return [Split(node_id, parts, context.catalog, n_rest)]

    confirm(context, "Split", build if rest and part else None, hint="Name both categories.")


def _details(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    details.show(context, node_id)


def _lock(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    locked = context.tree.nodes[node_id].locked
    confirm(context, "Unlock" if locked else "Lock", lambda: [Lock(node_id, not locked)])


def _retire(context: state.Context, node_id: NodeId, _: Chosen) -> None:
    parent_id = context.tree.nodes[node_id].parent_id
    confirm(context, "Remove", lambda: [Retire(node_id)], then=None if parent_id == ROOT_ID else parent_id)


_PANELS: dict[Action, Callable[[state.Context, NodeId, Chosen], None]] = {
    Action.RENAME: _rename,
    Action.MOVE: _move,
    Action.MERGE: _merge,
    Action.CREATE: _create,
    Action.PRODUCTS: _products,
    Action.SPLIT: _split,
    Action.DETAILS: _details,
    Action.LOCK: _lock,
    Action.RETIRE: _retire,
}
