"""Draft, propose, approve, apply, reject and revert change sets: the one door to a tree."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from taxonomy.changes import OPEN, ChangeSet, Merged, State, Written, apply, merge
from taxonomy.codec import edit_to_json
from taxonomy.edits import Edit
from taxonomy.errors import EditError, InputError, StaleEdit
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Source
from taxonomy.proposal import Report, deciding
from taxonomy.service import history
from taxonomy.service.applying import apply_to_head, now
from taxonomy.tree import Tree

__all__ = [
    "Outcome",
    "accept",
    "amend",
    "approve",
    "comment",
    "draft",
    "edit",
    "propose",
    "refuse",
    "reject",
    "revert",
    "revise",
    "submit",
    "written_since",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change set on a newer tree.

    `applied` holds the edits that went in (None: none could), `rest` the others, in state conflicted.
    """

    applied: ChangeSet | None
    rest: ChangeSet | None = None


def edit(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    author: str,
    source: Source = Source.PERSON,
    reason: str = "",
    base_version: int | None = None,
    model_revision: str = "",
    key: str = "",
) -> ChangeSet:
    """Apply edits at once and commit.

    Parameters
    ----------
    base_version : int, optional
        The version that the editor saw; the head when not given. On a newer head, edits that write nothing
        that was written since go in all the same.
    key : str, optional
        Chosen by whoever may have to repeat the request: repeated with the same key, it has one effect.

    Raises
    ------
    EditError
        An edit breaks a rule, or the key was used for something else; nothing was changed.
    StaleEdit
        Somebody wrote, since `base_version`, what an edit writes or needs; the message says who and what.
    UnknownId
        The taxonomy, a node or a product does not exist.
    """
    body = _body("edit", edits, author, source, reason, base_version)
    head = uow.trees.lock(taxonomy)
    if (before := _repeated(uow, taxonomy, key, body)) is not None:
        return before
    base = _seen(head, base_version)
    change = _made(taxonomy, edits, author, source, reason, base, model_revision, State.PROPOSED)
    _require_current(uow, head, change)
    applied = apply_to_head(uow, change, author, head, partial(uow.changes.add, key=key, body=body))
    uow.commit()
    return applied


def draft(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    author: str,
    reason: str = "",
    base_version: int | None = None,
    key: str = "",
) -> ChangeSet:
    """Keep edits that are not finished, and commit; they may break rules until they are submitted.

    `base_version` and `key` as for `edit`.
    """
    body = _body("draft", edits, author, Source.PERSON, reason, base_version)
    head = uow.trees.lock(taxonomy) if key else uow.trees.head(taxonomy)
    if (before := _repeated(uow, taxonomy, key, body)) is not None:
        return before
    base = _seen(head, base_version)
    change = _made(taxonomy, edits, author, Source.PERSON, reason, base, "", State.DRAFT)
    uow.changes.add(change, key=key, body=body)
    uow.commit()
    return change


def amend(uow: UnitOfWork, change_id: str, edits: Sequence[Edit], *, reason: str | None = None) -> ChangeSet:
    """Give a draft, or what a newer tree did not take, other edits, and commit."""
    change = _in_state(uow, change_id, (State.DRAFT, State.CONFLICTED), "amend")
    said = change.reason if reason is None else reason
    return _kept(uow, replace(change, edits=tuple(edits), reason=said, conflicts=()))


def submit(uow: UnitOfWork, change_id: str) -> ChangeSet:
    """Propose a draft, or what a newer tree did not take, on the head as it is now, and commit.

    Where somebody wrote the same since, the change set comes back conflicted, with each conflict named; who
    submits it again has seen them, and means it.

    Raises
    ------
    EditError
        An edit breaks a rule.
    """
    change = _in_state(uow, change_id, (State.DRAFT, State.CONFLICTED), "submit")
    head = uow.trees.head(change.taxonomy)
    now = replace(change, base_version=head.version)
    if change.base_version < head.version:
        found = merge(head, change.edits, written_since(uow, change), change.source)
        if found.conflicts:
            return _kept(uow, replace(now, state=State.CONFLICTED, conflicts=found.conflicts))
    apply(head, change.edits, change.source)
    return _kept(uow, replace(now, state=State.PROPOSED, conflicts=()))


def propose(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    author: str,
    source: Source,
    reason: str = "",
    base_version: int | None = None,
    model_revision: str = "",
    key: str = "",
    report: Report | None = None,
) -> ChangeSet:
    """Keep edits for a person to accept or reject, after trying them on the head.

    `base_version` and `key` as for `edit`; `report` is what speaks for a tree that was built.

    Raises
    ------
    EditError
        An edit breaks a rule, or the key was used for something else.
    StaleEdit
        Somebody wrote, since `base_version`, what an edit writes or needs.
    """
    body = _body("propose", edits, author, source, reason, base_version)
    head = uow.trees.lock(taxonomy) if key else uow.trees.head(taxonomy)
    if (before := _repeated(uow, taxonomy, key, body)) is not None:
        return before
    base = _seen(head, base_version)
    change = _made(taxonomy, edits, author, source, reason, base, model_revision, State.PROPOSED)
    _require_current(uow, head, change)
    apply(head, change.edits, source)
    change = replace(change, base_version=head.version)  # nothing since then was in its way
    uow.changes.add(change, key=key, body=body)
    if report is not None:
        uow.changes.attach(change.id, report)
    uow.commit()
    return change


def revise(uow: UnitOfWork, change_id: str, more: Sequence[Edit]) -> ChangeSet:
    """Add a person's edits to what a machine proposes, after trying all on the head, and commit.

    Raises
    ------
    EditError
        An edit breaks a rule.
    InputError
        The change set is no proposal any more, or approved: somebody has agreed to it as it is.
    """
    change = _in_state(uow, change_id, (State.PROPOSED,), "revise")
    edits = (*change.edits, *more)
    apply(uow.trees.head(change.taxonomy), edits, change.source)
    return _kept(uow, replace(change, edits=edits))


def refuse(
    uow: UnitOfWork, change_id: str, node_id: NodeId, *, author: str, reason: str = ""
) -> tuple[ChangeSet, ChangeSet]:
    """Take out of a proposal what becomes of one category, and commit; the category stays as it is.

    A category that is new is not made then, one that is merged, split or retired is not, and no products come
    to one that stays. What rests on that goes out with it: what is left is one that the tree takes.

    Returns
    -------
    tuple of ChangeSet
        The proposal without it, and what was taken out, rejected, as a change set of its own; a reason is
        kept as a comment on that.

    Raises
    ------
    InputError
        Nothing in the proposal is about the category, or nothing else is; or the change set is no proposal
        any more, or approved: somebody has agreed to it as it is.
    """
    change = _in_state(uow, change_id, (State.PROPOSED,), "refuse a part of")
    refused = deciding(change.edits, node_id)
    if not refused:
        raise InputError(f"nothing becomes of category {node_id} in change set {change_id}: look at it again")
    head = uow.trees.head(change.taxonomy)
    apply(head, change.edits, change.source)  # else what does not fit any more would go out, too
    found = merge(head, change.edits, (), change.source, refused=refused)
    if not found.edits:
        raise InputError("nothing would be left of the proposal: reject it instead")
    out = replace(
        change,
        id=uuid.uuid4().hex,
        edits=found.rest,
        state=State.REJECTED,
        decided_by=author,
        rest_of=change.id,
        created_at=now(),
    )
    uow.changes.add(out)
    if reason:
        uow.changes.comment(out.id, author=author, text=reason)
    return _kept(uow, replace(change, edits=found.edits)), out


def approve(uow: UnitOfWork, change_id: str, *, author: str) -> ChangeSet:
    """Say that a proposal may be applied, and commit; somebody applies it later by `accept`."""
    change = _in_state(uow, change_id, (State.PROPOSED,), "approve")
    return _kept(uow, replace(change, state=State.APPROVED, decided_by=author))


def accept(uow: UnitOfWork, change_id: str, *, author: str) -> Outcome:
    """Apply a proposed or approved change set, and commit.

    On a newer head the edits that it takes go in, as one version; the others become a change set of their
    own, in state conflicted, with a reason for each. When none goes in, the change set itself is conflicted.

    Raises
    ------
    EditError
        On the head that the change set was made on, an edit breaks a rule; the proposal stays as it is.
    """
    head = uow.trees.lock(uow.changes.get(change_id).taxonomy)  # first, as everywhere: no deadlock
    change = _in_state(uow, change_id, (State.PROPOSED, State.APPROVED), "accept")
    found = None
    if change.base_version < head.version:
        found = merge(head, change.edits, written_since(uow, change), change.source)
    if found is None or not found.conflicts:
        outcome = Outcome(
            apply_to_head(uow, replace(change, decided_by=author), author, head, uow.changes.update)
        )
    elif not found.edits:
        back = replace(
            change,
            state=State.CONFLICTED,
            conflicts=found.conflicts,
            base_version=head.version,
            decided_by=author,
        )
        uow.changes.update(back)
        outcome = Outcome(None, back)
    else:
        taken = replace(change, edits=found.edits, decided_by=author)
        applied = apply_to_head(uow, taken, author, head, uow.changes.update)
        rest = _rest(change, found, applied.applied_version or 0)
        uow.changes.add(rest)
        outcome = Outcome(applied, rest)
    uow.commit()
    return outcome


def reject(uow: UnitOfWork, change_id: str, *, author: str = "", reason: str = "") -> ChangeSet:
    """Put an open change set away and commit; a reason is kept as a comment."""
    change = _in_state(uow, change_id, OPEN, "reject")
    if reason:
        uow.changes.comment(change_id, author=author, text=reason)
    return _kept(uow, replace(change, state=State.REJECTED, decided_by=author))


def comment(uow: UnitOfWork, change_id: str, *, author: str, text: str) -> None:
    """Say something about a change set, and commit; InputError for an empty text."""
    if not text.strip():
        raise InputError("an empty comment says nothing: write something")
    uow.changes.get(change_id)
    uow.changes.comment(change_id, author=author, text=text.strip())
    uow.commit()


def revert(uow: UnitOfWork, change_id: str, *, author: str, key: str = "") -> ChangeSet:
    """Take an applied change set back by a new one, and commit; `key` as for `edit`.

    Raises
    ------
    StaleEdit
        Later changes wrote the same; the message names each, so that they can be taken back first.
    """
    body = _body("revert", (), author, Source.PERSON, change_id, None)
    change = uow.changes.get(change_id)
    head = uow.trees.lock(change.taxonomy)
    if (before := _repeated(uow, change.taxonomy, key, body)) is not None:
        return before
    change = _in_state(uow, change_id, (State.APPLIED,), "take back")
    if not change.inverse:
        raise InputError(f"change set {change_id} holds a machine's estimates alone: have it estimate again")
    back = replace(
        _made(change.taxonomy, change.inverse, author, Source.PERSON, "", 0, "", State.PROPOSED),
        reason=f"takes back: {change.reason or change.id}",
        base_version=change.applied_version or 0,
        reverts=change.id,
    )
    since, earlier = written_since(uow, back), None
    found = merge(head, back.edits, since)
    if any(one.version is None for one in found.conflicts):  # a rule: maybe an import had broken it before
        earlier = history.at(uow, change.taxonomy, back.base_version - 1)
        found = merge(head, back.edits, since, earlier=earlier)
    if found.conflicts:
        reasons = dict.fromkeys(one.message for one in found.conflicts)
        keys = [key for one in found.conflicts for key in one.keys]
        raise StaleEdit("it cannot be taken back alone: " + "; ".join(reasons), keys)
    keep = partial(uow.changes.add, key=key, body=body)
    applied = apply_to_head(uow, back, author, head, keep, earlier=earlier)
    uow.assignments.put_back(change)
    uow.changes.update(replace(change, state=State.REVERTED))
    uow.commit()
    return applied


def _made(
    taxonomy: str,
    edits: Sequence[Edit],
    author: str,
    source: Source,
    reason: str,
    base_version: int,
    model_revision: str,
    state: State,
) -> ChangeSet:
    return ChangeSet(
        id=uuid.uuid4().hex,
        taxonomy=taxonomy,
        edits=tuple(edits),
        author=author,
        source=source,
        reason=reason,
        base_version=base_version,
        state=state,
        model_revision=model_revision,
        created_at=now(),
    )


def _rest(change: ChangeSet, found: Merged, base_version: int) -> ChangeSet:
    """The edits that a newer head did not take, as a change set of their own."""
    return replace(
        change,
        id=uuid.uuid4().hex,
        edits=found.rest,
        state=State.CONFLICTED,
        conflicts=tuple(replace(one, ordinal=at) for at, one in enumerate(found.conflicts, 1)),
        base_version=base_version,
        rest_of=change.id,
        created_at=now(),
    )


def _seen(head: Tree, base_version: int | None) -> int:
    if base_version is None:
        return head.version
    if not 0 <= base_version <= head.version:
        raise EditError(f"there is no version {base_version} to edit: the tree is at version {head.version}")
    return base_version


def _body(
    verb: str, edits: Sequence[Edit], author: str, source: Source, reason: str, base_version: int | None
) -> str:
    """Identifies a request, so that the same key cannot stand for two."""
    parts = [verb, [edit_to_json(one) for one in edits], author, source, reason, base_version]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _repeated(uow: UnitOfWork, taxonomy: str, key: str, body: str) -> ChangeSet | None:
    """The change set that the same request made before."""
    found = uow.changes.by_key(taxonomy, key) if key else None
    if found is None:
        return None
    if found[1] != body:
        raise EditError(f"the key {key!r} was used for another request: take a fresh key for each")
    return found[0]


def _in_state(uow: UnitOfWork, change_id: str, states: Sequence[State], verb: str) -> ChangeSet:
    change = uow.changes.lock(change_id)
    if change.state not in states:
        wanted = " or ".join(states)
        raise InputError(f"cannot {verb} change set {change_id}: it is {change.state}, not {wanted}")
    return change


def _kept(uow: UnitOfWork, change: ChangeSet) -> ChangeSet:
    uow.changes.update(change)
    uow.commit()
    return change


def _require_current(uow: UnitOfWork, head: Tree, change: ChangeSet) -> None:
    """Nobody wrote, since the change set's base, what it writes or needs."""
    if change.base_version < head.version:
        found = merge(head, change.edits, written_since(uow, change), change.source)
        if found.conflicts:
            first = found.conflicts[0]
            raise StaleEdit(first.message, first.keys)


def written_since(uow: UnitOfWork, change: ChangeSet) -> list[Written]:
    """What was written, since the change set's base, at any key that it writes or needs; oldest first."""
    keys = {key for one in change.edits for key, _ in one.writes()}
    keys |= {at for one in change.edits for at in one.needs()}
    return uow.changes.written(change.taxonomy, keys, since=change.base_version)
