"""What holds for the categories of any file, whatever its format; a breach names the line."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from taxonomy.errors import FileError, RuleBroken
from taxonomy.formats.entries import Entry
from taxonomy.invariants import MAX_DEPTH, MAX_NAME_LENGTH, require_name
from taxonomy.product import join_path
from taxonomy.text import fold

__all__ = ["checked"]

_SHOWN_CHARS = 60


def checked(path: Path, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries without those that only repeat another.

    Missing ancestors, unknown parents and siblings of one name pass: an import mends and reports them.

    Raises
    ------
    FileError
        There is none; or one has a name that cannot be, stands too deep, shares its id with another path, is
        its own parent, or has a parent that its path does not go through (so do all in a cycle).
    """
    seen: set[tuple[str, ...]] = set()
    owners: dict[str, Entry] = {}
    children: list[Entry] = []
    names: set[str] = set()
    for entry in entries:
        if (*entry.path, entry.external_id) in seen:
            continue
        if fault := _fault(entry, owners, names):
            raise FileError(path, fault, line=entry.line)
        seen.add((*entry.path, entry.external_id))
        names.update(entry.path)
        if entry.external_id:
            owners[entry.external_id] = entry
        if entry.parent_external_id:
            children.append(entry)
        yield entry
    if not seen:
        raise FileError(path, "it holds no category")
    for entry in children:
        if fault := _parent_fault(entry, owners.get(entry.parent_external_id)):
            raise FileError(path, fault, line=entry.line)


def _fault(entry: Entry, owners: dict[str, Entry], known_names: set[str]) -> str:
    if len(entry.path) > MAX_DEPTH:
        return f"{_shown(entry)} stands {len(entry.path)} levels deep: {MAX_DEPTH} is the most"
    for name in entry.path:
        if name not in known_names and (fault := _name_fault(name)):
            return fault
    first = owners.get(entry.external_id) if entry.external_id else None
    if first:
        return (
            f"id {entry.external_id!r} stands for two categories: {_shown(entry)}, "
            f"and {_shown(first)} in line {first.line}"
        )
    if entry.external_id and entry.external_id == entry.parent_external_id:
        return f"{_shown(entry)} is its own parent, {entry.external_id!r}"
    return ""


def _name_fault(name: str) -> str:
    if len(name) > MAX_NAME_LENGTH:
        return (
            f"the name {name[:_SHOWN_CHARS]!r}... has {len(name):,} characters: {MAX_NAME_LENGTH} is the most"
        )
    if name.startswith("> ") or name.endswith(" >") or name == ">":
        return f"there is an empty name in the path, beside {name!r}"
    try:
        require_name(name)
    except RuleBroken as error:
        return str(error)
    return ""


def _parent_fault(entry: Entry, parent: Entry | None) -> str:
    if parent is None or [*map(fold, parent.path)] == [*map(fold, entry.path[:-1])]:
        return ""
    return (
        f"{_shown(entry)} has the parent {entry.parent_external_id!r}, which is {_shown(parent)} in line "
        f"{parent.line}: its path does not go through it"
    )


def _shown(entry: Entry) -> str:
    text = join_path(entry.path)
    return repr(text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 3]}...")
