"""A table with a `category_path` column, and ids and parents' ids where it has them (CSV or TSV)."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy.errors import FileError
from taxonomy.formats.entries import Entry
from taxonomy.formats.lines import open_text, opened
from taxonomy.product import split_path
from taxonomy.tree import Tree

if TYPE_CHECKING:
    import _csv

__all__ = ["read", "write"]

_PATH_COLUMNS = ("category_path", "path", "full_name", "category")
_ID_COLUMNS = ("category_id", "node_id", "id")
_PARENT_COLUMNS = ("parent_category_id", "parent_id")
_MAX_CELL = 1 << 20


def read(path: Path) -> Iterator[Entry]:
    """The entries; a table of products works too: each path counts once.

    Raises
    ------
    FileError
        The file cannot be read, has no path column, or gives one id to two paths.
    """
    csv.field_size_limit(_MAX_CELL)
    with opened(path) as file:
        rows = csv.reader(file, delimiter="\t" if ".tsv" in path.suffixes else ",")
        try:
            yield from _entries(path, rows)
        except csv.Error as error:
            raise FileError(path, f"broken table ({error})", line=rows.line_num) from None


def _entries(path: Path, rows: "_csv.Reader") -> Iterator[Entry]:
    header = [name.strip().lower() for name in next(rows, [])]
    at_path, at_id, at_parent = (
        _column(header, names) for names in (_PATH_COLUMNS, _ID_COLUMNS, _PARENT_COLUMNS)
    )
    if at_path is None:
        raise FileError(path, f"no column category_path; there are: {', '.join(header) or 'none'}", line=1)
    seen: set[tuple[str, ...]] = set()
    owner: dict[str, tuple[str, ...]] = {}
    for row in rows:
        names = split_path(row[at_path]) if at_path < len(row) else ()
        external_id = _cell(row, at_id)
        if not names or (*names, external_id) in seen:
            continue
        if external_id and owner.setdefault(external_id, names) != names:
            raise FileError(path, f"id {external_id!r} stands for two categories", line=rows.line_num)
        seen.add((*names, external_id))
        yield Entry(names, external_id, _cell(row, at_parent), line=rows.line_num)


def write(tree: Tree, path: Path) -> int:
    """Write all categories, parents first, with our ids and those of the file they came from; how many."""
    count = 0
    with open_text(path, "w") as file:
        out = csv.writer(file, "excel-tab" if ".tsv" in path.suffixes else "excel", lineterminator="\n")
        out.writerow(["node_id", "parent_node_id", "category_id", "category_path"])
        for at in tree.descendants():
            node = tree.nodes[at]
            out.writerow([at, node.parent_id, node.external_id, tree.label(at)])
            count += 1
    return count


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""
