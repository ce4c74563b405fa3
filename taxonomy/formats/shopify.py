"""Shopify's product taxonomy as text: `gid://shopify/TaxonomyCategory/ap-1 : Animals > Live Animals`."""

import re
from collections.abc import Iterator
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats.checks import checked
from taxonomy.formats.entries import Entry
from taxonomy.formats.lines import numbered, require_some, writing
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = ["read", "recognises", "write"]

_PREFIX = "gid://shopify/TaxonomyCategory/"
_LINE = re.compile(rf"{_PREFIX}(?P<id>[\w-]+)\s*:\s*(?P<path>.+)")


def recognises(path: Path) -> bool:
    """Whether the first category of the file is written in this way."""
    first = next((line for _, line in numbered(path) if line.strip() and not line.startswith("#")), "")
    return first.startswith(_PREFIX)


def read(path: Path) -> Iterator[Entry]:
    """The entries of a `categories.txt`, in any language; a parent's id is the child's without its last part.

    Raises
    ------
    FileError
        The file cannot be read, a line is not of this form, or the categories are not sound (see `checked`).
    """
    yield from checked(path, _entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    for number, line in numbered(path):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not (names := split_path(match["path"])):
            raise FileError(path, f"a line `{_PREFIX}ID : Name > Name` was expected", line=number)
        yield Entry(names, match["id"], match["id"].rpartition("-")[0], line=number)


def write(tree: Tree, path: Path) -> int:
    """Write every category that has an id of its own in the file it came from; how many those are."""
    rows = [(tree.nodes[at].external_id, tree.label(at)) for at in tree.descendants()]
    known = [row for row in rows if row[0]]
    require_some(path, rows, known)
    with writing(path) as file:
        file.writelines(f"{_PREFIX}{external_id} : {label}\n" for external_id, label in known)
    return len(known)
