"""Trees in files of any format, tables in JSON lines and Parquet among them."""

from pathlib import Path

from ingest.readers import read_table, write_table
from taxonomy.formats import format_by_name, own_table, read_contents, table, write_tree
from taxonomy.formats.entries import Contents
from taxonomy.tree import Tree

__all__ = ["contents_of", "write_taxonomy"]

_COLUMNAR = {".jsonl", ".ndjson", ".parquet", ".pq"}


def contents_of(file: Path, *, format: str | None = None, language: str = "") -> Contents:
    """What a file of any format holds; a table may also be JSON lines or Parquet.

    Raises
    ------
    FileError, InputError
        As for `taxonomy.formats.read_contents`.
    """
    if format not in (None, "table") or not _COLUMNAR & set(file.suffixes):
        return read_contents(file, format=format, language=language)
    rows = read_table(file)
    cells = ((at, [row.get(name, "") for name in rows.columns]) for at, row in enumerate(rows, 1))
    return table.contents(file, rows.columns, cells)


def write_taxonomy(tree: Tree, file: Path, *, format: str | None = None) -> int:
    """Write a tree in a format, by the file's ending where none is given; how many categories went in.

    Raises
    ------
    FileError, InputError
        As for `taxonomy.formats.write_tree`.
    """
    if format not in (None, "table") or not _COLUMNAR & set(file.suffixes):
        return write_tree(tree, file, format=format or format_by_name(file))
    write_table(file, *own_table.rows(tree))
    return len(tree)
