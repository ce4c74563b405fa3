"""Google's product taxonomy: `3237 - Animals & Pet Supplies > Live Animals`, a category a line."""

import re
from collections.abc import Iterator
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats.entries import Entry
from taxonomy.formats.lines import open_text, opened
from taxonomy.product import split_path
from taxonomy.tree import Tree

__all__ = ["read", "write"]

_LINE = re.compile(r"(?:(?P<id>\d+) - )?(?P<path>.+)")


def read(path: Path) -> Iterator[Entry]:
    """The entries, with ids or without; lines that begin with `#` are comments.

    Raises
    ------
    FileError
        The file cannot be read, or a line holds no path.
    """
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            names = split_path(match["path"]) if match else ()
            if match is None or not names:
                raise FileError(path, "a line `ID - Name > Name` was expected", line=number)
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
    with open_text(path, "w") as file:
        file.writelines(f"{number} - {label}\n" for number, label in numbered)
    return len(numbered)
