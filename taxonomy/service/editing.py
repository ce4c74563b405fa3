"""Propose, apply, reject and revert change sets: the one door through which a tree changes."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from taxonomy.changes import Applied, ChangeSet, State, apply
from taxonomy.codec import edit_to_json
from taxonomy.edits import Assign, Edit, Split, Unassign
from taxonomy.errors import InputError, StaleEdit
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import AuditRow, UnitOfWork
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.tree import Tree

__all__ = ["accept", "edit", "propose", "reject", "revert"]


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
) -> ChangeSet:
    """Apply edits at once and commit.

    Parameters
    ----------
    base_version : int, optional
        The version that the editor saw; the head when not given. On a newer head, edits that touch nothing
        that was changed since go in all the same.

    Raises
    ------
    EditError
        An edit breaks a rule; nothing was changed.
    StaleEdit
        Somebody changed, since `base_version`, a node that an edit touches; the message says who and what.
    UnknownId
        The taxonomy, a node or a product does not exist.
    """
    change = _drafted(uow, taxonomy, edits, author, source, reason, base_version, model_revision)
    uow.changes.add(change)
    applied = _apply(uow, change, author)
    uow.commit()
    return applied


def propose(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    author: str,
    source: Source,
    reason: str = "",
    model_revision: str = "",
) -> ChangeSet:
    """Keep edits for a person to accept or reject, after trying them on the head.

    Raises
    ------
    EditError
        An edit breaks a rule.
    """
    change = _drafted(uow, taxonomy, edits, author, source, reason, None, model_revision)
    apply(uow.trees.head(taxonomy), change.edits, source)
    uow.changes.add(change)
    uow.commit()
    return change


def accept(uow: UnitOfWork, change_id: str, *, author: str) -> ChangeSet:
    """Apply a proposed change set and commit; errors as for `edit`, and the proposal then stays as it is."""
    change = _in_state(uow, change_id, State.PROPOSED, "accept")
    applied = _apply(uow, change, author)
    uow.commit()
    return applied


def reject(uow: UnitOfWork, change_id: str) -> ChangeSet:
    """Put a proposed change set away and commit."""
    change = replace(_in_state(uow, change_id, State.PROPOSED, "reject"), state=State.REJECTED)
    uow.changes.update(change)
    uow.commit()
    return change


def revert(uow: UnitOfWork, change_id: str, *, author: str) -> ChangeSet:
    """Take an applied change set back by a new one, and commit.

    Raises
    ------
    StaleEdit
        A later change touched the same nodes; take that one back first.
    """
    change = _in_state(uow, change_id, State.APPLIED, "take back")
    back = ChangeSet(
        id=uuid.uuid4().hex,
        taxonomy=change.taxonomy,
        edits=change.inverse,
        author=author,
        source=Source.PERSON,
        reason=f"takes back: {change.reason or change.id}",
        base_version=change.applied_version or 0,
        reverts=change.id,
        created_at=_now(),
    )
    uow.changes.add(back)
    applied = _apply(uow, back, author)
    uow.changes.update(replace(change, state=State.REVERTED))
    uow.commit()
    return applied


def _drafted(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    author: str,
    source: Source,
    reason: str,
    base_version: int | None,
    model_revision: str,
) -> ChangeSet:
    base = uow.trees.head(taxonomy).version if base_version is None else base_version
    return ChangeSet(
        id=uuid.uuid4().hex,
        taxonomy=taxonomy,
        edits=tuple(edits),
        author=author,
        source=source,
        reason=reason,
        base_version=base,
        model_revision=model_revision,
        created_at=_now(),
    )


def _in_state(uow: UnitOfWork, change_id: str, state: State, verb: str) -> ChangeSet:
    change = uow.changes.get(change_id)
    if change.state is not state:
        raise InputError(f"cannot {verb} change set {change_id}: it is {change.state}, not {state}")
    return change


def _apply(uow: UnitOfWork, change: ChangeSet, author: str) -> ChangeSet:
    head = uow.trees.lock(change.taxonomy)
    _require_not_stale(uow, change, head)
    # A revert may put back what an import once brought, same-named siblings included.
    applied = apply(head, change.edits, Source.IMPORT if change.reverts else change.source)
    back = (*_assign(uow, change, applied.tree, author), *applied.inverse)
    uow.trees.save(change.taxonomy, head, applied.tree)
    uow.changes.append_audit(change.taxonomy, _audit(change, head, applied, author))
    done = replace(change, state=State.APPLIED, inverse=back, applied_version=applied.tree.version)
    uow.changes.update(done)
    return done


def _require_not_stale(uow: UnitOfWork, change: ChangeSet, head: Tree) -> None:
    if change.base_version == head.version:
        return
    touched = change.touches()
    for later in uow.changes.since(change.taxonomy, change.base_version):
        if shared := touched & later.touches():
            names = ", ".join(sorted(head.label(at) if at in head.nodes else at for at in shared)[:3])
            raise StaleEdit(
                f"{later.author} changed {names} in the meantime ({later.reason or later.edits[0].kind}, "
                f"version {later.applied_version}): look at it again and repeat your edit",
                sorted(shared),
            )


def _assign(uow: UnitOfWork, change: ChangeSet, tree: Tree, author: str) -> list[Edit]:
    """Write where products stand now; the edits that put them back."""
    back: list[Edit] = []
    for one in change.edits:
        if isinstance(one, Assign):
            back[:0] = _assign_one(uow, change, one, tree, author)
        elif isinstance(one, Unassign):
            back[:0] = _placements(uow, change.taxonomy, one.catalog, one.product_ids, tree)
            uow.assignments.unplace(one.catalog, change.taxonomy, one.product_ids)
        elif isinstance(one, Split):
            for part in one.parts:
                if part.product_ids:
                    assign = Assign(one.catalog, part.node_id, part.product_ids)
                    back[:0] = _assign_one(uow, change, assign, tree, author)
    return back


def _assign_one(uow: UnitOfWork, change: ChangeSet, one: Assign, tree: Tree, author: str) -> list[Edit]:
    if change.source is not Source.PERSON:
        probabilities = one.probabilities or (1.0,) * len(one.product_ids)
        uow.assignments.write(
            one.catalog,
            change.taxonomy,
            (
                Assignment(product, one.node_id, p, change.source, change.model_revision, tree.version)
                for product, p in zip(one.product_ids, probabilities, strict=True)
            ),
        )
        return []  # what a machine said before is not worth going back to: its nodes are redirected
    back = _placements(uow, change.taxonomy, one.catalog, one.product_ids, tree)
    uow.assignments.place(one.catalog, change.taxonomy, one.node_id, one.product_ids, author=author)
    return back


def _placements(
    uow: UnitOfWork, taxonomy: str, catalog: str, product_ids: Sequence[ProductId], tree: Tree
) -> list[Edit]:
    """The edits that put people's placements of these products back to what they are now."""
    by_node: dict[NodeId, list[ProductId]] = defaultdict(list)
    for product_id, node_id in uow.assignments.placed(catalog, taxonomy, product_ids).items():
        by_node[tree.resolve(node_id)].append(product_id)
    by_node.pop(ROOT_ID, None)  # their node went with nobody to follow it: that is no placement any more
    held = {product_id for ids in by_node.values() for product_id in ids}
    free = tuple(at for at in product_ids if at not in held)
    back: list[Edit] = [Unassign(catalog, free)] if free else []
    return back + [Assign(catalog, node_id, tuple(ids)) for node_id, ids in by_node.items()]


def _audit(change: ChangeSet, before: Tree, applied: Applied, author: str) -> list[AuditRow]:
    return [
        AuditRow(
            version=applied.tree.version,
            change_set_id=change.id,
            ordinal=ordinal,
            kind=one.kind,
            edit=edit_to_json(one),
            before=_snapshot(before, one),
            after=_snapshot(applied.tree, one),
            author=author,
            at=_now(),
        )
        for ordinal, one in enumerate(change.edits)
    ]


def _snapshot(tree: Tree, one: Edit) -> dict[str, object]:
    return {at: asdict(tree.nodes[at]) if at in tree.nodes else None for at in one.touches()}


def _now() -> datetime:
    return datetime.now(UTC)
