"""Change sets, what was said about them, and the append-only history of each tree."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row, Select, exists, func, insert, select, update

from store.names import taxonomy_id
from store.tables import audit, change_sets, comments, reports, taxonomies, touches, versions
from store.transaction import Transaction, among
from taxonomy.changes import ChangeSet, Conflict, State, Written
from taxonomy.codec import edit_from_json, edit_to_json
from taxonomy.errors import InputError, StoreError, UnknownId
from taxonomy.product import Source
from taxonomy.proposal import Report
from taxonomy.records import AuditRow, Comment, Version
from taxonomy.values import from_json, to_json

__all__ = ["PostgresChanges"]

_STEPS = 2000  # edits fetched at a time: some megabytes


class PostgresChanges:
    """`taxonomy.ports.ChangeRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, change: ChangeSet, *, key: str = "", body: str = "") -> None:
        """Keep a new change set, in whatever state it is; `key` and `body` identify the request."""
        self._transaction.run(
            insert(change_sets).values(
                id=change.id,
                taxonomy_id=taxonomy_id(self._transaction, change.taxonomy),
                author=change.author,
                source=change.source,
                reverts=change.reverts,
                model_revision=change.model_revision,
                rest_of=change.rest_of,
                created_at=func.now() if change.created_at is None else change.created_at,
                request_key=key or None,
                request_body=body,
                **_changing(change),
            )
        )

    def by_key(self, taxonomy: str, key: str) -> tuple[ChangeSet, str] | None:
        """The change set that was added with this key, and its body; None if none was."""
        mine = change_sets.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy)
        row = self._transaction.run(_stored().where(mine, change_sets.c.request_key == key)).one_or_none()
        return None if row is None else (_change(row), row.request_body)

    def get(self, change_id: str) -> ChangeSet:
        """By id; UnknownId if it was never added."""
        return self._one(change_id, _stored())

    def lock(self, change_id: str) -> ChangeSet:
        """By id, held against all others who would decide on it until the unit of work ends."""
        return self._one(change_id, _stored().with_for_update(of=change_sets, key_share=True))

    def update(self, change: ChangeSet) -> None:
        """Store everything but taxonomy, author, source and date, which never change."""
        step = update(change_sets).where(change_sets.c.id == change.id)
        if self._transaction.run(step.values(**_changing(change))).rowcount == 0:
            raise UnknownId("change set", change.id, _HINT)

    def log(self, taxonomy: str, *, state: State | None = None, limit: int = 50) -> list[ChangeSet]:
        """Newest first."""
        wanted = _stored().where(change_sets.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
        if state is not None:
            wanted = wanted.where(change_sets.c.state == state)
        newest = wanted.order_by(change_sets.c.ordinal.desc()).limit(limit)
        return [_change(row) for row in self._transaction.run(newest)]

    def comment(self, change_id: str, *, author: str, text: str) -> None:
        """Say something about a change set; nobody can change or delete it."""
        self._transaction.run(insert(comments).values(change_set_id=change_id, author=author, text=text))

    def comments(self, change_id: str) -> list[Comment]:
        """Oldest first."""
        found = select(comments.c.author, comments.c.text, comments.c.at)
        mine = found.where(comments.c.change_set_id == change_id).order_by(comments.c.id)
        return [Comment(*row) for row in self._transaction.run(mine)]

    def attach(self, change_id: str, report: Report) -> None:
        """Keep what speaks for a proposed tree with its change set; nobody can change or delete it."""
        self._transaction.run(insert(reports).values(change_set_id=change_id, body=to_json(report)))

    def report(self, change_id: str) -> Report | None:
        """What was attached to a change set; None if nothing was."""
        wanted = select(reports.c.body).where(reports.c.change_set_id == change_id)
        body = self._transaction.run(wanted).scalar_one_or_none()
        return None if body is None else _report(change_id, body)

    def record(
        self, taxonomy: str, version: Version, rows: Iterable[AuditRow], written: Iterable[Written]
    ) -> None:
        """Add a version, its edits and what they wrote; nobody can change or delete them."""
        number = taxonomy_id(self._transaction, taxonomy)
        step = {name: getattr(version, name) for name in _VERSION_FIELDS}
        self._transaction.run(insert(versions).values(taxonomy_id=number, **step))
        columns = [audit.c[name] for name in ("taxonomy_id", *_AUDIT_FIELDS)]
        self._transaction.copy(audit.name, columns, ((number, *_audit_values(row)) for row in rows))
        keys = {(number, one.key, one.version, one.aspect, one.ordinal) for one in written}
        self._transaction.copy(touches.name, list(touches.c), sorted(keys))

    def written(self, taxonomy: str, keys: Iterable[str], *, since: int) -> list[Written]:
        """What was written at these keys above a version, oldest first."""
        found = (
            select(
                touches.c.key,
                touches.c.aspect,
                touches.c.version,
                audit.c.author,
                audit.c.kind,
                audit.c.change_set_id,
                change_sets.c.reason,
                touches.c.ordinal,
            )
            .join(audit, _same_edit())
            .join(change_sets, change_sets.c.id == audit.c.change_set_id)
            .where(
                touches.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy),
                touches.c.version > since,
                among(touches.c.key, keys),
            )
            .order_by(touches.c.version, touches.c.ordinal, touches.c.key)
        )
        return [Written(*row) for row in self._transaction.run(found)]

    def audit(
        self, taxonomy: str, *, limit: int = 100, before: int | None = None, key: str = ""
    ) -> list[AuditRow]:
        """Edits below a version (all), of everything or those that wrote at a key; newest first."""
        found = self._edits(taxonomy).order_by(audit.c.version.desc(), audit.c.ordinal.desc()).limit(limit)
        if before is not None:
            found = found.where(audit.c.version < before)
        if key:
            found = found.where(exists().where(_same_edit(), touches.c.key == key))
        return [AuditRow(*row) for row in self._transaction.run(found)]

    def steps(self, taxonomy: str, *, after: int = 0, until: int | None = None) -> Iterator[AuditRow]:
        """Edits of the versions above `after` up to `until`, oldest first, streamed."""
        found = self._edits(taxonomy).where(audit.c.version > after)
        if until is not None:
            found = found.where(audit.c.version <= until)
        ordered = found.order_by(audit.c.version, audit.c.ordinal)
        rows = self._transaction.run(ordered.execution_options(yield_per=_STEPS))
        return (AuditRow(*row) for row in rows)

    def versions(self, taxonomy: str, *, limit: int = 100, before: int | None = None) -> list[Version]:
        """Versions below a number (all), newest first."""
        found = select(*(versions.c[name] for name in _VERSION_FIELDS))
        found = found.where(versions.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
        if before is not None:
            found = found.where(versions.c.number < before)
        rows = self._transaction.run(found.order_by(versions.c.number.desc()).limit(limit))
        return [Version(*row) for row in rows]

    def _one(self, change_id: str, statement: Select[Any]) -> ChangeSet:
        found = self._transaction.run(statement.where(change_sets.c.id == change_id)).one_or_none()
        if found is None:
            raise UnknownId("change set", change_id, _HINT)
        return _change(found)

    def _edits(self, taxonomy: str) -> Select[Any]:
        found = select(*(audit.c[name] for name in _AUDIT_FIELDS))
        return found.where(audit.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))


_HINT = "`shelftree taxonomy log --name NAME` lists those that exist"
_AUDIT_FIELDS = tuple(AuditRow.__dataclass_fields__)
_VERSION_FIELDS = tuple(Version.__dataclass_fields__)


def _changing(change: ChangeSet) -> dict[str, Any]:
    """The columns of a change set that may change."""
    return {
        "state": change.state,
        "reason": change.reason,
        "base_version": change.base_version,
        "applied_version": change.applied_version,
        "decided_by": change.decided_by,
        "edits": [edit_to_json(edit) for edit in change.edits],
        "inverse": [edit_to_json(edit) for edit in change.inverse],
        "conflicts": to_json(change.conflicts),
    }


def _same_edit() -> Any:
    return (
        (touches.c.taxonomy_id == audit.c.taxonomy_id)
        & (touches.c.version == audit.c.version)
        & (touches.c.ordinal == audit.c.ordinal)
    )


def _audit_values(row: AuditRow) -> list[object]:
    edit, before, after = (json.dumps(dict(part)) for part in (row.edit, row.before, row.after))
    identity = (row.version, row.change_set_id, row.ordinal, row.kind)
    return [*identity, edit, before, after, row.author, row.at]


def _stored() -> Select[Any]:
    return select(change_sets, taxonomies.c.name.label("taxonomy")).join(taxonomies)


def _report(change_id: str, body: object) -> Report:
    try:
        return from_json(Report, body)
    except InputError as error:
        raise StoreError(f"the report of {change_id} is of another version of Shelftree: {error}") from error


def _change(row: Row[Any]) -> ChangeSet:
    try:
        edits, inverse = (tuple(edit_from_json(edit) for edit in part) for part in (row.edits, row.inverse))
        conflicts = tuple(from_json(Conflict, one) for one in row.conflicts)
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
        decided_by=row.decided_by,
        rest_of=row.rest_of,
        conflicts=conflicts,
    )
