"""A table with a `category_path` column, and ids and parents' ids where it has them (CSV or TSV)."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats.entries import Entry
from taxonomy.formats.lines import open_text, opened
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = ["entries", "read", "write"]

_PATH_COLUMNS = ("category_path", "path", "full_name", "category")
_ID_COLUMNS = ("category_id", "node_id", "id")
_PARENT_COLUMNS = ("parent_category_id", "parent_id")
_PRODUCT_COLUMNS = ("title", "product_title", "product_name", "product_id", "sku")
"""Where one of these stands, `id` is a product's and not a category's."""

_MAX_CELL = 1 << 20


def read(path: Path) -> Iterator[Entry]:
    """The entries of a CSV or TSV; a table of products works too: each path counts once.

    Raises
    ------
    FileError
        The file cannot be read, has no path column, or gives one id to two paths.
    """
    csv.field_size_limit(_MAX_CELL)
    with opened(path) as file:
        rows = csv.reader(file, delimiter="\t" if ".tsv" in path.suffixes else ",")
        try:
            yield from entries(path, next(rows, []), ((rows.line_num, row) for row in rows))
        except csv.Error as error:
            raise FileError(path, f"broken table ({error})", line=rows.line_num) from None


def entries(path: Path, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Entry]:
    """The entries in rows of any table, each with its line; errors as for `read`, which name `path`."""
    columns = [name.strip().lower() for name in header]
    at_path, at_parent = _column(columns, _PATH_COLUMNS), _column(columns, _PARENT_COLUMNS)
    of_products = any(name in columns for name in _PRODUCT_COLUMNS)
    at_id = _column(columns, _ID_COLUMNS[:1] if of_products else _ID_COLUMNS)
    if at_path is None:
        raise FileError(path, f"no column category_path; there are: {', '.join(columns) or 'none'}", line=1)
    seen: set[tuple[str, ...]] = set()
    owner: dict[str, tuple[str, ...]] = {}
    for line, row in rows:
        names = split_path(row[at_path]) if at_path < len(row) else ()
        external_id = _cell(row, at_id)
        if not names or (*names, external_id) in seen:
            continue
        if external_id and owner.setdefault(external_id, names) != names:
            raise FileError(path, f"id {external_id!r} stands for two categories", line=line)
        seen.add((*names, external_id))
        yield Entry(names, external_id, _cell(row, at_parent), line=line)


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
