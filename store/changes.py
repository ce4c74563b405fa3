"""Change sets and the append-only audit log."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from store.names import taxonomy_id
from store.tables import audit, change_sets, taxonomies
from store.transaction import Transaction
from taxonomy.changes import ChangeSet, State
from taxonomy.codec import edit_from_json, edit_to_json
from taxonomy.errors import InputError, StoreError, UnknownId
from taxonomy.ports import AuditRow
from taxonomy.product import Source

__all__ = ["PostgresChanges"]


class PostgresChanges:
    """`taxonomy.ports.ChangeRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, change: ChangeSet) -> None:
        """Keep a new change set, in whatever state it is."""
        self._transaction.run(
            insert(change_sets).values(
                id=change.id,
                taxonomy_id=taxonomy_id(self._transaction, change.taxonomy),
                state=change.state,
                author=change.author,
                source=change.source,
                reason=change.reason,
                base_version=change.base_version,
                applied_version=change.applied_version,
                reverts=change.reverts,
                model_revision=change.model_revision,
                created_at=func.now() if change.created_at is None else change.created_at,
                edits=[edit_to_json(edit) for edit in change.edits],
                inverse=[edit_to_json(edit) for edit in change.inverse],
            )
        )

    def get(self, change_id: str) -> ChangeSet:
        """By id; UnknownId if it was never added."""
        found = self._transaction.run(_stored().where(change_sets.c.id == change_id)).one_or_none()
        if found is None:
            raise UnknownId("change set", change_id, _HINT)
        return _change(found)

    def update(self, change: ChangeSet) -> None:
        """Store state, inverse and applied version; edits and authorship never change."""
        step = update(change_sets).where(change_sets.c.id == change.id)
        done = self._transaction.run(
            step.values(
                state=change.state,
                applied_version=change.applied_version,
                inverse=[edit_to_json(edit) for edit in change.inverse],
            )
        )
        if done.rowcount == 0:
            raise UnknownId("change set", change.id, _HINT)

    def log(self, taxonomy: str, *, state: State | None = None, limit: int = 50) -> list[ChangeSet]:
        """Newest first."""
        wanted = _stored().where(change_sets.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
        if state is not None:
            wanted = wanted.where(change_sets.c.state == state)
        newest = wanted.order_by(change_sets.c.ordinal.desc()).limit(limit)
        return [_change(row) for row in self._transaction.run(newest)]

    def since(self, taxonomy: str, version: int) -> list[ChangeSet]:
        """Applied (or since reverted) change sets above a version, oldest first."""
        later = _stored().where(
            change_sets.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy),
            change_sets.c.applied_version > version,
            change_sets.c.state.in_([State.APPLIED, State.REVERTED]),
        )
        rows = self._transaction.run(later.order_by(change_sets.c.applied_version))
        return [_change(row) for row in rows]

    def append_audit(self, taxonomy: str, rows: Iterable[AuditRow]) -> None:
        """Add rows; nobody can change or delete them."""
        number = taxonomy_id(self._transaction, taxonomy)
        columns = [audit.c[name] for name in ("taxonomy_id", *_AUDIT_FIELDS)]
        self._transaction.copy(audit.name, columns, ((number, *_audit_values(row)) for row in rows))

    def audit(self, taxonomy: str, *, limit: int = 100) -> list[AuditRow]:
        """Newest first."""
        found = (
            select(*(audit.c[name] for name in _AUDIT_FIELDS))
            .where(audit.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
            .order_by(audit.c.version.desc(), audit.c.ordinal.desc())
            .limit(limit)
        )
        return [AuditRow(*row) for row in self._transaction.run(found)]


_HINT = "list the log of its taxonomy to see those that exist"
_AUDIT_FIELDS = tuple(AuditRow.__dataclass_fields__)


def _audit_values(row: AuditRow) -> list[object]:
    edit, before, after = (json.dumps(dict(part)) for part in (row.edit, row.before, row.after))
    identity = (row.version, row.change_set_id, row.ordinal, row.kind)
    return [*identity, edit, before, after, row.author, row.at]


def _stored() -> Select[Any]:
    return select(change_sets, taxonomies.c.name.label("taxonomy")).join(taxonomies)


def _change(row: Row[Any]) -> ChangeSet:
    try:
        edits, inverse = (tuple(edit_from_json(edit) for edit in part) for part in (row.edits, row.inverse))
    except InputError as error:
        raise StoreError(
            f"change set {row.id} was written by another version of Shelftree: {error}"
        ) from error
    return ChangeSet(
        id=row.id,
        taxonomy=row.taxonomy,
        edits=edits,
        author=row.author,
        source=Source(row.source),
        reason=row.reason,
        base_version=row.base_version,
        state=State(row.state),
        inverse=inverse,
        applied_version=row.applied_version,
        reverts=row.reverts,
        model_revision=row.model_revision,
        created_at=row.created_at,
    )
