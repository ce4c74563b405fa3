"""Changes that people made in a spreadsheet, as a change set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from taxonomy.changes import merge
from taxonomy.edits import Edit
from taxonomy.errors import StaleEdit
from taxonomy.formats import sheet
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.service import editing, history
from taxonomy.tree import Tree

__all__ = ["Uploaded", "upload"]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload asks for; nothing for a sheet in which nothing was changed.

    `counts` are edits by kind; `applied_version` is None while the change set waits to be accepted.
    """

    n_edits: int
    counts: Mapping[str, int] = field(default_factory=dict)
    change_id: str = ""
    applied_version: int | None = None


def upload(
    uow: UnitOfWork,
    name: str,
    rows: Sequence[sheet.Row],
    *,
    author: str,
    reason: str = "",
    apply: bool = False,
) -> Uploaded:
    """Propose, or apply, what differs between a sheet and the version of the tree that it was written from.

    Raises
    ------
    InputError
        A row cannot be; the message names its line.
    StaleEdit
        Somebody changed since what the sheet changes; the message says who and what.
    """
    base_version = sheet.version(rows)
    seen = history.at(uow, name, base_version)
    edits = sheet.edits(rows, seen)
    if not edits:
        return Uploaded(0)
    if apply:
        change = editing.edit(uow, name, edits, author=author, reason=reason, base_version=seen.version)
    else:
        _require_current(uow, name, edits, seen)
        change = editing.propose(uow, name, edits, author=author, source=Source.PERSON, reason=reason)
    counts = Counter(one.kind for one in edits)
    return Uploaded(len(edits), counts, change.id, change.applied_version)


def _require_current(uow: UnitOfWork, name: str, edits: Sequence[Edit], seen: Tree) -> None:
    """Nobody wrote since, what the edits write or need."""
    head = uow.trees.head(name)
    if head.version == seen.version:
        return
    keys = {key for one in edits for key, _ in one.writes()} | {at for one in edits for at in one.needs()}
    found = merge(head, edits, uow.changes.written(name, keys, since=seen.version))
    if found.conflicts:
        raise StaleEdit(found.conflicts[0].message, found.conflicts[0].keys)
