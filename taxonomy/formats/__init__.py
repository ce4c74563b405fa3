"""Published and own taxonomies, from files to contents and back: one module a format.

A reader gives `Contents`; `taxonomy.formats.planning` turns them into edits, so that an import goes through
the same door as any other change.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from taxonomy.changes import apply
from taxonomy.errors import FileError, InputError
from taxonomy.formats import google, sheet, shopify, skos, table, tree_json
from taxonomy.formats.entries import Contents, Entry
from taxonomy.formats.planning import plan
from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.tree import Tree, path_id

__all__ = [
    "FORMATS",
    "IDS",
    "format_by_name",
    "format_of",
    "read_contents",
    "read_entries",
    "read_tree",
    "write_tree",
]

T = TypeVar("T")

FORMATS = ("table", "google", "shopify", "skos", "json", "sheet")

IDS: Mapping[str, re.Pattern[str]] = {
    "google": re.compile(r"\d+"),
    "shopify": re.compile(r"[a-z]{2}(-\d+)*"),
    "table": re.compile(r".+", re.DOTALL),
    "skos": re.compile(r".+", re.DOTALL),
}
"""What the ids of a source look like: those that a later edition of it may retire."""

_READERS: dict[str, Callable[[Path], Contents]] = {
    "table": table.read,
    "google": lambda path: Contents(list(google.read(path))),
    "shopify": lambda path: Contents(list(shopify.read(path))),
    "skos": skos.read,
    "json": lambda path: Contents.of(tree_json.read(path).tree),
}
_WRITERS: dict[str, Callable[[Tree, Path], int]] = {
    "table": table.write,
    "google": google.write,
    "shopify": shopify.write,
    "skos": skos.write,
    "json": tree_json.write_tree,
    "sheet": sheet.write,
}
_ENDINGS = {".txt": "google", ".json": "json", ".ttl": "skos", ".nt": "skos", ".rdf": "skos"}


def format_of(path: Path) -> str:
    """The format of a file, as its ending and its first line tell; a table where they tell nothing.

    Raises
    ------
    FileError
        The file has to be looked into, and is missing or no text.
    """
    name = format_by_name(path)
    return "shopify" if name == "google" and shopify.recognises(path) else name


def format_by_name(path: Path) -> str:
    """The format that a file's ending stands for: Google's for `.txt`, a table for any that says nothing."""
    endings = [one for one in path.suffixes if one != ".gz"]
    return _ENDINGS.get(endings[-1], "table") if endings else "table"


def read_contents(path: Path, *, format: str | None = None, language: str = "") -> Contents:
    """What a file holds.

    Parameters
    ----------
    format : str, optional
        One of `FORMATS` but `sheet`; seen from the file when not given.
    language : str
        Which names to take where the file has them in several languages.

    Raises
    ------
    FileError
        The file is missing, not of that format, not sound or without categories; the message names the line.
    InputError
        There is no such format.
    """
    name = format or format_of(path)
    if name == "sheet":
        raise InputError("a sheet holds changes: `shelftree taxonomy upload` takes it")
    if name == "skos":
        return skos.read(path, language=language)
    return _chosen(_READERS, name)(path)


def read_entries(path: Path, *, format: str | None = None) -> list[Entry]:
    """The categories of a file, in its order; parameters and errors as for `read_contents`."""
    return list(read_contents(path, format=format).entries)


def read_tree(path: Path, contents: Contents | None = None) -> Tree:
    """The tree in a file of any format that `read_contents` knows.

    Parameters
    ----------
    contents : Contents, optional
        What the file holds, where somebody else has read it.

    Raises
    ------
    FileError
        The file cannot be read, or holds no category.
    """
    if path.suffix == ".json" and contents is None:
        return tree_json.read(path).tree
    used: set[NodeId] = set()

    def file_id(entry: Entry) -> NodeId:
        first = entry.said.id if entry.said and entry.said.id else path_id(entry.path)
        chosen = path_id(entry.path, entry.external_id, str(entry.line)) if first in used else first
        used.add(chosen)
        return chosen

    if not (edits := plan(contents or read_contents(path), Tree(), new_id=file_id).edits):
        raise FileError(path, "it holds no category")
    return apply(Tree(), edits, Source.IMPORT).tree


def write_tree(tree: Tree, path: Path, *, format: str = "table") -> int:
    """Write the tree and return the number of categories; errors as for `read_contents`."""
    return _chosen(_WRITERS, format)(tree, path)


def _chosen(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise InputError(f"there is no format {name!r}: take one of {', '.join(FORMATS)}")
    return table[name]
