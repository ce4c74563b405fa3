"""Categories that a table gives by name and parent's id, as entries with whole paths."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from taxonomy.errors import FileError
from taxonomy.formats.entries import Entry
from taxonomy.invariants import MAX_DEPTH
from taxonomy.product import Path as Names

__all__ = ["Named", "placed"]

_NO_PARENT = ("", "0")  # shop systems give a top category the parent 0


class Named(NamedTuple):
    """A row: its line, its id, its name, and its parent's id."""

    line: int
    id: str
    name: str
    parent_id: str


def placed(path: Path, rows: Iterable[Named]) -> Iterator[Entry]:
    """The entries in the order of the rows; a child may stand before its parent.

    Raises
    ------
    FileError
        A row has no id or no name, an id stands twice, a parent is not in the file, or parents form a ring or
        a chain of more than `MAX_DEPTH`.
    """
    by_id: dict[str, Named] = {}
    for row in rows:
        if not row.id or not row.name:
            raise FileError(path, f"a category needs an id and a name, here are {row[1:3]}", line=row.line)
        if row != (first := by_id.setdefault(row.id, row)) and row[1:] != first[1:]:
            hint = f"id {row.id!r} stands for two categories: {row.name!r}, and {first.name!r}"
            raise FileError(path, f"{hint} in line {first.line}", line=row.line)
    paths: dict[str, Names] = {}
    for row in by_id.values():
        _place(path, row, by_id, paths)
        yield Entry(paths[row.id], row.id, row.parent_id if _has_parent(row, by_id) else "", line=row.line)


def _place(path: Path, row: Named, by_id: dict[str, Named], paths: dict[str, Names]) -> None:
    """Find the paths of a row and of all above it that have none yet."""
    chain: dict[str, Named] = {}
    at = row
    while at.id not in paths:
        if at.id in chain:
            ring = " > ".join(repr(one.name) for one in list(chain.values())[:5])
            raise FileError(path, f"parents form a ring, {ring} and back to {at.name!r}", line=at.line)
        chain[at.id] = at
        if not _has_parent(at, by_id):
            paths[at.id] = (at.name,)
        elif at.parent_id in by_id:
            at = by_id[at.parent_id]
        else:
            hint = f"the parent {at.parent_id!r} of {at.name!r} is not in the file"
            raise FileError(path, f"{hint}: add it, or leave the cell empty for a top category", line=at.line)
    n_levels = len(chain) + len(paths.get(at.id, ())) - (at.id in chain)
    if n_levels > MAX_DEPTH:  # before paths are made, for those of a long chain would fill the memory
        raise FileError(
            path, f"{row.name!r} stands {n_levels:,} levels deep: {MAX_DEPTH} is the most", line=row.line
        )
    for one in reversed(chain.values()):
        if one.id not in paths:
            paths[one.id] = (*paths[one.parent_id], one.name)


def _has_parent(row: Named, by_id: dict[str, Named]) -> bool:
    return row.parent_id not in _NO_PARENT or (row.parent_id == "0" and "0" in by_id)
