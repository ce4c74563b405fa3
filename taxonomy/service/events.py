"""What was done to one node, version by version, in words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from taxonomy.compare import fields_changed
from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.records import AuditRow, Snapshots
from taxonomy.tree import Tree
from taxonomy.values import from_json

__all__ = ["Event", "of_node"]

Snapshot = Mapping[NodeId, Node | None]
"""The nodes that a version touched, None where there was none."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one version did to a node, in words."""

    version: int
    at: datetime
    author: str
    change_set_id: str
    reason: str
    sentences: tuple[str, ...]


def of_node(uow: UnitOfWork, taxonomy: str, node_id: NodeId, *, limit: int = 100) -> list[Event]:
    """What was done to a node, in words, the latest version first; at most `limit` edits are looked at.

    Raises
    ------
    UnknownId
        The id was never given out in this taxonomy.
    """
    head = uow.trees.head(taxonomy)
    if node_id not in head and node_id not in head.redirects:
        raise UnknownId("node", node_id, f"it was never given out in taxonomy {taxonomy!r}")
    rows = uow.changes.audit(taxonomy, limit=limit, key=node_id)
    reasons = {one.version: one.reason for one in uow.changes.written(taxonomy, [node_id], since=0)}
    events = []
    for version, edits in groupby(rows, key=lambda row: row.version):
        made = list(edits)
        words = tuple(dict.fromkeys(_words(head, node_id, made)))
        first = made[0]
        events.append(
            Event(version, first.at, first.author, first.change_set_id, reasons.get(version, ""), words)
        )
    return events


_ENDS = {"merge": "merged into another", "split": "split"}


def _words(head: Tree, node_id: NodeId, rows: list[AuditRow]) -> Iterator[str]:
    """What the edits of one version that wrote at a node did to it; snapshots are of the whole version."""
    before, after = _nodes(rows, lambda row: row.before), _nodes(rows, lambda row: row.after)

    def called(one: NodeId) -> str:
        held = before.get(one) or after.get(one)
        return held.name if held else head.label(one) if one in head.nodes else one

    old, new = before.get(node_id), after.get(node_id)
    if old is None and new is not None:
        came = "came back" if any(row.kind == "restore" for row in rows) else "was made"
        yield f"'{called(node_id)}' {came} below {_place(called, new.parent_id)}"
    elif old is not None and new is None:
        yield f"'{called(node_id)}' was {_ENDS.get(rows[0].kind, 'retired')}"
    elif old is None or new is None:
        yield "came and went within one change set"
    else:
        yield from (change.sentence for change in fields_changed(old, new, called))
        if old.parent_id != new.parent_id:
            places = [_place(called, one.parent_id) for one in (old, new)]
            yield f"'{old.name}' moved from {places[0]} to {places[1]}"
        yield from _around(rows, node_id, before, after)


def _around(rows: list[AuditRow], node_id: NodeId, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What came to a node that stayed, or left it."""
    if any(row.kind == "reorder" for row in rows):
        yield "its children, or it among its siblings, were put in another order"
    for one, old in before.items():
        new = after.get(one)
        if one == node_id:
            continue
        if old and new is None:
            yield f"took over what was in '{old.name}'"
        elif new and new.parent_id == node_id and (old is None or old.parent_id != node_id):
            yield f"'{new.name}' came below it"


def _nodes(rows: list[AuditRow], side: Callable[[AuditRow], Snapshots]) -> Snapshot:
    return {NodeId(one): _node(held) if held else None for row in rows for one, held in side(row).items()}


def _node(held: Mapping[str, object]) -> Node:
    return from_json(Node, {name: one for name, one in held.items() if name != "path"})


def _place(called: Callable[[NodeId], str], parent_id: NodeId) -> str:
    return "the top" if parent_id == ROOT_ID else f"'{called(parent_id)}'"
