"""A tree as rows: what the tables of its head and the column `releases.tree` hold."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from taxonomy.digest import Touched
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.redirects import Redirect
from taxonomy.text import fold
from taxonomy.tree import Tree
from taxonomy.values import from_json, to_json

__all__ = ["BranchRow", "Difference", "RedirectRow", "difference", "node_of", "pack", "tree_of", "unpack"]


class BranchRow(NamedTuple):
    """A row of `branches` but for its taxonomy; `path` joins ids by dots."""

    path: str
    position: int
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


Link = tuple[NodeId, NodeId | None]
"""A node and its parent, None for a top category."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What turns the rows of one version into those of the next.

    `moves` are old and new path of nodes that got another parent, the deepest old path first: what is below
    goes with them. One after the other is safe: no new path begins with an old one, for a node in it that
    kept its path did not move. `changed` rows name the new path. `renamed` have other names now, or none.
    """

    gone: list[NodeId]
    gone_paths: list[str]
    moves: list[tuple[str, str]]
    moved: list[Link]
    created: list[Link]
    fresh: list[BranchRow]
    changed: list[BranchRow]
    renamed: list[NodeId]
    names: list[tuple[NodeId, str]]
    redirects: list[RedirectRow]
    restored: list[NodeId]
    pins: list[tuple[str, NodeId]]
    unpinned: list[str]


def difference(before: Tree, after: Tree) -> Difference:
    """The rows to write and those to delete; it costs as much as was touched, not as much as there is."""
    touched = after.touched_since(before) or _everything(before, after)
    gone = [at for at in touched.nodes if at in before.nodes and at not in after.nodes]
    live = [at for at in touched.nodes if at in after.nodes]
    created = [at for at in live if at not in before.nodes]
    kept = [at for at in live if at in before.nodes and before.nodes[at] != after.nodes[at]]
    moved = [at for at in kept if before.nodes[at].parent_id != after.nodes[at].parent_id]
    changed = {*kept, *_shifted(before, after, touched.families)} - set(created)
    paths, old_paths = Paths(after), Paths(before)
    moves = [(old_paths[at], paths[at]) for at in moved]
    renamed = [at for at in (*kept, *gone) if _names(before, at) != _names(after, at)]
    named = (*created, *(at for at in renamed if at in after.nodes))
    return Difference(
        gone=gone,
        gone_paths=[old_paths[at] for at in gone],
        moves=sorted(moves, key=lambda move: -move[0].count(".")),
        moved=[_link(after, at) for at in moved],
        created=[_link(after, at) for at in created],
        fresh=list(_rows(after, created, paths)),
        changed=list(_rows(after, changed, paths)),
        renamed=renamed,
        names=[(at, text) for at in named for text in sorted(_names(after, at))],
        redirects=_redirects(before, after) if touched.redirects else [],
        restored=[at for at in touched.redirects if at in before.redirects and at not in after.redirects],
        pins=[(at, after.pins[at]) for at in touched.pins if at in after.pins],
        unpinned=[at for at in touched.pins if at in before.pins and at not in after.pins],
    )


class Paths(dict[NodeId, str]):
    """Ids from the top category to a node, joined by dots; no stretch is walked twice."""

    def __init__(self, tree: Tree) -> None:
        super().__init__({ROOT_ID: ""})
        self._tree = tree

    def __missing__(self, node_id: NodeId) -> str:
        above = self[self._tree.nodes[node_id].parent_id]
        self[node_id] = path = f"{above}.{node_id}" if above else node_id
        return path


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
        Siblings in order: path, name, locked, external id, scope note, details; of the path, the last two
        ids are looked at.
    redirects : iterable
        id, targets, shares.
    pins : iterable
        Query, node id.
    """
    live: dict[NodeId, Node] = {}
    children: dict[NodeId, list[NodeId]] = {}
    for row in nodes:
        node = node_of(*row)
        live[node.id] = node
        children.setdefault(node.parent_id, []).append(node.id)
    return Tree(
        live,
        {parent_id: tuple(ids) for parent_id, ids in children.items()},
        {
            node_id: Redirect(tuple(targets), tuple(map(float, shares)))
            for node_id, targets, shares in redirects
        },
        version,
        dict(pins),
    )


def node_of(
    path: str, name: str, locked: bool, external_id: str, scope_note: str, details: Mapping[str, Any] | None
) -> Node:
    """The node of one row of `branches`."""
    above, _, node_id = path.rpartition(".")
    parent_id = NodeId(above.rpartition(".")[2]) if above else ROOT_ID
    said = _said(details)
    return Node(NodeId(node_id), name, parent_id, locked, external_id, scope_note=scope_note, **said)


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
    path = f"{node['parent_id']}.{node['id']}" if "parent_id" in node else node["id"]
    plain = (path, node["name"], node.get("locked", False))
    return (*plain, node.get("external_id", ""), node.get("scope_note", ""), details)


def _everything(before: Tree, after: Tree) -> Touched:
    """For two trees of which nobody knows how one became the other."""
    return Touched(
        set(before.nodes) | set(after.nodes),
        set(before.children) | set(after.children),
        set(before.redirects) | set(after.redirects),
        set(before.pins) | set(after.pins),
    )


def _shifted(before: Tree, after: Tree, parent_ids: Iterable[NodeId]) -> Iterator[NodeId]:
    """The children of these nodes that have another place among their siblings now."""
    for parent_id in parent_ids:
        old = before.children_of(parent_id)
        for place, at in enumerate(after.children_of(parent_id)):
            if place >= len(old) or old[place] != at:
                yield at


def _link(tree: Tree, node_id: NodeId) -> Link:
    parent_id = tree.nodes[node_id].parent_id
    return node_id, None if parent_id == ROOT_ID else parent_id


def _names(tree: Tree, node_id: NodeId) -> set[str]:
    """All that a node is called, folded, to be searched."""
    node = tree.nodes.get(node_id)
    return set() if node is None else {fold(text) for text in (node.name, *(one.text for one in node.labels))}


def _redirects(before: Tree, after: Tree) -> list[RedirectRow]:
    """Those that lead elsewhere than before: where one changes, any chain may end at another node."""
    ways, old_ways = (
        {at: (redirect, tree.resolve(at)) for at, redirect in tree.redirects.items()}
        for tree in (after, before)
    )
    return [
        RedirectRow(at, list(redirect.targets), list(redirect.shares), live_id)
        for at, (redirect, live_id) in ways.items()
        if old_ways.get(at) != (redirect, live_id)
    ]


def _rows(tree: Tree, node_ids: Iterable[NodeId], paths: Paths) -> Iterator[BranchRow]:
    nodes = [tree.nodes[at] for at in node_ids]
    parents = {node.parent_id for node in nodes}
    places = {at: place for parent_id in parents for place, at in enumerate(tree.children_of(parent_id))}
    for node in nodes:
        yield BranchRow(
            paths[node.id],
            places[node.id],
            node.name,
            node.locked,
            node.external_id,
            node.scope_note,
            json.dumps(details) if (details := _details(node)) else None,
        )
