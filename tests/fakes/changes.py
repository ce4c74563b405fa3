"""Change sets, versions and the audit log, in memory."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from taxonomy.changes import ChangeSet, State, Written
from taxonomy.errors import StoreError
from taxonomy.proposal import Report
from taxonomy.records import (
    AuditRow,
    Comment,
    Version,
)
from tests.fakes.contents import Desk, known


class FakeChanges:
    """`ChangeRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def add(self, change: ChangeSet, *, key: str = "", body: str = "") -> None:
        self.desk.now.tree(change.taxonomy)
        if key:
            request = (change.taxonomy.lower(), key)
            if request in self.desk.now.requests:
                raise StoreError(f"the key {key} was used already")
            self.desk.now.requests[request] = (change.id, body)
        if change.id in self.desk.now.changes:
            raise StoreError(f"change set {change.id} is there already")
        at = change.created_at or datetime.now(UTC)
        self.desk.now.changes[change.id] = replace(change, taxonomy=change.taxonomy.lower(), created_at=at)

    def get(self, change_id: str) -> ChangeSet:
        return known(self.desk.now.changes, "change set", change_id)

    def lock(self, change_id: str) -> ChangeSet:
        return self.get(change_id)

    def by_key(self, taxonomy: str, key: str) -> tuple[ChangeSet, str] | None:
        self.desk.now.tree(taxonomy)
        found = self.desk.now.requests.get((taxonomy.lower(), key))
        return None if found is None else (self.get(found[0]), found[1])

    def update(self, change: ChangeSet) -> None:
        stored = self.get(change.id)
        self.desk.now.changes[change.id] = replace(
            change,
            taxonomy=stored.taxonomy,
            author=stored.author,
            source=stored.source,
            created_at=stored.created_at,
            model_revision=stored.model_revision,
            reverts=stored.reverts,
            rest_of=stored.rest_of,
        )

    def log(self, taxonomy: str, *, state: State | None = None, limit: int = 50) -> list[ChangeSet]:
        self.desk.now.tree(taxonomy)
        newest = reversed(list(self.desk.now.changes.values()))
        mine = (change for change in newest if change.taxonomy == taxonomy.lower())
        return [change for change in mine if state in (None, change.state)][:limit]

    def comment(self, change_id: str, *, author: str, text: str) -> None:
        said = self.desk.now.comments.get(change_id, ())
        self.desk.now.comments[change_id] = (*said, Comment(author, text, datetime.now(UTC)))

    def comments(self, change_id: str) -> list[Comment]:
        return list(self.desk.now.comments.get(change_id, ()))

    def attach(self, change_id: str, report: Report) -> None:
        if change_id in self.desk.now.reports:
            raise StoreError(f"change set {change_id} has a report already")
        self.get(change_id)
        self.desk.now.reports[change_id] = report

    def report(self, change_id: str) -> Report | None:
        return self.desk.now.reports.get(change_id)

    def record(
        self, taxonomy: str, version: Version, rows: Iterable[AuditRow], written: Iterable[Written]
    ) -> None:
        self.desk.now.tree(taxonomy)
        name = taxonomy.lower()
        there = self.desk.now.versions.get(name, ())
        if any(one.number == version.number for one in there):
            raise StoreError("this version was recorded already")
        self.desk.now.versions[name] = (*there, version)
        self.desk.now.audit[name] = self.desk.now.audit.get(name, ()) + tuple(map(_as_json, rows))
        self.desk.now.touches[name] = self.desk.now.touches.get(name, ()) + tuple(written)

    def written(self, taxonomy: str, keys: Iterable[str], *, since: int) -> list[Written]:
        wanted = set(keys)
        edits = {(row.version, row.ordinal): row for row in self.audit(taxonomy, limit=sys.maxsize)}
        found = [
            replace(
                one,
                author=edits[one.version, one.ordinal].author,
                kind=edits[one.version, one.ordinal].kind,
                change_set_id=edits[one.version, one.ordinal].change_set_id,
                reason=self.get(edits[one.version, one.ordinal].change_set_id).reason,
            )
            for one in self.desk.now.touches.get(taxonomy.lower(), ())
            if one.version > since and one.key in wanted
        ]
        return sorted(found, key=lambda one: (one.version, one.ordinal, one.key))

    def audit(
        self, taxonomy: str, *, limit: int = 100, before: int | None = None, key: str = ""
    ) -> list[AuditRow]:
        self.desk.now.tree(taxonomy)
        name = taxonomy.lower()
        wrote = {(t.version, t.ordinal) for t in self.desk.now.touches.get(name, ()) if t.key == key}
        rows = (
            row
            for row in self.desk.now.audit.get(name, ())
            if (before is None or row.version < before) and (not key or (row.version, row.ordinal) in wrote)
        )
        return sorted(rows, key=lambda row: (row.version, row.ordinal), reverse=True)[:limit]

    def steps(self, taxonomy: str, *, after: int = 0, until: int | None = None) -> Iterator[AuditRow]:
        rows = reversed(self.audit(taxonomy, limit=sys.maxsize))
        return (row for row in rows if row.version > after and (until is None or row.version <= until))

    def versions(self, taxonomy: str, *, limit: int = 100, before: int | None = None) -> list[Version]:
        self.desk.now.tree(taxonomy)
        there = reversed(self.desk.now.versions.get(taxonomy.lower(), ()))
        return [one for one in there if before is None or one.number < before][:limit]


def _as_json(row: AuditRow) -> AuditRow:
    edit, before, after = (json.loads(json.dumps(dict(part))) for part in (row.edit, row.before, row.after))
    return replace(row, edit=edit, before=before, after=after)
