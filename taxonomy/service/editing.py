"""Draft, propose, approve, apply, reject and revert change sets: the one door to a tree."""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from taxonomy.changes import OPEN, Applied, ChangeSet, State, Written, apply, merge
from taxonomy.codec import edit_to_json
from taxonomy.edits import Assign, Edit, Split, Unassign
from taxonomy.errors import EditError, InputError, StaleEdit
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import AuditRow, UnitOfWork, Version
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.service import history
from taxonomy.tree import Tree
from taxonomy.values import to_json

__all__ = [
    "Outcome",
    "accept",
    "amend",
    "approve",
    "comment",
    "draft",
    "edit",
    "propose",
    "reject",
    "revert",
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
    applied = _apply(uow, change, author, head, partial(uow.changes.add, key=key, body=body))
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
) -> ChangeSet:
    """Keep edits for a person to accept or reject, after trying them on the head.

    `base_version` and `key` as for `edit`.

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
    uow.commit()
    return change


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
        outcome = Outcome(_apply(uow, replace(change, decided_by=author), author, head, uow.changes.update))
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
        applied = _apply(uow, taken, author, head, uow.changes.update)
        conflicts = tuple(replace(one, ordinal=at) for at, one in enumerate(found.conflicts, 1))
        rest = replace(
            change,
            id=uuid.uuid4().hex,
            edits=found.rest,
            state=State.CONFLICTED,
            conflicts=conflicts,
            base_version=applied.applied_version or 0,
            rest_of=change.id,
            created_at=_now(),
        )
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
    applied = _apply(uow, back, author, head, keep, earlier=earlier)
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
        created_at=_now(),
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


def _apply(
    uow: UnitOfWork,
    change: ChangeSet,
    author: str,
    head: Tree,
    keep: Callable[[ChangeSet], None],
    *,
    earlier: Tree | None = None,
) -> ChangeSet:
    """Apply on the locked head, write all that follows, keep the change set as applied, and record it."""
    applied = apply(head, change.edits, change.source, earlier=earlier)
    back = (*applied.inverse, *_placements(uow, change, head))  # once the nodes of the head are there again
    _assign(uow, change, applied.tree.version, author)
    uow.trees.save(change.taxonomy, head, applied.tree)
    done = replace(change, state=State.APPLIED, inverse=back, applied_version=applied.tree.version)
    keep(done)
    _record(uow, done, head, applied, author)
    return done


def _record(uow: UnitOfWork, change: ChangeSet, before: Tree, applied: Applied, author: str) -> None:
    now, number = _now(), applied.tree.version
    rows = (
        AuditRow(
            version=number,
            change_set_id=change.id,
            ordinal=ordinal,
            kind=one.kind,
            edit=edit_to_json(one),
            before={at: _seen_at(before, at) for at in one.touches()},
            after={at: _held(applied.tree, at) for at in one.touches()},
            author=author,
            at=now,
        )
        for ordinal, one in enumerate(change.edits)
    )
    version = Version(number, change.id, applied.tree.digest(), author, now)
    uow.changes.record(change.taxonomy, version, rows, _touches(change, number))


def _touches(change: ChangeSet, number: int) -> Iterable[Written]:
    """What each edit wrote. Products that a machine placed are left out: people win over those anyway."""
    for ordinal, one in enumerate(change.edits):
        for key, aspect in one.writes():
            if change.source is Source.PERSON or not key.startswith("product:"):
                yield Written(key, aspect, number, ordinal=ordinal)


def _assign(uow: UnitOfWork, change: ChangeSet, version: int, author: str) -> None:
    """Write where products stand now."""
    for one in _assigns(change.edits):
        shop, tree = one.catalog, change.taxonomy
        if isinstance(one, Unassign):
            uow.assignments.unplace(shop, tree, one.product_ids)
        elif change.source is Source.PERSON:
            uow.assignments.place(shop, tree, one.node_id, one.product_ids, author=author)
        else:
            uow.assignments.write(shop, tree, _estimates(one, change, version))


def _assigns(edits: Iterable[Edit]) -> Iterator[Assign | Unassign]:
    """What the edits do to products; a split assigns those that are named for a part."""
    for one in edits:
        if isinstance(one, Assign | Unassign):
            yield one
        elif isinstance(one, Split):
            named = (part for part in one.parts if part.product_ids)
            yield from (Assign(one.catalog, part.node_id, part.product_ids) for part in named)


def _estimates(one: Assign, change: ChangeSet, version: int) -> Iterator[Assignment]:
    probabilities = one.probabilities or (1.0,) * len(one.product_ids)
    for product, p in zip(one.product_ids, probabilities, strict=True):
        yield Assignment(product, one.node_id, p, change.source, change.model_revision, version)


def _placements(uow: UnitOfWork, change: ChangeSet, head: Tree) -> Iterator[Edit]:
    """The edits that put people's placements back to what they are before the change.

    What a machine said before is not worth going back to: its nodes are redirected.
    """
    if change.source is not Source.PERSON:
        return
    concerned: dict[str, dict[ProductId, None]] = defaultdict(dict)
    for one in _assigns(change.edits):
        concerned[one.catalog.lower()].update(dict.fromkeys(one.product_ids))
    for catalog, products in concerned.items():
        by_node: dict[NodeId, list[ProductId]] = defaultdict(list)
        placed = uow.assignments.placed(catalog, change.taxonomy, list(products))
        for product_id, node_id in placed.items():
            by_node[head.resolve(node_id)].append(product_id)
        by_node.pop(ROOT_ID, None)  # their node went with nobody to follow it: that is no placement any more
        held = {product_id for ids in by_node.values() for product_id in ids}
        if free := tuple(at for at in products if at not in held):
            yield Unassign(catalog, free)
        yield from (Assign(catalog, node_id, tuple(ids)) for node_id, ids in by_node.items())


def _held(tree: Tree, node_id: NodeId) -> dict[str, object] | None:
    node = tree.nodes.get(node_id)
    return None if node is None else to_json(node)


def _seen_at(tree: Tree, node_id: NodeId) -> dict[str, object] | None:
    """The node with its path: where an id was when it retired is then one row away, for ever."""
    held = _held(tree, node_id)
    return None if held is None else {**held, "path": list(tree.path(node_id))}


def _now() -> datetime:
    return datetime.now(UTC)
