"""What is said of a category beside its name and place: labels, attributes, relations and more."""

from collections.abc import Callable, Sequence
from enum import StrEnum

import streamlit as st

from taxonomy.edits import Edit, Relabel, Relate, Reorder, Restrict, SetAttributes, SetCrosswalk
from taxonomy.node import Attribute, AttributeKind, Node, NodeId, RelationKind, Restriction, RestrictionKind
from taxonomy.text import fold
from ui.web import state
from ui.web.views import past, pins
from ui.web.views.confirm import choose_category, confirm
from ui.web.words import plain

__all__ = ["show"]


class Detail(StrEnum):
    """What can be said, as on its buttons."""

    LABELS = "Labels"
    ATTRIBUTES = "Attributes"
    RELATIONS = "Relations"
    LIMITS = "Restrictions"
    MATCHES = "Elsewhere"
    ORDER = "Order"
    SEARCHES = "Searches"
    PAST = "History"


_LIMITS = {
    RestrictionKind.ADULT: "Adults",
    RestrictionKind.REGULATED: "Regulated",
    RestrictionKind.REGION: "Some regions",
}


def show(context: state.Context, node_id: NodeId) -> None:
    """Choose a detail, and change it."""
    detail = st.pills(
        "Details",
        list(Detail),
        key="detail",
        default=Detail.LABELS,
        required=True,
        label_visibility="collapsed",
    )
    _PANELS[Detail(detail or Detail.LABELS)](context, node_id)


def _labels(context: state.Context, node_id: NodeId) -> None:
    node = context.tree.nodes[node_id]
    language = st.text_input(
        "Language",
        value=node.language,
        placeholder="not said",
        key=f"language {node_id}",
        live=True,
        help=f"A code such as en, de, zh-CN. It has labels in: {', '.join(_languages(node)) or 'none'}",
    )
    language = (language or "").strip()
    now = Relabel.of(node, language)
    is_own = language == node.language
    keys = {part: f"{part} {node_id} {language}" for part in ("preferred", "alternative", "hidden", "note")}
    left, right = st.columns(2)
    left.text_input(
        "Name in this language",
        value=node.name if is_own else now.preferred,
        disabled=is_own,
        key=keys["preferred"],
        help="The category's own name: “Rename” changes it." if is_own else None,
    )
    left.text_area("Says what belongs in it", value=node.scope_note, key=keys["note"])
    right.text_area("Other names, one a line", value="\n".join(now.alternative), key=keys["alternative"])
    right.text_area(
        "Misspellings that search should know, one a line", value="\n".join(now.hidden), key=keys["hidden"]
    )

    def build() -> list[Edit]:
        said = {part: st.session_state[key] or "" for part, key in keys.items()}
        preferred = "" if is_own else said["preferred"].strip()
        note = said["note"].strip()
        lines = (_lines(said["alternative"]), _lines(said["hidden"]))
        return [Relabel(node_id, language, preferred, *lines, None if note == node.scope_note else note)]

    changed = build() != [Relabel.of(node, language)]
    confirm(context, "Save labels", build if changed else None, hint="Change something first.")


def _attributes(context: state.Context, node_id: NodeId) -> None:
    tree = context.tree
    own = tree.nodes[node_id].attributes
    above = [one.name for one in tree.attributes(node_id) if one not in own]
    if above:
        st.caption(plain(f"From above: {', '.join(above)}"))
    rows = st.data_editor(
        [_row(one) for one in own] or [_row(Attribute(""))],
        num_rows="dynamic",
        hide_index=True,
        key=f"attributes {node_id} {tree.version}",
        column_config={
            "Kind": st.column_config.SelectboxColumn(
                options=[str(kind) for kind in AttributeKind], required=True
            ),
            "Values": st.column_config.TextColumn(help="Of a choice, parted by commas"),
            "Required": st.column_config.CheckboxColumn(),
        },
    )
    attributes = tuple(_attribute(row) for row in rows if str(row.get("Attribute") or "").strip())
    changed = attributes != own
    build: Callable[[], Sequence[Edit]] | None = (
        (lambda: [SetAttributes(node_id, attributes)]) if changed else None
    )
    confirm(context, "Save attributes", build, hint="What should be known of every product in here?")


def _relations(context: state.Context, node_id: NodeId) -> None:
    tree = context.tree
    words = {
        RelationKind.RELATED: "is related to",
        RelationKind.COMPLEMENT: "goes with",
        RelationKind.SUBSTITUTE: "can stand in for",
    }
    held = [one for one in tree.nodes[node_id].relations if one.node_id in tree.nodes]
    add, *options = [None, *held]
    chosen = st.selectbox(
        "Relation",
        [add, *options],
        key=f"relation {node_id} {tree.version}",
        format_func=lambda one: (
            "A new one" if one is None else f"No longer {words[one.kind]} {tree.label(one.node_id)}"
        ),
    )
    if chosen is not None:
        confirm(context, "Remove", lambda: [Relate(node_id, chosen.kind, chosen.node_id, related=False)])
        return
    kind = RelationKind(
        st.radio("How", list(words), format_func=words.__getitem__, horizontal=True, key=f"how {node_id}")
    )
    other = choose_category("Which category", tree, key=f"other {node_id}", without=frozenset([node_id]))
    build: Callable[[], Sequence[Edit]] | None = None
    if other is not None:
        build = lambda: [Relate(node_id, kind, other)]  # noqa: E731
    confirm(context, "Relate", build, hint="Choose the other category.")


def _limits(context: state.Context, node_id: NodeId) -> None:
    node = context.tree.nodes[node_id]
    held = {one.kind: one for one in node.restrictions}
    above = [one for one in context.tree.restrictions(node_id) if one not in node.restrictions]
    if above:
        st.caption(f"From above: {', '.join(str(one.kind) for one in above)}")
    kinds = st.pills(
        "Not for everybody",
        list(RestrictionKind),
        selection_mode="multi",
        default=list(held),
        key=f"limits {node_id} {context.tree.version}",
        format_func=lambda kind: {"adult": "Adults", "regulated": "Regulated", "region": "Some regions"}[
            kind
        ],
    )
    regions, note = "", ""
    if RestrictionKind.REGION in kinds:
        old = held.get(RestrictionKind.REGION)
        regions = st.text_input(
            "Sold in (codes, parted by commas)",
            value=", ".join(old.regions) if old else "",
            key=f"regions {node_id}",
            live=True,
        )
    if RestrictionKind.REGULATED in kinds:
        rule = held.get(RestrictionKind.REGULATED)
        note = st.text_input("Which rule", value=rule.note if rule else "", key=f"rule {node_id}", live=True)
    codes = tuple(code.strip().upper() for code in (regions or "").split(",") if code.strip())
    wanted = tuple(
        Restriction(
            kind,
            codes if kind is RestrictionKind.REGION else (),
            (note or "").strip() if kind is RestrictionKind.REGULATED else "",
        )
        for kind in sorted(kinds)
    )
    build: Callable[[], Sequence[Edit]] | None = (
        (lambda: [Restrict(node_id, wanted)]) if wanted != node.restrictions else None
    )
    confirm(context, "Save restrictions", build, hint="Choose who may not be shown this.")


def _matches(context: state.Context, node_id: NodeId) -> None:
    node, tree = context.tree.nodes[node_id], context.tree
    schemes = sorted(
        {one.scheme for at in tree.nodes.values() for one in at.crosswalk} | {"google", "shopify"}
    )
    scheme = st.selectbox("Scheme", schemes, accept_new_options=True, key=f"scheme {node_id}") or ""
    held = next((one for one in node.crosswalk if one.scheme == scheme), None)
    key = f"target {node_id} {scheme} {tree.version}"
    target = st.text_input("Its category there", value=held.target if held else "", key=key, live=True)
    none = st.checkbox(
        "It has none there", value=held is not None and not held.target, key=f"none {node_id} {scheme}"
    )
    said = "" if none else (target or "").strip() or None
    now = held.target if held else None
    build: Callable[[], Sequence[Edit]] | None = (
        (lambda: [SetCrosswalk(node_id, scheme, said)]) if scheme and said != now else None
    )
    confirm(context, "Save match", build, hint="Name the category there, or say that there is none.")


def _order(context: state.Context, node_id: NodeId) -> None:
    tree = context.tree
    children = tree.children_of(node_id)
    orders: dict[str, Callable[[Node], object]] = {
        "By name": lambda node: fold(node.name),
        "Largest first": lambda node: -context.shelves.total.get(node.id, 0),
    }
    how = st.radio("Order of the subcategories", list(orders), horizontal=True, key=f"order {node_id}")
    key = orders[how or "By name"]
    ordered = tuple(sorted(children, key=lambda at: key(tree.nodes[at])))  # type: ignore[arg-type, return-value]
    if not children:
        st.caption("It has no subcategories.")
        return
    st.caption(plain(", ".join(tree.nodes[at].name for at in ordered)))
    build: Callable[[], Sequence[Edit]] | None = (
        (lambda: [Reorder(node_id, ordered)]) if ordered != children else None
    )
    confirm(context, "Set this order", build, hint="They stand in this order already.")


def _languages(node: Node) -> list[str]:
    return sorted({one.language or "no language" for one in node.labels})


def _lines(text: str) -> tuple[str, ...]:
    return tuple(sorted({line.strip() for line in text.splitlines() if line.strip()}))


def _row(one: Attribute) -> dict[str, object]:
    return {
        "Attribute": one.name,
        "Kind": str(one.kind),
        "Unit": one.unit,
        "Values": ", ".join(one.values),
        "Required": one.required,
    }


def _attribute(row: dict[str, object]) -> Attribute:
    values = tuple(part.strip() for part in str(row.get("Values") or "").split(",") if part.strip())
    return Attribute(
        str(row["Attribute"]).strip(),
        AttributeKind(str(row.get("Kind") or AttributeKind.TEXT)),
        str(row.get("Unit") or "").strip(),
        values,
        bool(row.get("Required")),
    )


_PANELS: dict[Detail, Callable[[state.Context, NodeId], None]] = {
    Detail.LABELS: _labels,
    Detail.ATTRIBUTES: _attributes,
    Detail.RELATIONS: _relations,
    Detail.LIMITS: _limits,
    Detail.MATCHES: _matches,
    Detail.ORDER: _order,
    Detail.SEARCHES: pins.of_category,
    Detail.PAST: past.show,
}
