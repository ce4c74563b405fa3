"""Entries of a taxonomy file, and the edits that bring a tree to them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from taxonomy.edits import Create, Edit, Move, Rename
from taxonomy.node import ROOT_ID, Node, NodeId, random_ids
from taxonomy.product import Path, join_path
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["Entry", "EntryIds", "Plan", "fresh_id", "plan"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One category of a file: where it stands and, where the file says so, its id and its parent's id."""

    path: Path
    external_id: str = ""
    parent_external_id: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do, and what was odd about the file.

    `findings` are sentences: ancestors that the file does not list, siblings of the same name, and categories
    of the tree that the file does not have (they stay).
    """

    edits: tuple[Edit, ...]
    findings: tuple[str, ...]


EntryIds = Callable[[Entry], NodeId]
"""What gives the node made for an entry its id."""


def fresh_id(entry: Entry) -> NodeId:
    """An id nobody has seen, for trees in the store."""
    return random_ids()


@dataclass
class _Planner:
    tree: Tree
    new_id: EntryIds
    edits: list[Edit] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    by_path: dict[Path, NodeId] = field(default_factory=dict)
    by_external: dict[str, NodeId] = field(default_factory=dict)
    parents: dict[NodeId, NodeId] = field(default_factory=dict)
    seen: set[NodeId] = field(default_factory=set)

    def __post_init__(self) -> None:
        for at in self.tree.descendants():
            node = self.tree.nodes[at]
            self.by_path.setdefault(_key(self.tree.path(at)), at)
            if node.external_id:
                self.by_external[node.external_id] = at

    def take(self, entry: Entry) -> None:
        known = self.by_external.get(entry.external_id) if entry.external_id else self._by_path(entry.path)
        if known is None and entry.external_id:
            known = self._unclaimed(entry.path)
        parent = self._parent(entry)
        if known is None:
            self._create(entry, parent)
        else:
            self._adjust(known, entry, parent)

    def _by_path(self, path: Path) -> NodeId | None:
        return self.by_path.get(_key(path))

    def _unclaimed(self, path: Path) -> NodeId | None:
        """A node of this path that no id of the file belongs to (an ancestor made on the way)."""
        at = self._by_path(path)
        node = self.tree.nodes.get(at) if at else None
        return at if node and not node.external_id and at not in self.seen else None

    def _parent(self, entry: Entry) -> NodeId:
        if entry.parent_external_id and entry.parent_external_id in self.by_external:
            return self.by_external[entry.parent_external_id]
        if len(entry.path) == 1:
            return ROOT_ID
        above = entry.path[:-1]
        if entry.parent_external_id and self._by_path(above) is not None:
            parent = f"its parent {entry.parent_external_id!r} is not in the file"
            self.findings.append(f"line {entry.line}: {parent}; it stands where its path says")
        if (at := self._by_path(above)) is None:
            self.findings.append(f"line {entry.line}: {join_path(above)!r} is not in the file; it was made")
            at = self._create(Entry(above, line=entry.line), self._parent(Entry(above, line=entry.line)))
        self.seen.add(at)
        return at

    def _create(self, entry: Entry, parent: NodeId) -> NodeId:
        if self._by_path(entry.path) is not None:
            self.findings.append(
                f"line {entry.line}: a second {join_path(entry.path)!r}, kept apart by its id"
            )
        node = Node(self.new_id(entry), entry.path[-1], parent, external_id=entry.external_id)
        self.edits.append(Create(node))
        self.parents[node.id] = parent
        self.by_path.setdefault(_key(entry.path), node.id)
        if entry.external_id:
            self.by_external[entry.external_id] = node.id
        self.seen.add(node.id)
        return node.id

    def _adjust(self, at: NodeId, entry: Entry, parent: NodeId) -> None:
        self.seen.add(at)
        if (node := self.tree.nodes.get(at)) is None:
            return
        if node.name != entry.path[-1]:
            self.edits.append(Rename(at, entry.path[-1]))
        if node.parent_id != parent:
            self.edits.append(Move(at, parent))
        self.by_path.setdefault(_key(entry.path), at)


def plan(entries: Iterable[Entry], tree: Tree, *, new_id: EntryIds = fresh_id) -> Plan:
    """The edits that add, rename and move until the tree has every entry; nothing is retired.

    Categories are matched by the file's id, else by path. Parents need not come before their children.

    >>> found = plan([Entry(("Garden", "Tools"))], Tree())
    >>> [edit.node.name for edit in found.edits]
    ['Garden', 'Tools']
    >>> found.findings
    ("line 0: 'Garden' is not in the file; it was made",)
    """
    planner = _Planner(tree, new_id)
    for entry in sorted(entries, key=lambda entry: len(entry.path)):
        planner.take(entry)
    kept = {above for at in planner.seen if at in tree.nodes for above in tree.lineage(at)}
    if missing := [at for at in tree.descendants() if at not in kept]:
        names = ", ".join(repr(tree.label(at)) for at in missing[:3])
        planner.findings.append(
            f"{len(missing)} categories of the tree are not in the file and stay: {names}"
        )
    return Plan(tuple(planner.edits), tuple(planner.findings))


def _key(path: Path) -> Path:
    return tuple(map(fold, path))
