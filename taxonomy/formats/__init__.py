"""Published and own taxonomies, from files to entries and back: one module a format.

A reader gives `Entry` values; `taxonomy.formats.entries` turns them into edits, so that an import goes
through the same door as any other change.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from taxonomy.changes import apply
from taxonomy.errors import FileError, InputError
from taxonomy.formats import google, shopify, table, tree_json
from taxonomy.formats.entries import Entry, plan
from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.tree import Tree, path_id

__all__ = ["FORMATS", "read_entries", "read_tree", "write_tree"]

T = TypeVar("T")

FORMATS = ("table", "google", "shopify")

_READERS: dict[str, Callable[[Path], Iterator[Entry]]] = {
    "table": table.read,
    "google": google.read,
    "shopify": shopify.read,
}
_WRITERS: dict[str, Callable[[Tree, Path], int]] = {
    "table": table.write,
    "google": google.write,
    "shopify": shopify.write,
}


def read_entries(path: Path, *, format: str | None = None) -> list[Entry]:
    """The categories of a file, in its order; repeated ones once.

    Parameters
    ----------
    format : str, optional
        One of `FORMATS`; seen from the file when not given.

    Raises
    ------
    FileError
        The file is missing, not of that format, not sound or without categories; the message names the line.
    InputError
        There is no such format.
    """
    return list(_chosen(_READERS, format or _seen(path))(path))


def read_tree(path: Path, entries: Iterable[Entry] | None = None) -> Tree:
    """The tree in a file: the JSON that a build writes, or any format that `read_entries` knows.

    Parameters
    ----------
    entries : iterable of Entry, optional
        What the file holds, where somebody else has read it.

    Raises
    ------
    FileError
        The file cannot be read, or holds no category.
    """
    if path.suffix == ".json" and entries is None:
        return tree_json.read(path).tree
    used: set[NodeId] = set()

    def file_id(entry: Entry) -> NodeId:
        first = path_id(entry.path)
        chosen = path_id(entry.path, entry.external_id, str(entry.line)) if first in used else first
        used.add(chosen)
        return chosen

    if not (edits := plan(read_entries(path) if entries is None else entries, Tree(), new_id=file_id).edits):
        raise FileError(path, "it holds no category")
    return apply(Tree(), edits, Source.IMPORT).tree


def write_tree(tree: Tree, path: Path, *, format: str = "table") -> int:
    """Write the tree and return the number of categories; errors as for `read_entries`."""
    return _chosen(_WRITERS, format)(tree, path)


def _chosen(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise InputError(f"there is no format {name!r}: take one of {', '.join(FORMATS)}")
    return table[name]


def _seen(path: Path) -> str:
    if path.suffixes[-1:] == [".txt"] or path.suffixes[-2:] == [".txt", ".gz"]:
        return "shopify" if shopify.recognises(path) else "google"
    return "table"
