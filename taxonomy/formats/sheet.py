"""A tree as a sheet that people edit in a spreadsheet, and what they edited.

One row a category. A changed cell is a change: `name` renames, `parent` (a path or a node's id) moves, labels
and note relabel, `locked` (yes, no) locks. A row without node_id is a new category. `action` is `retire` or
`merge`, `into` says where the products go. A row that is deleted, or a column, changes nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from taxonomy.changes import apply
from taxonomy.edits import Create, Edit, Lock, Merge, Move, Relabel, Rename, Retire
from taxonomy.errors import EditError, FileError, InputError
from taxonomy.formats.spreadsheet import read_rows, write_rows
from taxonomy.node import ROOT_ID, Label, LabelKind, Node, NodeId, NodeIds, random_ids
from taxonomy.product import Path as Names
from taxonomy.product import split_path
from taxonomy.text import fold
from taxonomy.tree import Draft, Tree

__all__ = ["Row", "edits", "read", "version", "write"]

_FIRST = ("tree_version", "node_id", "parent", "name", "path")
_LAST = ("scope_note", "locked", "action", "into")
_LABEL = re.compile(r"(preferred|alternative|hidden)(?: \[(.+)\])?")
_BAR = re.compile(r"(?<!\\)\|")
_YES, _NO = ("yes", "true", "1", "x"), ("no", "false", "0", "")
_MOST_FAULTS = 20  # that a message tells: who has more looks at the first again anyway


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet: its line, and its cells by column."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


def write(tree: Tree, path: Path) -> int:
    """Write the sheet as CSV, or TSV by its ending; how many categories."""
    labels = _label_columns(tree)
    columns = (*_FIRST, *labels, *_LAST)
    rows = (_cells(tree, tree.nodes[at], labels) for at in tree.descendants())
    return write_rows(path, columns, ([row.get(name, "") for name in columns] for row in rows), mark=True)


def read(path: Path) -> list[Row]:
    """The rows that are not empty.

    Raises
    ------
    FileError
        The file cannot be read, or a column is missing or unknown.
    """
    records = read_rows(path)
    names = (name.strip() for name in next(records, (1, []))[1])
    header = [name if _LABEL.fullmatch(name) else name.lower() for name in names]
    if missing := [name for name in ("node_id", "parent", "name") if name not in header]:
        raise FileError(
            path, f"no column {missing[0]}: write one by `export --format sheet` and edit that", line=1
        )
    known = {*_FIRST, *_LAST}
    if odd := [name for name in header if name and name not in known and not _LABEL.fullmatch(name)]:
        raise FileError(path, f"there is no column {odd[0]!r}; labels are `alternative [en]`", line=1)
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise FileError(path, f"there are two columns {twice[0]!r}: keep one", line=1)
    rows = (Row(line, dict(zip(header, cells, strict=False))) for line, cells in records)
    return [row for row in rows if any(cell.strip() for cell in row.cells.values())]


def version(rows: Iterable[Row]) -> int | None:
    """The tree version that the sheet was written from; None where no row says it.

    Raises
    ------
    InputError
        It is no number, or rows say different ones.
    """
    said = {row["tree_version"]: row.line for row in reversed(list(rows)) if row["tree_version"]}
    if len(said) > 1:
        raise InputError(
            f"the rows come from several versions of the tree ({', '.join(sorted(said))}): upload each alone"
        )
    text = next(iter(said), "")
    if text and not text.isdecimal():
        raise InputError(f"line {said[text]}: {text!r} is no tree_version: leave that column as it was")
    return int(text) if text else None


def edits(rows: Sequence[Row], tree: Tree, *, ids: NodeIds = random_ids) -> list[Edit]:
    """What people changed in a sheet that was written from this tree; nothing for an unchanged one.

    Raises
    ------
    InputError
        Rows that cannot be; the message names each by its line.
    """
    sheet = _Sheet(tree, ids)
    for row in rows:
        sheet.meet(row)
    for row in rows:
        sheet.take(row)
    sheet.order()
    found = [edit for _, edit in sheet.edits]
    if not sheet.faults and found:
        sheet.try_out()
    if sheet.faults:
        more = len(sheet.faults) - _MOST_FAULTS
        tail = [f"and {more} more"] if more > 0 else []
        raise InputError("\n".join([*sheet.faults[:_MOST_FAULTS], *tail]))
    return found


def _cells(tree: Tree, node: Node, labels: Iterable[str]) -> dict[str, str]:
    return {
        "tree_version": str(tree.version),
        "node_id": node.id,
        "parent": tree.label(node.parent_id) if node.parent_id != ROOT_ID else "",
        "name": node.name,
        "path": tree.label(node.id),
        "scope_note": node.scope_note,
        "locked": "yes" if node.locked else "",
        **{column: _label_cell(node, column) for column in labels},
    }


def _label_columns(tree: Tree) -> list[str]:
    """A column for each kind and language of labels that occur; those for alternatives always."""
    found = {(one.language, one.kind) for node in tree.nodes.values() for one in node.labels}
    names = [node.language for node in tree.nodes.values()]
    own = max(sorted(set(names)), key=names.count, default="")
    found |= {(own, LabelKind.ALTERNATIVE), (own, LabelKind.HIDDEN)}
    rank = {kind: at for at, kind in enumerate(LabelKind)}
    return [
        _column(kind, language) for language, kind in sorted(found, key=lambda one: (one[0], rank[one[1]]))
    ]


def _column(kind: LabelKind, language: str) -> str:
    return f"{kind} [{language}]" if language else str(kind)


def _label_cell(node: Node, column: str) -> str:
    kind, language = _kind_of(column)
    texts = (one.text for one in node.labels if one.kind is kind and one.language == language)
    return " | ".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def _kind_of(column: str) -> tuple[LabelKind, str]:
    found = _LABEL.fullmatch(column)
    return (LabelKind(found[1]), found[2] or "") if found else (LabelKind.ALTERNATIVE, "")


def _texts(cell: str) -> tuple[str, ...]:
    parts = (part.strip() for part in _BAR.split(cell))
    return tuple(re.sub(r"\\(.)", r"\1", part) for part in parts if part)


@dataclass
class _Sheet:
    """What the rows ask for, gathered in the order in which it can be done."""

    tree: Tree
    ids: NodeIds
    faults: list[str] = field(default_factory=list)
    edits: list[tuple[int, Edit]] = field(default_factory=list)
    lines: dict[NodeId, int] = field(default_factory=dict)
    nodes: dict[int, NodeId] = field(default_factory=dict)  # by line
    named: dict[Names, list[NodeId]] = field(default_factory=dict)  # by path, folded
    renamed: dict[Names, list[NodeId]] = field(default_factory=dict)
    parents: dict[NodeId, NodeId] = field(default_factory=dict)  # new ones
    placings: list[tuple[NodeId, Create | Move]] = field(default_factory=list)
    going: list[tuple[int, Edit]] = field(default_factory=list)
    locking: list[tuple[int, Edit]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for at in self.tree.descendants():
            self.named.setdefault(tuple(map(fold, self.tree.path(at))), []).append(at)

    def meet(self, row: Row) -> None:
        """Learn which node a row is about, and by which new path others may mean it."""
        if at := NodeId(row["node_id"]):
            if at not in self.tree.nodes:
                why = (
                    f"it was retired in favour of {self._successor(at)}" if at in self.tree.redirects else ""
                )
                return self._fault(row, f"there is no category {at!r}{'; ' if why else ''}{why}")
            if at in self.lines:
                return self._fault(row, f"category {at!r} stands in line {self.lines[at]} too: keep one row")
        elif row["action"]:
            return self._fault(row, f"{row['action']!r} needs a node_id")
        elif not row["name"]:
            return self._fault(row, "a new category needs a name")
        at = at or self.ids()
        self.lines[at], self.nodes[row.line] = row.line, at
        new_path = tuple(map(fold, (*split_path(row["parent"]), row["name"])))
        if new_path not in self.named:
            self.renamed.setdefault(new_path, []).append(at)
        return None

    def take(self, row: Row) -> None:
        """Compare a row with its node."""
        if row.line not in self.nodes:
            return
        at = self.nodes[row.line]
        if at not in self.tree.nodes:
            self._create(row, at)
        elif row["action"]:
            self._act(row, at)
        else:
            self._adjust(row, self.tree.nodes[at])

    def order(self) -> None:
        """Unlock, place parents before what goes below them, relabel, retire from the bottom, lock."""
        depths = {at: self._depth(at) for at in self.parents}
        self.placings.sort(key=lambda one: depths[one[0]])
        unlocking = [one for one in self.edits if isinstance(one[1], Lock)]
        saying = [one for one in self.edits if not isinstance(one[1], Lock)]
        placing = [(self.lines[at], edit) for at, edit in self.placings]
        self.edits = [*unlocking, *placing, *saying, *reversed(self.going), *self.locking]

    def try_out(self) -> None:
        """Find the row whose edit breaks a rule."""
        draft = Draft(self.tree)
        for line, edit in self.edits:
            try:
                edit.apply(draft)
            except InputError as error:
                self.faults.append(f"line {line}: {error}")
                return
        try:
            apply(self.tree, [edit for _, edit in self.edits])
        except EditError as error:
            lines = sorted(self.lines[at] for at in map(NodeId, error.node_ids) if at in self.lines)
            where = "line " + " and ".join(map(str, lines)) if lines else "the sheet"
            self.faults.append(f"{where}: {error}")

    def _create(self, row: Row, at: NodeId) -> None:
        if (parent := self._place(row, row["parent"], "parent")) is None:
            return
        node = Node(at, row["name"], parent, scope_note=row["scope_note"], locked=self._locked(row, False))
        labels = {
            Label(text, *_kind_of(column))
            for column in row.cells
            if _LABEL.fullmatch(column)
            for text in _texts(row[column])
        }
        self.parents[at] = parent
        self.placings.append((at, Create(replace(node, labels=tuple(sorted(labels))))))

    def _act(self, row: Row, at: NodeId) -> None:
        action, into = row["action"].lower(), None
        if row["into"] and (into := self._place(row, row["into"], "into")) is None:
            return
        if action == "retire":
            self.going.append((row.line, Retire(at, into)))
        elif action == "merge" and into is not None:
            self.going.append((row.line, Merge((at,), into)))
        elif action == "merge":
            self._fault(row, "a merge needs `into`: the path or id of the category that takes the products")
        else:
            self._fault(row, f"there is no action {action!r}: retire or merge")

    def _adjust(self, row: Row, node: Node) -> None:
        if not row["name"]:
            return self._fault(
                row, f"{node.name!r} has lost its name; to take it away, say retire in `action`"
            )
        made: list[Edit] = []
        if (name := row["name"]) != node.name:
            made.append(Rename(node.id, name))
        made += self._relabelled(row, node)
        above = self.tree.label(node.parent_id) if node.parent_id != ROOT_ID else ""
        if row["parent"] != above:
            parent = self._place(row, row["parent"], "parent")
            if parent is not None and parent != node.parent_id:
                self.parents[node.id] = parent
                self.placings.append((node.id, Move(node.id, parent)))
        locked = self._locked(row, node.locked)
        if locked != node.locked and not locked:
            made.insert(0, Lock(node.id, False))
        self.edits += [(row.line, one) for one in made]
        if locked and not node.locked:
            self.locking.append((row.line, Lock(node.id)))
        return None

    def _relabelled(self, row: Row, node: Node) -> Iterator[Edit]:
        changed: dict[str, dict[LabelKind, tuple[str, ...]]] = {}
        for column in row.cells:
            if _LABEL.fullmatch(column) and row[column] != _label_cell(node, column):
                kind, language = _kind_of(column)
                changed.setdefault(language, {})[kind] = _texts(row[column])
        note = row["scope_note"] if "scope_note" in row.cells else node.scope_note.strip()
        if note != node.scope_note.strip() and not changed:
            changed[node.language] = {}
        for at, (language, texts) in enumerate(changed.items()):
            edit = Relabel.of(node, language)
            yield replace(
                edit,
                preferred=next(iter(texts.get(LabelKind.PREFERRED, (edit.preferred,))), ""),
                alternative=texts.get(LabelKind.ALTERNATIVE, edit.alternative),
                hidden=texts.get(LabelKind.HIDDEN, edit.hidden),
                scope_note=note if at == 0 and note != node.scope_note.strip() else None,
            )

    def _locked(self, row: Row, default: bool) -> bool:
        text = row["locked"].lower()
        if "locked" not in row.cells:
            return default
        if text not in (*_YES, *_NO):
            self._fault(row, f"`locked` is yes or no, not {text!r}")
        return text in _YES

    def _place(self, row: Row, text: str, column: str) -> NodeId | None:
        """The node that a cell means; None after saying why there is none."""
        if not text:
            return ROOT_ID
        if text in self.tree.nodes:
            return NodeId(text)
        names = tuple(map(fold, split_path(text)))
        found = self.named.get(names) or self.renamed.get(names) or []
        if not found:
            self._fault(row, f"`{column}` is {text!r}, which is no category of the tree or of the sheet")
        elif len(found) > 1:
            self._fault(
                row, f"`{column}` is {text!r}, which {len(found)} categories are called: give a node_id"
            )
        return found[0] if len(found) == 1 else None

    def _depth(self, at: NodeId) -> int:
        depth, seen = 0, set[NodeId]()
        while at != ROOT_ID and at not in seen:
            seen.add(at)
            depth += 1
            at = self.parents[at] if at in self.parents else self.tree.nodes[at].parent_id
        if at in seen and not self.faults:
            self.faults.append(f"line {self.lines[at]}: {self._called(at)} would stand below itself")
        return depth

    def _called(self, at: NodeId) -> str:
        return repr(self.tree.nodes[at].name) if at in self.tree.nodes else repr(at)

    def _successor(self, at: NodeId) -> str:
        end = self.tree.resolve(at)
        return repr(self.tree.label(end)) if end != ROOT_ID else "nothing"

    def _fault(self, row: Row, what: str) -> None:
        self.faults.append(f"line {row.line}: {what}")
