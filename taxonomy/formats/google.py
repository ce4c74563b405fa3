"""Google's product taxonomy: `3237 - Animals & Pet Supplies > Live Animals`, a category a line."""

import re
from collections.abc import Iterator
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats.checks import checked
from taxonomy.formats.entries import Entry
from taxonomy.formats.lines import numbered, require_some, writing
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = ["read", "write"]

_LINE = re.compile(r"(?:(?P<id>\d+) - )?(?P<path>.+)")
_FOREIGN = re.compile(r"gid://|[{\[]|([\w ]+[,;\t])*(category_)?(path|id|name)[,;\t]", re.IGNORECASE)
"""How lines of Shopify's, of JSON and of a table's header begin: a path without id may be almost anything."""


def read(path: Path) -> Iterator[Entry]:
    """The entries, all with ids or all without; lines that begin with `#` are comments.

    Raises
    ------
    FileError
        The file cannot be read, a line holds no path, or the categories are not sound (see `checked`).
    """
    yield from checked(path, _entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    have_ids: bool | None = None
    for number, line in numbered(path):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        names = split_path(match["path"]) if match else ()
        if match is None or not names or _FOREIGN.match(line):
            raise FileError(path, "a line `ID - Name > Name` was expected: is the format right?", line=number)
        if have_ids not in (None, bool(match["id"])):
            hint = "has no id, as those before it have" if have_ids else "has an id, unlike those before it"
            raise FileError(path, f"the category {line.strip()[:60]!r} {hint}", line=number)
        have_ids = bool(match["id"])
        yield Entry(names, match["id"] or "", line=number)


def write(tree: Tree, path: Path) -> int:
    """Write every category that has a number for an id; the others have no place in this format.

    Returns
    -------
    int
        Categories written.
    """
    rows = [(tree.nodes[at].external_id, tree.label(at)) for at in tree.descendants()]
    numbered = [row for row in rows if row[0].isdigit()]
    require_some(path, rows, numbered)
    with writing(path) as file:
        file.writelines(f"{number} - {label}\n" for number, label in numbered)
    return len(numbered)
