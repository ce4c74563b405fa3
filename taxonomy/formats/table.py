"""A table with a `category_path` column, or with ids, names and parents' ids (CSV or TSV)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats import own_table
from taxonomy.formats.checks import checked
from taxonomy.formats.entries import Contents, Entry
from taxonomy.formats.parents import Named, placed
from taxonomy.formats.spreadsheet import read_rows, write_rows
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = ["contents", "read", "write"]

_PATH_COLUMNS = ("category_path", "path", "full_name", "category")
_ID_COLUMNS = ("category_id", "node_id", "id")
_PARENT_COLUMNS = ("parent_category_id", "parent_id")
_NAME_COLUMNS = ("name", "category_name")
_PRODUCT_COLUMNS = ("title", "product_title", "product_name", "product_id", "sku")
"""Where one of these stands, `id` is a product's and not a category's."""


def read(path: Path) -> Contents:
    """What a CSV or TSV holds; a table of products works too: each path counts once.

    Raises
    ------
    FileError
        The file cannot be read, has no columns to tell the place of a category by, has broken quotes, or its
        categories are not sound (see `checked`).
    """
    records = read_rows(path, "\t" if ".tsv" in path.suffixes else ",")
    return contents(path, next(records, (1, []))[1], records)


def contents(path: Path, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Contents:
    """What rows of any table hold, each with its line; errors as for `read`, which name `path`."""
    columns = [name.strip().lower() for name in header]
    if own_table.recognises(columns):
        return own_table.contents(path, columns, rows)
    return Contents(list(_entries(path, columns, rows)))


def _entries(
    path: Path, columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]
) -> Iterator[Entry]:
    of_products = any(name in columns for name in _PRODUCT_COLUMNS)
    at = _Columns(
        path=_column(path, columns, _PATH_COLUMNS),
        id=_column(path, columns, _ID_COLUMNS[:1] if of_products else _ID_COLUMNS),
        parent=_column(path, columns, _PARENT_COLUMNS[:1] if of_products else _PARENT_COLUMNS),
        name=_column(path, columns, _NAME_COLUMNS),
    )
    if at.path is not None:
        return checked(path, _with_paths(path, at, rows, of_products=of_products))
    if at.name is None or at.id is None or at.parent is None:
        there = ", ".join(columns[:20]) or "none"
        hint = f"no column category_path, nor id, name and parent_id; there are: {there}"
        raise FileError(path, f"{hint}. Cells stand between commas, in a .tsv between tabs", line=1)
    named = (
        Named(line, _cell(row, at.id), _cell(row, at.name), _cell(row, at.parent))
        for line, row in rows
        if any(cell.strip() for cell in row)
    )
    return checked(path, placed(path, named))


@dataclass(frozen=True, slots=True)
class _Columns:
    path: int | None
    id: int | None
    parent: int | None
    name: int | None


def _with_paths(
    path: Path, at: _Columns, rows: Iterable[tuple[int, Sequence[str]]], *, of_products: bool
) -> Iterator[Entry]:
    for line, row in rows:
        names, external_id = split_path(_cell(row, at.path)), _cell(row, at.id)
        if names:
            yield Entry(names, external_id, _cell(row, at.parent), line=line)
        elif external_id and not of_products:
            raise FileError(path, f"category {external_id!r} has no path", line=line)


def write(tree: Tree, path: Path) -> int:
    """Write all that is known of the tree, parents first; how many categories.

    Cells that a spreadsheet would take for a formula are made harmless, and put back by `read`.
    """
    columns, rows = own_table.rows(tree)
    write_rows(path, columns, rows)
    return len(tree)


def _column(path: Path, header: Sequence[str], names: Sequence[str]) -> int | None:
    found = next((name for name in names if name in header), None)
    if found and header.count(found) > 1:
        raise FileError(path, f"there are two columns {found}: keep one", line=1)
    return header.index(found) if found else None


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""
