"""The store in memory: every repository and the unit of work, held to the same contract as Postgres.

One block at a time; nothing here waits for a lock.
"""

import hashlib
import itertools
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from store.names import slug
from taxonomy.changes import ChangeSet, State, Written
from taxonomy.errors import InputError, StaleEdit, StoreError, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Shard, Tally
from taxonomy.node import Node, NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.proposal import Report
from taxonomy.records import (
    AuditRow,
    CatalogSummary,
    Comment,
    Held,
    ImportMark,
    Promotion,
    Release,
    Upserted,
    Version,
)
from taxonomy.review import Answer, Figures, Guess, Queued, Suggestion, Verdict
from taxonomy.text import fold
from taxonomy.tree import Tree

T = TypeVar("T")
Key = tuple[str, str, ProductId]
"""Catalogue, taxonomy, product."""


@dataclass(frozen=True)
class Kept:
    """A product with the import that saw it last."""

    product: Product
    import_id: int
    live: bool = True


@dataclass(frozen=True)
class Planned:
    """A job with what it is pinned to, and when it was started last."""

    job: Job
    tree: Tree | None
    node_ids: frozenset[NodeId] | None
    run_at: datetime | None = None


@dataclass(frozen=True)
class Work:
    """A shard, who has it, and what came of it."""

    shard: Shard
    worker: str = ""
    leased_until: datetime | None = None
    done_at: datetime | None = None
    n_tagged: int = 0
    n_changed: int = 0
    n_errors: int = 0
    error: str = ""


@dataclass
class Contents:
    """Everything that is stored. The values never change, so copies of the dictionaries are a snapshot."""

    trees: dict[str, Tree] = field(default_factory=dict)
    changes: dict[str, ChangeSet] = field(default_factory=dict)
    requests: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    comments: dict[str, tuple[Comment, ...]] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    versions: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    audit: dict[str, tuple[AuditRow, ...]] = field(default_factory=dict)
    touches: dict[str, tuple[Written, ...]] = field(default_factory=dict)
    catalogs: dict[str, datetime | None] = field(default_factory=dict)
    imports: dict[str, ImportMark] = field(default_factory=dict)
    products: dict[tuple[str, ProductId], Kept] = field(default_factory=dict)
    assignments: dict[Key, Assignment] = field(default_factory=dict)
    placements: dict[Key, Assignment] = field(default_factory=dict)
    releases: dict[int, tuple[Release, Tree]] = field(default_factory=dict)
    jobs: dict[int, "Planned"] = field(default_factory=dict)
    shards: dict[tuple[int, int], "Work"] = field(default_factory=dict)
    tag_history: dict[tuple[int, ProductId], Change] = field(default_factory=dict)
    suggestions: dict[Key, tuple[Suggestion, str]] = field(default_factory=dict)
    answers: dict[int, tuple[str, str, Answer]] = field(default_factory=dict)
    promotions: dict[int, Promotion] = field(default_factory=dict)

    def copy(self) -> "Contents":
        """A snapshot."""
        return Contents(*(dict(getattr(self, one.name)) for one in fields(self)))

    def tree(self, name: str) -> Tree:
        """The head of a taxonomy that must exist."""
        return known(self.trees, "taxonomy", name)

    def live(self, catalog: str) -> list[Product]:
        """The live products of a catalogue that must exist, by id."""
        known(self.catalogs, "catalog", catalog)
        found = (
            kept.product for (shop, _), kept in self.products.items() if kept.live and shop == catalog.lower()
        )
        return sorted(found, key=lambda product: product.id)


@dataclass
class Desk:
    """The contents as the open block sees them."""

    now: Contents
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


def known(table: Mapping[str, T], kind: str, name: str) -> T:
    """The entry of this name; UnknownId names those that exist."""
    if name.lower() not in table:
        raise UnknownId(kind, name, f"there are {', '.join(sorted(table)) or 'none'}")
    return table[name.lower()]


class FakeTrees:
    """`TreeRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def names(self) -> list[str]:
        return sorted(self.desk.now.trees)

    def create(self, name: str) -> Tree:
        if slug("taxonomy", name) in self.desk.now.trees:
            raise InputError(f"there is a taxonomy {name!r} already")
        self.desk.now.trees[name.lower()] = Tree()
        return Tree()

    def head(self, name: str) -> Tree:
        return self.desk.now.tree(name)

    def lock(self, name: str) -> Tree:
        return self.desk.now.tree(name)

    def save(self, name: str, before: Tree, after: Tree) -> None:
        if self.desk.now.tree(name).version != before.version:
            raise StaleEdit(f"taxonomy {name!r} is no longer at version {before.version}")
        self.desk.now.trees[name.lower()] = after

    def below(self, name: str, node_id: NodeId, *, limit: int = 1000) -> list[Node]:
        tree = self.desk.now.tree(name)
        if node_id not in tree:
            return []
        found = [at for at in (node_id, *tree.descendants(node_id)) if at in tree.nodes]
        kept = set(sorted(found, key=tree.lineage)[:limit])
        return [tree.nodes[at] for at in found if at in kept]

    def named(self, name: str, text: str, *, limit: int = 20) -> list[Node]:
        likeness = {
            node: max(_likeness(text, one) for one in (node.name, *(label.text for label in node.labels)))
            for node in self.desk.now.tree(name).nodes.values()
        }
        sure = [node for node in likeness if likeness[node][0] >= 0.6]  # as Postgres is told
        alike = sure or [node for node in likeness if likeness[node][0] >= 0.3]
        return sorted(alike, key=lambda node: (*(-part for part in likeness[node]), node.id))[:limit]


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


class FakeCatalogs:
    """`CatalogRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def names(self) -> list[CatalogSummary]:
        now = self.desk.now
        return [CatalogSummary(name, len(now.live(name)), at) for name, at in sorted(now.catalogs.items())]

    def create(self, name: str) -> None:
        self.desk.now.catalogs.setdefault(slug("catalog", name), None)

    def begin_import(self, name: str, digest: str) -> ImportMark:
        known(self.desk.now.catalogs, "catalog", name)
        latest = self.desk.now.imports.get(name.lower())
        if latest is not None and latest.digest == digest and not latest.finished:
            return latest
        return self._keep(name, ImportMark(next(self.desk.numbers), digest))

    def upsert(self, name: str, mark: ImportMark, products: Sequence[Product]) -> ImportMark:
        self._require_current(name, mark)
        if len({product.id for product in products}) < len(products):
            raise InputError("a product occurs twice in one batch")
        for product in products:
            _require_storable(product)
        done = Upserted()
        for product in products:
            key = (name.lower(), product.id)
            kept = self.desk.now.products.get(key)
            is_new = kept is None or not kept.live
            is_same = not is_new and kept is not None and kept.product == product
            done += Upserted(int(is_new), int(not is_new and not is_same), int(is_same))
            self.desk.now.products[key] = Kept(product, mark.id)
        rows_done = mark.rows_done + len(products)
        return self._keep(name, replace(mark, rows_done=rows_done, upserted=mark.upserted + done))

    def finish_import(self, name: str, mark: ImportMark) -> int:
        self._require_current(name, mark)
        unseen = {
            key: replace(kept, live=False)
            for key, kept in self.desk.now.products.items()
            if key[0] == name.lower() and kept.live and kept.import_id != mark.id
        }
        self.desk.now.products.update(unseen)
        self._keep(name, replace(mark, finished=True))
        return len(unseen)

    def products(self, name: str, *, batch_size: int = 2000) -> Iterator[Product]:
        return iter(self.desk.now.live(name))

    def get(self, name: str, product_ids: Sequence[ProductId]) -> list[Product]:
        known(self.desk.now.catalogs, "catalog", name)
        found = (self.desk.now.products.get((name.lower(), at)) for at in product_ids)
        return [kept.product for kept in found if kept is not None]

    def count(self, name: str) -> int:
        return len(self.desk.now.live(name))

    def search(self, name: str, text: str, *, limit: int = 50) -> list[Product]:
        scored = [(_share_found(text, product.title), product) for product in self.desk.now.live(name)]
        alike = [(score, product) for score, product in scored if score >= 0.6]  # as Postgres is set up
        alike.sort(key=lambda pair: (-pair[0], len(pair[1].title), pair[1].id))
        return [product for _, product in alike[:limit]]

    def _require_current(self, name: str, mark: ImportMark) -> None:
        known(self.desk.now.catalogs, "catalog", name)
        latest = self.desk.now.imports.get(name.lower())
        if latest is None or latest.finished or (latest.id, latest.rows_done) != (mark.id, mark.rows_done):
            raise StoreError(f"another import into catalog {name!r} has overtaken this one")

    def _keep(self, name: str, mark: ImportMark) -> ImportMark:
        self.desk.now.imports[name.lower()] = mark
        self.desk.now.catalogs[name.lower()] = datetime.now(UTC)
        return mark


def _require_storable(product: Product) -> None:
    text = json.dumps(asdict(product), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"a text cannot be stored: {error.reason}") from error
    if "\\u0000" in text:
        raise InputError("a value cannot be stored: it has a NUL character")


def _share_found(text: str, title: str) -> float:
    """The share of the text's three-letter pieces found in the title: about pg_trgm's word similarity."""
    wanted, there = _pieces(text), _pieces(title)
    return len(wanted & there) / len(wanted) if wanted else 0.0


def _likeness(text: str, name: str) -> tuple[float, float]:
    """How much a name's likest word, and all of it, are like the text: about pg_trgm's strict similarity."""
    wanted, words = _pieces(text), [name, *name.split()]
    if not fold(text):
        return 0.0, 0.0
    if fold(text) in fold(name):
        return 1.0, len(fold(text)) / len(fold(name))
    shares = [len(wanted & _pieces(one)) / max(len(wanted | _pieces(one)), 1) for one in words]
    return max(shares), shares[0]


def _pieces(text: str) -> set[str]:
    return {f"  {word} "[at : at + 3] for word in fold(text).split() for at in range(len(word) + 1)}


class FakeAssignments:
    """`AssignmentRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def write(self, catalog: str, taxonomy: str, assignments: Iterable[Assignment]) -> int:
        self._require(catalog, taxonomy)
        last = {one.product_id: one for one in assignments}
        if any(one.source is Source.PERSON for one in last.values()):
            raise InputError("what a person says is a placement: use `place`")
        n_changed = 0
        for one in last.values():
            key = (catalog.lower(), taxonomy.lower(), one.product_id)
            fresh = replace(one, probability=float(np.float32(one.probability)))
            before = self.desk.now.assignments.get(key)
            if before is None or replace(before, tree_version=fresh.tree_version) != fresh:
                self.desk.now.assignments[key] = fresh
                n_changed += 1
        return n_changed

    def place(
        self, catalog: str, taxonomy: str, node_id: NodeId, product_ids: Sequence[ProductId], *, author: str
    ) -> None:
        self._require(catalog, taxonomy)
        for at in product_ids:
            if (catalog.lower(), at) not in self.desk.now.products:
                raise UnknownId("product", at, f"catalog {catalog!r} never had it")
        version = self.desk.now.tree(taxonomy).version
        for at in product_ids:
            placed = Assignment(at, node_id, tree_version=version)
            self.desk.now.placements[catalog.lower(), taxonomy.lower(), at] = placed

    def unplace(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        self._forget(self.desk.now.placements, catalog, taxonomy, product_ids)

    def placed(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, NodeId]:
        held = self._held(self.desk.now.placements, catalog, taxonomy)
        return {at: held[at].node_id for at in product_ids if at in held}

    def stored(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        said = self._held(self.desk.now.assignments, catalog, taxonomy)
        return {at: said[at] for at in product_ids if at in said}

    def remove(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        self._forget(self.desk.now.assignments, catalog, taxonomy, product_ids)

    def held(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> dict[ProductId, Held]:
        placed = self._held(self.desk.now.placements, catalog, taxonomy)
        said = self._held(self.desk.now.assignments, catalog, taxonomy)
        live = {product.id for product in self.desk.now.live(catalog)}.intersection(product_ids)
        return {
            at: Held(*(table[at].node_id if at in table else None for table in (placed, said))) for at in live
        }

    def tally(
        self, catalog: str, taxonomy: str, node_ids: Collection[NodeId] | None = None
    ) -> dict[Held, int]:
        held = self.held(catalog, taxonomy, [product.id for product in self.desk.now.live(catalog)])
        counts = Counter(one for one in held.values() if one != Held())
        if node_ids is None:
            return dict(counts)
        return {one: n for one, n in counts.items() if one.placed in node_ids or one.said in node_ids}

    def counts(self, catalog: str, taxonomy: str) -> dict[NodeId, int]:
        standing = self._standing(catalog, taxonomy)
        live = self.desk.now.live(catalog)
        return dict(Counter(standing[product.id].node_id for product in live if product.id in standing))

    def of_node(
        self, catalog: str, taxonomy: str, node_ids: Sequence[NodeId], *, limit: int = 100, offset: int = 0
    ) -> list[tuple[Product, Assignment]]:
        standing = self._standing(catalog, taxonomy)
        live = ((product, standing.get(product.id)) for product in self.desk.now.live(catalog))
        found = [(product, at) for product, at in live if at is not None and at.node_id in node_ids]
        found.sort(key=lambda pair: (pair[1].source is not Source.PERSON, -pair[1].probability, pair[0].id))
        return found[offset : offset + limit]

    def of_products(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        standing = self._standing(catalog, taxonomy)
        return {at: standing[at] for at in product_ids if at in standing}

    def unplaced(self, catalog: str, taxonomy: str, *, limit: int = 100, offset: int = 0) -> list[Product]:
        standing = self._standing(catalog, taxonomy)
        free = [product for product in self.desk.now.live(catalog) if product.id not in standing]
        return free[offset : offset + limit]

    def _require(self, catalog: str, taxonomy: str) -> None:
        self.desk.now.tree(taxonomy)
        known(self.desk.now.catalogs, "catalog", catalog)

    def _held(
        self, table: Mapping[Key, Assignment], catalog: str, taxonomy: str
    ) -> dict[ProductId, Assignment]:
        self._require(catalog, taxonomy)
        place = (catalog.lower(), taxonomy.lower())
        return {at: one for (shop, tree, at), one in table.items() if (shop, tree) == place}

    def _forget(
        self, table: dict[Key, Assignment], catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> None:
        self._require(catalog, taxonomy)
        for at in product_ids:
            table.pop((catalog.lower(), taxonomy.lower(), at), None)

    def _standing(self, catalog: str, taxonomy: str) -> dict[ProductId, Assignment]:
        """Where products stand; people's placements come last and so win."""
        tree = self.desk.now.tree(taxonomy)
        said, placed = self.desk.now.assignments, self.desk.now.placements
        rows: list[Assignment] = []
        for table in (said, placed):
            rows.extend(self._held(table, catalog, taxonomy).values())
        ours = [row for row in rows if row.node_id in tree or row.node_id in tree.redirects]
        ends = [replace(row, node_id=tree.resolve(row.node_id)) for row in ours]
        return {row.product_id: row for row in ends if row.node_id in tree.nodes}


class FakeReleases:
    """`ReleaseRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def publish(
        self,
        taxonomy: str,
        tree: Tree,
        *,
        model_revision: str,
        model_dir: str,
        author: str,
        takes_effect_at: datetime | None = None,
        restores: int | None = None,
        rolls_back: int | None = None,
    ) -> Release:
        self.desk.now.tree(taxonomy)
        now = datetime.now(UTC)
        release = Release(
            next(self.desk.numbers),
            taxonomy.lower(),
            tree.version,
            model_revision,
            model_dir,
            author,
            now,
            takes_effect_at or now,
            restores,
            rolls_back,
        )
        self.desk.now.releases[release.id] = (release, tree)
        return release

    def cancel(self, release_id: int) -> Release:
        if release_id not in self.desk.now.releases:
            raise UnknownId("release", str(release_id))
        release, tree = self.desk.now.releases[release_id]
        if release.cancelled_at is not None:
            raise InputError(f"release {release_id} was cancelled already")
        if release.takes_effect_at <= datetime.now(UTC):
            raise InputError(f"release {release_id} is in effect, or was")
        release = replace(release, cancelled_at=datetime.now(UTC))
        self.desk.now.releases[release_id] = (release, tree)
        return release

    def in_effect(self, taxonomy: str, *, at: datetime | None = None) -> Release | None:
        found = self.current(taxonomy, at=at)
        return None if found is None else found[0]

    def current(self, taxonomy: str, *, at: datetime | None = None) -> tuple[Release, Tree] | None:
        when = at or datetime.now(UTC)
        begun = (
            (release, tree)
            for release, tree in self._newest(taxonomy)
            if release.takes_effect_at <= when and release.cancelled_at is None
        )
        return max(begun, key=lambda pair: (pair[0].takes_effect_at, pair[0].id), default=None)

    def get(self, taxonomy: str, release_id: int) -> tuple[Release, Tree]:
        for release, tree in self._newest(taxonomy):
            if release.id == release_id:
                return release, tree
        raise UnknownId("release", str(release_id))

    def nearest(self, taxonomy: str, version: int) -> Tree | None:
        pinned = (tree for _, tree in self._newest(taxonomy) if tree.version <= version)
        return max(pinned, key=lambda tree: tree.version, default=None)

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        return [release for release, _ in self._newest(taxonomy)[:limit]]

    def _newest(self, taxonomy: str) -> list[tuple[Release, Tree]]:
        self.desk.now.tree(taxonomy)
        pairs = reversed(self.desk.now.releases.values())
        return [pair for pair in pairs if pair[0].taxonomy == taxonomy.lower()]


class FakeLedger:
    """`JobLedger` in memory."""

    def __init__(self, desk: Desk, assignments: FakeAssignments) -> None:
        self.desk, self.assignments = desk, assignments

    def add(
        self, job: Job, tree: Tree | None, node_ids: Collection[NodeId] | None, *, shard_size: int
    ) -> Job:
        self.assignments._require(job.catalog, job.taxonomy)
        job = replace(job, id=next(self.desk.numbers), created_at=datetime.now(UTC))
        job = replace(job, taxonomy=job.taxonomy.lower(), catalog=job.catalog.lower())
        planned = Planned(job, tree, None if node_ids is None else frozenset(node_ids))
        self.desk.now.jobs[job.id] = planned
        if job.kind is JobKind.ROLLBACK:
            self.desk.now.jobs[job.id] = replace(planned, run_at=datetime.now(UTC))
            undone = [one for (at, _), one in self.desk.now.shards.items() if at == job.undoes]
            cut = [replace(one.shard, job_id=job.id, n_products=one.n_changed) for one in undone]
        else:
            ids = sorted(at for at in self._scope(planned) if not self._placed(job, at))
            parts = [ids[start : start + shard_size] for start in range(0, len(ids), shard_size)]
            cut = [Shard(job.id, n, part[0], part[-1], len(part)) for n, part in enumerate(parts)]
        self.desk.now.shards.update({(job.id, one.ordinal): Work(one) for one in cut if one.n_products})
        return job

    def get(self, job_id: int) -> Job:
        if job_id not in self.desk.now.jobs:
            raise UnknownId("job", str(job_id))
        return self.desk.now.jobs[job_id].job

    def lock(self, job_id: int) -> Job:
        return self.get(job_id)

    def log(self, *, catalog: str = "", taxonomy: str = "", limit: int = 50) -> list[Job]:
        if catalog:
            known(self.desk.now.catalogs, "catalog", catalog)
        if taxonomy:
            self.desk.now.tree(taxonomy)
        newest = reversed([one.job for one in self.desk.now.jobs.values()])
        mine = (one for one in newest if catalog.lower() in ("", one.catalog))
        return [one for one in mine if taxonomy.lower() in ("", one.taxonomy)][:limit]

    def tree(self, job_id: int) -> Tree:
        if (tree := self.desk.now.jobs[job_id].tree) is None:
            raise StoreError(f"job {job_id} has no tree of its own")
        return tree

    def tally(self, job_id: int) -> Tally:
        rows, run_at = self._rows(job_id), self.desk.now.jobs[job_id].run_at
        done = [one.done_at for one in rows if one.done_at]
        recent = [one for one in rows if run_at and one.done_at and one.done_at >= run_at]
        took = max(done) - run_at if recent and run_at else timedelta()
        undone = [one for one in rows if not one.done_at]
        return Tally(
            n_shards=len(rows),
            n_done=len(done),
            n_failed=sum(one.n_errors >= 3 for one in undone),
            n_products=sum(one.shard.n_products for one in rows),
            n_tagged=sum(one.n_tagged for one in rows),
            n_changed=sum(one.n_changed for one in rows),
            n_recent=sum(one.n_tagged for one in recent),
            seconds=took.total_seconds(),
            errors=tuple(sorted({one.error for one in undone if one.error})),
        )

    def left_to_people(self, job_id: int) -> int:
        planned = self.desk.now.jobs[job_id]
        return sum(self._placed(planned.job, at) for at in self._scope(planned))

    def oldest_version(self, catalog: str, taxonomy: str) -> int | None:
        held = self.assignments._held(self.desk.now.assignments, catalog, taxonomy)
        return min((one.tree_version for one in held.values()), default=None)

    def start(self, job_id: int) -> None:
        job = self.get(job_id)
        for other in self.log(catalog=job.catalog, taxonomy=job.taxonomy):
            if other.state is JobState.RUNNING and other.id != job_id:
                raise StoreError(f"job {other.id} is running")
        planned = self._turn(job_id, JobState.RUNNING)
        self.desk.now.jobs[job_id] = replace(planned, run_at=datetime.now(UTC))
        for one in self._rows(job_id):
            if not one.done_at:
                self._keep(replace(one, n_errors=0, error=""))

    def close(self, job_id: int) -> bool:
        through = all(one.done_at for one in self._rows(job_id))
        if self.get(job_id).state is not JobState.RUNNING or not through:
            return False
        self._turn(job_id, JobState.FINISHED)
        return True

    def withdraw(self, job_id: int) -> None:
        self._turn(job_id, JobState.ROLLED_BACK)

    def claim(self, job_id: int, worker: str, *, lease_s: float) -> Shard | None:
        now = datetime.now(UTC)
        for one in self._rows(job_id) if self.get(job_id).state is JobState.RUNNING else ():
            free = one.leased_until is None or one.leased_until < now
            if free and not one.done_at and one.n_errors < 3:
                self._keep(replace(one, worker=worker, leased_until=now + timedelta(seconds=lease_s)))
                return one.shard
        return None

    def renew(self, worker: str, *, lease_s: float) -> None:
        until = datetime.now(UTC) + timedelta(seconds=lease_s)
        for one in list(self.desk.now.shards.values()):
            if one.worker == worker and not one.done_at:
                self._keep(replace(one, leased_until=until))

    def release(self, shard: Shard, worker: str, *, error: str = "") -> None:
        one = self._work(shard)
        if one.worker == worker and not one.done_at:
            n_errors = one.n_errors + bool(error)
            self._keep(
                replace(one, worker="", leased_until=None, n_errors=n_errors, error=error or one.error)
            )

    def hold(self, shard: Shard, worker: str) -> bool:
        one, runs = self._work(shard), self.get(shard.job_id).state is JobState.RUNNING
        return runs and one.worker == worker and not one.done_at

    def mark(self, shard: Shard, *, n_tagged: int, n_changed: int) -> None:
        done = replace(self._work(shard), done_at=datetime.now(UTC), leased_until=None, error="")
        self._keep(replace(done, n_tagged=n_tagged, n_changed=n_changed))

    def meant(self, shard: Shard) -> dict[ProductId, Assignment | None]:
        planned = self.desk.now.jobs[shard.job_id]
        found = sorted(self._scope(planned).items())
        mine = (pair for pair in found if shard.first_id <= pair[0] <= shard.last_id)
        return {at: one for at, one in mine if not self._placed(planned.job, at)}

    def record(self, job_id: int, changes: Sequence[Change]) -> list[Change]:
        job = self.get(job_id)
        now = self.assignments._held(self.desk.now.assignments, job.catalog, job.taxonomy)
        kept = [one for one in changes if now.get(one.product_id) == one.before]
        for one in kept:
            if (job_id, one.product_id) in self.desk.now.tag_history:
                raise StoreError("the history has this product already")
            self.desk.now.tag_history[job_id, one.product_id] = one
        return kept

    def changes(self, job_id: int, shard: Shard) -> list[Change]:
        history = sorted(self.desk.now.tag_history.items(), key=lambda pair: pair[0])
        mine = (one for (number, _), one in history if number == job_id)
        return [one for one in mine if shard.first_id <= one.product_id <= shard.last_id]

    def _scope(self, planned: Planned) -> dict[ProductId, Assignment | None]:
        """What the job would mean, were there no people."""
        job = planned.job
        stored = self.assignments._held(self.desk.now.assignments, job.catalog, job.taxonomy)
        live = ((product.id, stored.get(product.id)) for product in self.desk.now.live(job.catalog))
        ids = planned.node_ids
        return {
            at: one
            for at, one in live
            if (job.kind is JobKind.MODEL if one is None else ids is None or one.node_id in ids)
        }

    def _placed(self, job: Job, product_id: ProductId) -> bool:
        standing = self.assignments._standing(job.catalog, job.taxonomy).get(product_id)
        return standing is not None and standing.source is Source.PERSON

    def _rows(self, job_id: int) -> list[Work]:
        return [one for (at, _), one in sorted(self.desk.now.shards.items()) if at == job_id]

    def _work(self, shard: Shard) -> Work:
        return self.desk.now.shards[shard.job_id, shard.ordinal]

    def _keep(self, one: Work) -> None:
        self.desk.now.shards[one.shard.job_id, one.shard.ordinal] = one

    def _turn(self, job_id: int, state: JobState) -> Planned:
        planned = self.desk.now.jobs[job_id]
        self.desk.now.jobs[job_id] = replace(planned, job=replace(planned.job, state=state))
        return self.desk.now.jobs[job_id]


class FakeReviews:
    """`ReviewRepository` in memory."""

    def __init__(self, desk: Desk, assignments: FakeAssignments) -> None:
        self.desk, self.assignments = desk, assignments

    def refill(self, catalog: str, taxonomy: str, suggestions: Iterable[Suggestion]) -> int:
        self.assignments._require(catalog, taxonomy)
        place = (catalog.lower(), taxonomy.lower())
        table = self.desk.now.suggestions
        for key in [key for key in table if key[:2] == place]:
            del table[key]
        self._keep(place, suggestions)
        return sum(key[:2] == place for key in table)

    def put(
        self,
        catalog: str,
        taxonomy: str,
        product_ids: Collection[ProductId],
        suggestions: Sequence[Suggestion],
    ) -> None:
        self.assignments._require(catalog, taxonomy)
        place = (catalog.lower(), taxonomy.lower())
        for product_id in product_ids:
            self.desk.now.suggestions.pop((*place, product_id), None)
        self._keep(place, suggestions)

    def stored(self, catalog: str, taxonomy: str) -> list[Suggestion]:
        self.assignments._require(catalog, taxonomy)
        return [one for _, one in sorted(self._fitting(catalog, taxonomy), key=lambda pair: pair[0].id)]

    def suggested(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Suggestion]:
        return {
            product.id: one for product, one in self._open(catalog, taxonomy) if product.id in product_ids
        }

    def queue(self, catalog: str, taxonomy: str, *, limit: int = 20, offset: int = 0) -> list[Queued]:
        groups = {one.leader_id for _, one in self._open(catalog, taxonomy)}
        first = [self.alike(catalog, taxonomy, at, limit=1)[0] for at in groups]
        first.sort(key=lambda one: (-one.suggestion.worth, one.product.id))
        return first[offset : offset + limit]

    def alike(
        self, catalog: str, taxonomy: str, leader_id: ProductId, *, limit: int = 100, offset: int = 0
    ) -> list[Queued]:
        group = [pair for pair in self._open(catalog, taxonomy) if pair[1].leader_id == leader_id]
        group.sort(key=lambda pair: (pair[0].id != leader_id, -pair[1].worth, pair[0].id))
        shown = group[offset : offset + limit]
        return [Queued(product, one, len(group), _text_hash(product)) for product, one in shown]

    def record(self, catalog: str, taxonomy: str, answers: Sequence[Answer]) -> list[Answer]:
        self.assignments._require(catalog, taxonomy)
        place, made = (catalog.lower(), taxonomy.lower()), []
        for one in answers:
            if (kept := self.desk.now.products.get((place[0], one.product_id))) is None:
                raise UnknownId("product", one.product_id, f"catalog {catalog!r} never had it")
            for shop, tree, other in self.desk.now.answers.values():
                repeated = one.key and (tree, other.key) == (place[1], one.key)
                if repeated and (shop, other.product_id) == (place[0], one.product_id):
                    raise StoreError("the key was used already")
                if one.undoes is not None and other.undoes == one.undoes:
                    raise StoreError("the answer was taken back already")
            fresh = replace(
                one,
                id=next(self.desk.numbers),
                at=datetime.now(UTC),
                text_hash=_text_hash(kept.product),
                guesses=_rounded(one.guesses),
            )
            self.desk.now.answers[fresh.id] = (*place, fresh)
            made.append(fresh)
        return made

    def get(self, catalog: str, taxonomy: str, answer_id: int) -> Answer:
        for one in self._said(catalog, taxonomy):
            if one.id == answer_id:
                return one
        raise UnknownId("answer", str(answer_id))

    def by_key(self, catalog: str, taxonomy: str, key: str) -> list[Answer]:
        return [one for one in self._said(catalog, taxonomy) if one.key == key]

    def log(self, catalog: str, taxonomy: str, *, limit: int = 50) -> list[Answer]:
        return self._said(catalog, taxonomy)[::-1][:limit]

    def counting(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Answer]:
        effective = (
            one
            for one in self._said(catalog, taxonomy)
            if one.undone_by is None and (one.is_placed or one.verdict in (Verdict.NONE, Verdict.SKIP))
        )
        return {one.product_id: one for one in effective if one.product_id in product_ids}

    def figures(self, catalog: str, taxonomy: str) -> Figures:
        waiting = [one for _, one in self._open(catalog, taxonomy)]
        said = self._said(catalog, taxonomy)
        last = self.counting(catalog, taxonomy, [one.product_id for one in said]).values()
        placed = [one for one in last if one.verdict is Verdict.PLACE]
        suggested = [[guess.node_id for guess in one.guesses] for one in placed]
        return Figures(
            n_open=len(waiting),
            n_groups=len({one.leader_id for one in waiting}),
            worth_left=sum(one.worth for one in waiting),
            n_placed=len(placed),
            n_none=sum(one.verdict is Verdict.NONE for one in last),
            n_skipped=sum(one.verdict is Verdict.SKIP for one in last),
            n_undone=sum(one.verdict is Verdict.UNDO for one in said),
            n_first=sum(one.node_id in ids[:1] for one, ids in zip(placed, suggested, strict=True)),
            n_suggested=sum(one.node_id in ids for one, ids in zip(placed, suggested, strict=True)),
        )

    def _keep(self, place: tuple[str, str], suggestions: Iterable[Suggestion]) -> None:
        for one in suggestions:
            if (kept := self.desk.now.products.get((place[0], one.product_id))) is not None:
                rounded = replace(one, worth=_real(one.worth), guesses=_rounded(one.guesses))
                kept_as = (rounded, _text_hash(kept.product))
                self.desk.now.suggestions.setdefault((*place, one.product_id), kept_as)

    def _said(self, catalog: str, taxonomy: str) -> list[Answer]:
        self.assignments._require(catalog, taxonomy)
        rows = self.desk.now.answers.values()
        mine = [one for *place, one in rows if place == [catalog.lower(), taxonomy.lower()]]
        undone = {one.undoes: one.id for one in mine if one.undoes is not None}
        return [replace(one, undone_by=undone.get(one.id)) for one in mine]

    def _open(self, catalog: str, taxonomy: str) -> list[tuple[Product, Suggestion]]:
        standing = self.assignments._standing(catalog, taxonomy)
        said = [one for one in self._said(catalog, taxonomy) if one.undone_by is None]
        found = []
        for product, one in self._fitting(catalog, taxonomy):
            place = standing.get(product.id)
            if place is not None and place.source is Source.PERSON:
                continue
            if not any(_settles(answer, one, _text_hash(product)) for answer in said):
                found.append((product, one))
        return found

    def _fitting(self, catalog: str, taxonomy: str) -> list[tuple[Product, Suggestion]]:
        found = []
        for product in self.desk.now.live(catalog):
            key = (catalog.lower(), taxonomy.lower(), product.id)
            one, digest = self.desk.now.suggestions.get(key, (None, ""))
            if one is not None and digest == _text_hash(product):
                found.append((product, one))
        return found


def _settles(answer: Answer, one: Suggestion, digest: str) -> bool:
    if (answer.product_id, answer.text_hash) != (one.product_id, digest):
        return False
    refused = {guess.node_id for guess in answer.guesses}
    all_refused = {guess.node_id for guess in one.guesses} <= refused
    return answer.verdict is Verdict.SKIP or (answer.verdict is Verdict.NONE and all_refused)


def _text_hash(product: Product) -> str:
    told = (product.title, product.brand, product.description, json.dumps(dict(product.attributes)))
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _real(number: float) -> float:
    return float(np.float32(number))


def _rounded(guesses: Iterable[Guess]) -> tuple[Guess, ...]:
    return tuple(replace(one, probability=_real(one.probability)) for one in guesses)


class FakePromotions:
    """`PromotionRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def add(self, promotion: Promotion) -> Promotion:
        self.desk.now.tree(promotion.taxonomy)
        number, figures = next(self.desk.numbers), json.loads(json.dumps(dict(promotion.figures)))
        name = promotion.taxonomy.lower()
        kept = replace(promotion, id=number, at=datetime.now(UTC), taxonomy=name, figures=figures)
        self.desk.now.promotions[number] = kept
        return kept

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Promotion]:
        self.desk.now.tree(taxonomy)
        newest = reversed(self.desk.now.promotions.values())
        return [one for one in newest if one.taxonomy == taxonomy.lower()][:limit]


class FakeUnitOfWork:
    """`UnitOfWork` in memory; may be entered again, and keeps what was committed."""

    def __init__(self) -> None:
        self._kept = Contents()
        self._desk = Desk(self._kept.copy())
        self.trees = FakeTrees(self._desk)
        self.changes = FakeChanges(self._desk)
        self.catalogs = FakeCatalogs(self._desk)
        self.assignments = FakeAssignments(self._desk)
        self.releases = FakeReleases(self._desk)
        self.jobs = FakeLedger(self._desk, self.assignments)
        self.reviews = FakeReviews(self._desk, self.assignments)
        self.promotions = FakePromotions(self._desk)

    def __enter__(self) -> Self:
        self.rollback()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rollback()

    def commit(self) -> None:
        self._kept = self._desk.now.copy()

    def rollback(self) -> None:
        self._desk.now = self._kept.copy()
