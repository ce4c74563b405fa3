"""A tree of ours as a table, with all that is known of it, and back as the same tree."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from taxonomy.errors import FileError, InputError
from taxonomy.formats.entries import Contents
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID, Attribute, Label, Match, Node, NodeId, Relation, Restriction
from taxonomy.redirects import Redirect
from taxonomy.tree import Draft, Tree
from taxonomy.values import from_json, to_json

__all__ = ["contents", "recognises", "rows"]

T = TypeVar("T")

_ALWAYS = ("node_id", "parent_node_id", "category_id", "category_path")
_TEXTS = ("name", "language", "scope_note")
_LISTS: dict[str, type] = {
    "labels": Label,
    "attributes": Attribute,
    "relations": Relation,
    "restrictions": Restriction,
    "crosswalk": Match,
}
_BESIDE = ("locked", *_TEXTS, *_LISTS, "replaced_by", "pinned_queries")


def recognises(columns: Iterable[str]) -> bool:
    """Whether the header is that of an export of ours."""
    return set(_ALWAYS) <= set(columns)


def rows(tree: Tree) -> tuple[list[str], list[list[str]]]:
    """The header and a row for each category, parents first, then for each retired id.

    Columns that would be empty throughout are left out; lists are JSON.
    """
    queries: dict[NodeId, list[str]] = {}
    for query, at in tree.pins.items():
        queries.setdefault(at, []).append(query)
    cells = [_cells(tree, tree.nodes[at]) for at in tree.descendants()]
    cells += [{"node_id": str(at), "replaced_by": _json([way])} for at, way in tree.redirects.items()]
    for row in cells:
        if held := queries.get(NodeId(row["node_id"])):
            row["pinned_queries"] = _json(held)
    columns = [*_ALWAYS, *(name for name in _BESIDE if any(row.get(name) for row in cells))]
    return columns, [[row.get(name, "") for name in columns] for row in cells]


def contents(path: Path, columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Contents:
    """What such a table holds.

    Raises
    ------
    FileError
        A row contradicts another or itself; the message names its line.
    """
    reader = _Reader(path)
    for line, cells in rows:
        row = dict(zip(columns, cells, strict=False))
        if any(cell.strip() for cell in cells):
            reader.take(line, row)
    return reader.contents()


def _cells(tree: Tree, node: Node) -> dict[str, str]:
    label = tree.label(node.id)
    return {
        "node_id": node.id,
        "parent_node_id": node.parent_id,
        "category_id": node.external_id,
        "category_path": label,
        "name": "" if label.rpartition(" > ")[2] == node.name else node.name,
        "locked": "yes" if node.locked else "",
        "language": node.language,
        "scope_note": node.scope_note,
        **{name: _json(getattr(node, name)) for name in _LISTS if getattr(node, name)},
    }


def _json(value: object) -> str:
    return json.dumps(to_json(value), ensure_ascii=False)


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path, self.draft = path, Draft(Tree())
        self.lines: dict[NodeId, int] = {}
        self.labels: dict[NodeId, str] = {}

    def take(self, line: int, row: Mapping[str, str]) -> None:
        at = NodeId(row.get("node_id", "").strip())
        if not at or at == ROOT_ID or at in self.lines:
            why = f"node_id {at!r} stands in line {self.lines[at]} too" if at in self.lines else "no node_id"
            raise FileError(self.path, f"{why}: every row needs one of its own", line=line)
        self.lines[at] = line
        for query in self._texts(line, row, "pinned_queries"):
            self.draft.pin(query, at)
        for way in self._list(line, row, "replaced_by", Redirect):
            self.draft.redirect(at, way)
            return
        label = row.get("category_path", "")
        if not label.strip():
            raise FileError(self.path, f"category {at!r} has no path", line=line)
        self.labels[at] = label
        name = row.get("name") or label.rpartition(" > ")[2]
        parent_id = NodeId(row.get("parent_node_id", "").strip() or ROOT_ID)
        lists: dict[str, Any] = {key: self._list(line, row, key, kind) for key, kind in _LISTS.items()}
        self.draft.add(
            Node(
                at,
                name,
                parent_id,
                locked=row.get("locked", "").strip().lower() in ("yes", "true", "1"),
                external_id=row.get("category_id", ""),
                language=row.get("language", ""),
                scope_note=row.get("scope_note", ""),
                **lists,
            )
        )

    def contents(self) -> Contents:
        for at, node in self.draft.nodes.items():
            if node.parent_id not in self.draft:
                why = f"parent_node_id {node.parent_id!r} is not in the file"
                raise FileError(self.path, why, line=self.lines[at])
        tree = self.draft.tree()
        if not tree.nodes:
            raise FileError(self.path, "it holds no category")
        if fault := next(iter(check(tree, unique_siblings=False)), ""):
            line = next((line for at, line in self.lines.items() if fault.startswith(at)), None)
            raise FileError(self.path, fault, line=line)
        for at, label in self.labels.items():
            if tree.label(at) != label:
                hint = "change `name` and `parent_node_id`, or edit an export of --format sheet"
                raise FileError(
                    self.path,
                    f"by name and parent it is {tree.label(at)!r}, not {label!r}: {hint}",
                    line=self.lines[at],
                )
        return Contents.of(tree)

    def _list(self, line: int, row: Mapping[str, str], column: str, kind: type[T]) -> tuple[T, ...]:
        values = self._json(line, row, column)
        try:
            return tuple(from_json(kind, one, where=column) for one in values)
        except InputError as error:
            raise FileError(self.path, str(error), line=line) from None

    def _texts(self, line: int, row: Mapping[str, str], column: str) -> Iterator[str]:
        return (str(one) for one in self._json(line, row, column))

    def _json(self, line: int, row: Mapping[str, str], column: str) -> list[object]:
        if not (text := row.get(column, "").strip()):
            return []
        try:
            values = json.loads(text)
        except ValueError as error:
            raise FileError(self.path, f"`{column}` is no JSON ({error})", line=line) from None
        if not isinstance(values, list):
            raise FileError(self.path, f"`{column}` should be a list", line=line)
        return values
