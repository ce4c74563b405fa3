"""A tree as rows: what the tables `nodes`, `redirects`, `pins` and the column `releases.tree` hold."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.redirects import Redirect
from taxonomy.tree import Tree
from taxonomy.values import from_json, to_json

__all__ = ["Difference", "NodeRow", "RedirectRow", "difference", "pack", "tree_of", "unpack"]


class NodeRow(NamedTuple):
    """A row of `nodes` but for its taxonomy: a top category has no parent, `path` joins ids by dots."""

    id: NodeId
    parent_id: NodeId | None
    position: int
    path: str
    name: str
    locked: bool
    external_id: str
    scope_note: str
    details: str | None


class RedirectRow(NamedTuple):
    """A row of `redirects` but for its taxonomy."""

    node_id: NodeId
    targets: list[NodeId]
    shares: list[float]
    live_id: NodeId


class Difference(NamedTuple):
    """What turns the rows of one version into those of the next."""

    nodes: list[NodeRow]
    gone: list[NodeId]
    redirects: list[RedirectRow]
    restored: list[NodeId]
    pins: list[tuple[str, NodeId]]
    unpinned: list[str]


def difference(before: Tree, after: Tree) -> Difference:
    """The rows to write and those to delete; as many as changed, not as many as there are."""
    written = _changed(before, after)
    ways, old_ways = (
        {at: (redirect, tree.resolve(at)) for at, redirect in tree.redirects.items()}
        for tree in (after, before)
    )
    return Difference(
        list(_node_rows(after, written)),
        list(before.nodes.keys() - after.nodes.keys()),
        [
            RedirectRow(at, list(redirect.targets), list(redirect.shares), live_id)
            for at, (redirect, live_id) in ways.items()
            if old_ways.get(at) != (redirect, live_id)
        ],
        list(before.redirects.keys() - after.redirects.keys()),
        [(query, at) for query, at in after.pins.items() if before.pins.get(query) != at],
        list(before.pins.keys() - after.pins.keys()),
    )


def tree_of(
    version: int,
    nodes: Iterable[Sequence[Any]],
    redirects: Iterable[Sequence[Any]],
    pins: Iterable[tuple[str, NodeId]],
) -> Tree:
    """The tree of these rows.

    Parameters
    ----------
    version : int
        Its version.
    nodes : iterable
        Siblings in order: id, parent id (None: top), name, locked, external id, scope note, details.
    redirects : iterable
        id, targets, shares.
    pins : iterable
        Query, node id.
    """
    live: dict[NodeId, Node] = {}
    children: dict[NodeId, list[NodeId]] = {}
    for node_id, parent_id, name, locked, external_id, scope_note, details in nodes:
        said = _said(details)
        live[node_id] = node = Node(
            node_id, name, parent_id or ROOT_ID, locked, external_id, scope_note=scope_note, **said
        )
        children.setdefault(node.parent_id, []).append(node_id)
    return Tree(
        live,
        {parent_id: tuple(ids) for parent_id, ids in children.items()},
        {node_id: Redirect(tuple(targets), tuple(shares)) for node_id, targets, shares in redirects},
        version,
        dict(pins),
    )


def pack(tree: Tree) -> bytes:
    """The whole tree as compressed JSON: version, nodes in display order, redirects, pins.

    >>> unpack(pack(Tree.from_paths([("Garden",)]))).nodes == Tree.from_paths([("Garden",)]).nodes
    True
    """
    nodes = [to_json(tree.nodes[at]) for at in tree.descendants()]
    redirects = [(at, to.targets, to.shares) for at, to in tree.redirects.items()]
    return zlib.compress(json.dumps([tree.version, nodes, redirects, list(tree.pins.items())]).encode())


def unpack(packed: bytes) -> Tree:
    """The tree that `pack` was given."""
    version, nodes, redirects, pins = json.loads(zlib.decompress(packed))
    return tree_of(version, (_columns(node) for node in nodes), redirects, pins)


_COLUMNS = ("id", "name", "parent_id", "locked", "external_id", "scope_note")
"""The fields of a node that have a column of their own; all others are in `details`."""


def _details(node: Node) -> dict[str, Any] | None:
    return {name: one for name, one in to_json(node).items() if name not in _COLUMNS} or None


def _said(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields of a node that its details hold."""
    if not details:
        return {}
    read = from_json(Node, {"id": "", "name": "", **details})
    return {name: getattr(read, name) for name in details}


def _columns(node: Mapping[str, Any]) -> tuple[Any, ...]:
    """A row for `tree_of` from a node as JSON."""
    details = {name: one for name, one in node.items() if name not in _COLUMNS}
    plain = (node["id"], node.get("parent_id"), node["name"], node.get("locked", False))
    return (*plain, node.get("external_id", ""), node.get("scope_note", ""), details)


def _changed(before: Tree, after: Tree) -> set[NodeId]:
    """The nodes of which a column differs: their own fields, their place, or the path above them."""
    fresh = {at for at, node in after.nodes.items() if before.nodes.get(at) != node}
    hung = {at for at in fresh if at not in before or before.nodes[at].parent_id != after.nodes[at].parent_id}
    shifted = {
        at
        for parent_id, ids in after.children.items()
        if ids != (old := before.children_of(parent_id))
        for at, was in zip(ids, _padded(old, len(ids)), strict=False)
        if at != was
    }
    below = _below(after, hung)
    return fresh | shifted | below


def _padded(ids: Sequence[NodeId], length: int) -> Sequence[NodeId | None]:
    return [*ids, *[None] * (length - len(ids))]


def _below(tree: Tree, node_ids: Iterable[NodeId]) -> set[NodeId]:
    reached: set[NodeId] = set()
    stack = list(node_ids)
    while stack:
        fresh = [at for at in tree.children_of(stack.pop()) if at not in reached]
        reached.update(fresh)
        stack.extend(fresh)
    return reached


def _node_rows(tree: Tree, node_ids: Iterable[NodeId]) -> Iterator[NodeRow]:
    nodes = [tree.nodes[at] for at in node_ids]
    parents = {node.parent_id for node in nodes}
    places = {at: place for parent_id in parents for place, at in enumerate(tree.children_of(parent_id))}
    paths: dict[NodeId, str] = {}
    for node in nodes:
        yield NodeRow(
            node.id,
            None if node.parent_id == ROOT_ID else node.parent_id,
            places[node.id],
            _path(tree, node.id, paths),
            node.name,
            node.locked,
            node.external_id,
            node.scope_note,
            json.dumps(details) if (details := _details(node)) else None,
        )


def _path(tree: Tree, node_id: NodeId, known: dict[NodeId, str]) -> str:
    """Ids from the top category to the node; `known` is shared so that no stretch is walked twice."""
    above: list[NodeId] = []
    at = node_id
    while at != ROOT_ID and at not in known:
        above.append(at)
        at = tree.nodes[at].parent_id
    prefix = known.get(at, "")
    for at in reversed(above):
        prefix = known[at] = f"{prefix}.{at}" if prefix else at
    return prefix
