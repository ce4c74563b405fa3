"""A change set: edits that are checked, applied, recorded and taken back together.

::

    draft ──> proposed ──> approved ──┐
      │          │    └───────────────┴─> applied ──> reverted
      └──────────┴──> rejected            conflicted: what a newer tree did not take

A change set was made on one version and may be applied on a later one. Its edits go in where nobody wrote the
same in between; the others come back, each with a named conflict.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from taxonomy.edits import Create, Edit, Lock, Touch, Unassign, clash
from taxonomy.errors import EditError, InputError, NodeLocked, RuleBroken
from taxonomy.invariants import require_unique_children
from taxonomy.node import NodeId
from taxonomy.product import Source
from taxonomy.tree import Draft, Tree

__all__ = [
    "OPEN",
    "Applied",
    "ChangeSet",
    "Conflict",
    "Merged",
    "State",
    "Written",
    "apply",
    "merge",
    "replay",
]


class State(StrEnum):
    """Where a change set is on its way."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
    REVERTED = "reverted"
    CONFLICTED = "conflicted"


OPEN = (State.DRAFT, State.PROPOSED, State.APPROVED, State.CONFLICTED)
"""The states of a change set that somebody has still to decide on."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an applied edit wrote, by whom and when: what a stale edit is held against."""

    key: str
    aspect: str
    version: int
    author: str = ""
    kind: str = ""
    change_set_id: str = ""
    reason: str = ""
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edit, by its place from 1, that a newer tree did not take, and why.

    `version`, `author` and `change_set_id` say who was first; they are empty where a rule of the tree is
    broken without anybody having written the same.
    """

    ordinal: int
    message: str
    keys: tuple[str, ...] = ()
    version: int | None = None
    author: str = ""
    change_set_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Edits with who made them, why, and on which version.

    `inverse` and `applied_version` are set when it has been applied; `reverts` is the id of the change set
    that this one takes back; `model_revision` says which model the machine used; `rest_of` is the id of the
    change set whose other edits went in, and `conflicts` why these did not.
    """

    id: str
    taxonomy: str
    edits: tuple[Edit, ...]
    author: str
    source: Source = Source.PERSON
    reason: str = ""
    base_version: int = 0
    state: State = State.PROPOSED
    inverse: tuple[Edit, ...] = ()
    applied_version: int | None = None
    reverts: str | None = None
    model_revision: str = ""
    created_at: datetime | None = None
    decided_by: str = ""
    rest_of: str | None = None
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """A tree one version on, and the edits that lead back."""

    tree: Tree
    inverse: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """Which edits a newer tree takes, in their order, and why it does not take the others."""

    edits: tuple[Edit, ...]
    rest: tuple[Edit, ...]
    conflicts: tuple[Conflict, ...]


def apply(
    tree: Tree, edits: Sequence[Edit], source: Source = Source.PERSON, *, earlier: Tree | None = None
) -> Applied:
    """All of the edits on one draft, or an error and nothing.

    Parameters
    ----------
    earlier : Tree, optional
        Siblings that share a name there may share it again: what an import brought can be taken back to.

    Examples
    --------
    >>> from taxonomy.edits import Rename
    >>> tree = Tree.from_paths([("Garden", "Tools")])
    >>> garden = tree.find(("Garden",))
    >>> done = apply(tree, [Rename(garden, "Outdoor")])
    >>> done.tree.version, apply(done.tree, done.inverse).tree.digest() == tree.digest()
    (1, True)

    Raises
    ------
    EditError
        An edit breaks a rule, or a machine unlocks a node.
    UnknownId
        An edit names a node that is not live.
    """
    if not edits:
        raise EditError("there is nothing to apply: the change set has no edits")
    draft, inverse = Draft(tree), list[Edit]()
    for edit in edits:
        inverse[:0] = _step(draft, edit, source)
    _require_families(draft, source, earlier)
    return Applied(draft.tree(version=tree.version + 1), tuple(inverse))


def merge(
    tree: Tree,
    edits: Sequence[Edit],
    written: Iterable[Written],
    source: Source = Source.PERSON,
    *,
    earlier: Tree | None = None,
    refused: Collection[int] = (),
) -> Merged:
    """Tell edits that were made on an older version apart: those that this tree takes, and the others.

    An edit is not taken when somebody wrote since what it writes or needs, when it rests on one that is not
    taken, or when it would break a rule of the tree as it is now. Of edits that would together give two
    siblings one name, the last is not taken.

    Parameters
    ----------
    written : iterable of Written
        What was applied since the version that the edits were made on, oldest first.
    earlier : Tree, optional
        As for `apply`.
    refused : collection of int
        Edits, by their places from 1, that a person does not want: they are not taken.

    Examples
    --------
    >>> from taxonomy.edits import Move, Rename
    >>> tree = Tree.from_paths([("Garden", "Tools"), ("Kitchen",)])
    >>> tools, kitchen = tree.find(("Garden", "Tools")), tree.find(("Kitchen",))
    >>> since = [Written(tools, "name", 7, "Ann", "rename")]
    >>> found = merge(tree, [Rename(tools, "Spades"), Move(tools, kitchen)], since)
    >>> [edit.kind for edit in found.edits], found.conflicts[0].author
    (['move'], 'Ann')
    """
    later = _by_key(written, source)
    barred = dict.fromkeys(refused, "it was refused")
    found = _sift(tree, edits, later, lambda draft, ordinal, edit: barred.get(ordinal, ""))
    if not found.edits or _holds(tree, found.edits, source, earlier):
        return found
    # Which one is it? Each is tried.

    def objection(draft: Draft, ordinal: int, edit: Edit) -> str:
        return barred.get(ordinal) or _objection(draft, edit, source)

    while True:
        found = _sift(tree, edits, later, objection)
        namesakes = _namesakes(tree, found.edits, source, earlier)
        if not namesakes:
            return found
        barred |= {_blamed(tree, edits, found, one.node_ids): str(one) for one in namesakes}


def replay(tree: Tree, steps: Iterable[tuple[int, Edit]]) -> Tree:
    """The tree after edits that were applied once already, each with the version that it made.

    Sibling names are not looked at again: they held then, or an import was allowed to break them.
    """
    draft, version = Draft(tree), tree.version
    for version, edit in steps:  # noqa: B007 (the last version is the tree's)
        edit.apply(draft)
    return draft.tree(version=version)


def _sift(
    tree: Tree,
    edits: Sequence[Edit],
    later: dict[str, list[Written]],
    objection: Callable[[Draft, int, Edit], str],
) -> Merged:
    """Take what nobody overtook, what rests on nothing lost, and what there is no objection to."""
    draft, taken, conflicts = Draft(tree), list[Edit](), list[Conflict]()
    lost: dict[str, list[tuple[int, Touch]]] = {}
    for ordinal, edit in enumerate(edits, 1):
        conflict = _overtaken(ordinal, edit, later, tree) or _resting(ordinal, edit, lost)
        if conflict is None and (why := objection(draft, ordinal, edit)):
            conflict = Conflict(ordinal, why, edit.touches())
        if conflict is None:
            taken.append(edit)
            continue
        conflicts.append(conflict)
        for touch in edit.writes():
            lost.setdefault(touch[0], []).append((ordinal, touch))
    return Merged(tuple(taken), tuple(edits[one.ordinal - 1] for one in conflicts), tuple(conflicts))


def _holds(tree: Tree, edits: Sequence[Edit], source: Source, earlier: Tree | None) -> bool:
    try:
        apply(tree, edits, source, earlier=earlier)
    except InputError:
        return False
    return True


def _namesakes(tree: Tree, edits: Sequence[Edit], source: Source, earlier: Tree | None) -> list[RuleBroken]:
    """What is wrong with the names after all edits, at most once a family; two may swap theirs before."""
    draft = Draft(tree)
    for edit in edits:
        _step(draft, edit, source)
    return list(_wrong_families(draft, source, earlier))


def _blamed(tree: Tree, edits: Sequence[Edit], found: Merged, node_ids: Sequence[str]) -> int:
    """The last edit taken that wrote one of the namesakes, or the node above it; else the last of all."""
    lost = {one.ordinal for one in found.conflicts}
    near = {*node_ids, *(tree.nodes[NodeId(at)].parent_id for at in node_ids if at in tree.nodes)}
    taken = [(ordinal, edit) for ordinal, edit in enumerate(edits, 1) if ordinal not in lost]
    wrote = [ordinal for ordinal, edit in taken if near & {key for key, _ in edit.writes()}]
    return (wrote or [ordinal for ordinal, _ in taken])[-1]


def _objection(draft: Draft, edit: Edit, source: Source) -> str:
    """Take the edit; why it cannot be, else, and the draft stays as it was."""
    try:
        with draft.whole():
            _step(draft, edit, source)
    except InputError as error:
        return str(error)
    return ""


def _step(draft: Draft, edit: Edit, source: Source) -> tuple[Edit, ...]:
    if isinstance(edit, Lock) and source is not Source.PERSON:
        raise NodeLocked("only people lock and unlock nodes", edit.touches())
    if isinstance(edit, Unassign) and source is not Source.PERSON:
        raise EditError("only people let go of products that people placed")
    # Locks that a person's file brought into a tree from nothing hold nobody back: they are kept.
    is_from_nothing = source is Source.BUILD and not draft.base.nodes
    may_lock = is_from_nothing or source in (Source.PERSON, Source.IMPORT)
    if isinstance(edit, Create) and edit.node.locked and not may_lock:
        raise NodeLocked("only people lock and unlock nodes", edit.touches())
    return edit.apply(draft)


def _require_families(draft: Draft, source: Source, earlier: Tree | None) -> None:
    for error in _wrong_families(draft, source, earlier):
        raise error


def _wrong_families(draft: Draft, source: Source, earlier: Tree | None) -> Iterator[RuleBroken]:
    """What the rule of names has against each family that was changed; an import may break it."""
    if source is Source.IMPORT:
        return
    known = (draft.base,) if earlier is None else (draft.base, earlier)
    for parent_id in draft.changed_families():
        try:
            require_unique_children(draft, parent_id, known)
        except RuleBroken as error:
            yield error


def _by_key(written: Iterable[Written], source: Source) -> dict[str, list[Written]]:
    """What was written, by its key; where people placed products bars no machine: people win anyway."""
    found: dict[str, list[Written]] = {}
    for one in written:
        if source is Source.PERSON or not one.key.startswith("product:"):
            found.setdefault(one.key, []).append(one)
    return found


def _overtaken(ordinal: int, edit: Edit, later: dict[str, list[Written]], tree: Tree) -> Conflict | None:
    """What somebody wrote since that does not go with the edit; the latest of it is named."""
    if not later:
        return None
    keys = dict.fromkeys((*(key for key, _ in edit.writes()), *edit.needs()))
    near = [one for key in keys for one in later.get(key, ())]
    clashing = clash(edit, ((one.key, one.aspect) for one in near))
    if not clashing:
        return None
    first = max(
        (one for one in near if clash(edit, [(one.key, one.aspect)])), key=lambda one: (one.version, one.key)
    )
    name = tree.label(NodeId(first.key)) if first.key in tree.nodes else first.key
    why = f" ({first.reason})" if first.reason else ""
    message = (
        f"{first.author or 'somebody'} changed {name!r} in the meantime: {first.kind.replace('_', ' ')} in "
        f"version {first.version}{why}; look at it again and repeat your edit"
    )
    return Conflict(ordinal, message, tuple(clashing), first.version, first.author, first.change_set_id)


def _resting(ordinal: int, edit: Edit, lost: dict[str, list[tuple[int, Touch]]]) -> Conflict | None:
    """Whether the edit rests on an earlier one of its change set that was not taken."""
    if not lost:
        return None
    keys = dict.fromkeys((*(key for key, _ in edit.writes()), *edit.needs()))
    near = sorted((earlier, touch) for key in keys for earlier, touch in lost.get(key, ()))
    for earlier, touch in near:
        if clashing := clash(edit, [touch]):
            return Conflict(ordinal, f"it rests on edit {earlier}, which conflicts", tuple(clashing))
    return None
