"""Re-tagging jobs: who works on which shard, and what was changed.

A worker holds a shard by a lease that it keeps renewing; whoever dies lets it run out. Results, history and
mark of a shard are written in one transaction, which first makes sure that the lease is still held.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    Integer,
    Row,
    Select,
    and_,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from store.names import catalog_id, revision_ids, taxonomy_id
from store.standing import by_people
from store.tables import (
    assignments,
    catalogs,
    jobs,
    products,
    shards,
    suggestion_history,
    tag_history,
    taxonomies,
)
from store.tables import model_revisions as revisions
from store.transaction import Transaction, among
from store.tree_rows import pack, unpack
from taxonomy.errors import StoreError, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Shard, Tally
from taxonomy.node import NodeId
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.tree import Tree

__all__ = ["PostgresLedger", "within"]

_MAX_ERRORS = 3  # once may be bad luck, twice a coincidence
_ERRORS_SHOWN = 5


class PostgresLedger:
    """`taxonomy.ports.JobLedger` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(
        self, job: Job, tree: Tree | None, node_ids: Collection[NodeId] | None, *, shard_size: int
    ) -> Job:
        """Plan a job: cut its products into shards of at most this many; the job with its id."""
        values = {name: getattr(job, name) for name in _PLAIN}
        back = job.kind is JobKind.ROLLBACK
        fresh = insert(jobs).values(
            **values,
            taxonomy_id=taxonomy_id(self._transaction, job.taxonomy),
            catalog_id=catalog_id(self._transaction, job.catalog),
            tree=None if tree is None else pack(tree),
            node_ids=None if node_ids is None else sorted(node_ids),
            run_at=func.clock_timestamp() if back else None,
        )
        number = int(self._transaction.run(fresh.returning(jobs.c.id)).scalar_one())
        cut = _changed_shards(number, job.undoes) if back else self._cut(number, shard_size)
        self._transaction.run(insert(shards).from_select(_SHARD, cut))
        return self.get(number)

    def get(self, job_id: int) -> Job:
        """By id; UnknownId if there is none."""
        return self._one(job_id, _stored())

    def lock(self, job_id: int) -> Job:
        """By id, held against all others who would decide on it until the unit of work ends."""
        return self._one(job_id, _stored().with_for_update(of=jobs, key_share=True))

    def log(self, *, catalog: str = "", taxonomy: str = "", limit: int = 50) -> list[Job]:
        """Newest first, of one catalogue or taxonomy where these are given."""
        found = _stored().order_by(jobs.c.id.desc()).limit(limit)
        if catalog:
            found = found.where(jobs.c.catalog_id == catalog_id(self._transaction, catalog))
        if taxonomy:
            found = found.where(jobs.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy))
        return [_job(row) for row in self._transaction.run(found)]

    def tree(self, job_id: int) -> Tree:
        """The tree that the job is pinned to; StoreError for a rollback, which has none."""
        packed = self._transaction.run(select(jobs.c.tree).where(jobs.c.id == job_id)).scalar()
        if packed is None:
            raise StoreError(f"job {job_id} has no tree of its own: a rollback reads what was before")
        return unpack(packed)

    def tally(self, job_id: int) -> Tally:
        """How far it is."""
        done = shards.c.done_at.is_not(None)
        recent = shards.c.done_at >= jobs.c.run_at
        took = func.extract("epoch", func.max(shards.c.done_at) - func.max(jobs.c.run_at))
        sums: dict[str, ColumnElement[Any]] = {
            name: func.sum(shards.c[name]) for name in ("n_products", "n_tagged", "n_changed")
        }
        sums["n_recent"] = func.sum(shards.c.n_tagged).filter(recent)
        counts = select(
            func.count().label("n_shards"),
            func.count().filter(done).label("n_done"),
            func.count().filter(~done, shards.c.n_errors >= _MAX_ERRORS).label("n_failed"),
            *(func.coalesce(total, 0).label(name) for name, total in sums.items()),
            cast(func.greatest(func.coalesce(took, 0), 0), Double).label("seconds"),
        )
        row = self._transaction.run(counts.join(jobs).where(shards.c.job_id == job_id)).one()
        said = select(shards.c.error).where(shards.c.job_id == job_id, ~done, shards.c.error != "")
        errors = self._transaction.run(said.distinct().order_by(shards.c.error).limit(_ERRORS_SHOWN))
        return Tally(**row._mapping, errors=tuple(errors.scalars()))

    def left_to_people(self, job_id: int) -> int:
        """How many products the job would mean, had a person not placed them."""
        row = self._transaction.run(_scope(job_id)).one()
        found = _meant(row, (func.count(),), by_machines=False)
        return int(self._transaction.run(found).scalar_one())

    def oldest_version(self, catalog: str, taxonomy: str) -> int | None:
        """The lowest tree version among the catalogue's assignments; None if it has none."""
        lowest = select(func.min(assignments.c.tree_version)).where(
            assignments.c.taxonomy_id == taxonomy_id(self._transaction, taxonomy),
            assignments.c.catalog_id == catalog_id(self._transaction, catalog),
        )
        return self._transaction.run(lowest).scalar()

    def start(self, job_id: int) -> None:
        """The job runs, and shards that were given up get another chance.

        Raises
        ------
        StoreError
            Another job of the same catalogue and taxonomy is running.
        """
        runs = {"state": JobState.RUNNING, "run_at": func.clock_timestamp(), "finished_at": None}
        self._transaction.run(update(jobs).where(jobs.c.id == job_id).values(runs))
        self._transaction.run(update(shards).where(_open(job_id)).values(n_errors=0, error=""))

    def close(self, job_id: int) -> bool:
        """A running job whose shards are all done is finished; whether it was so."""
        left = select(literal(1)).where(_open(job_id)).exists()
        ended = update(jobs).where(jobs.c.id == job_id, jobs.c.state == JobState.RUNNING, ~left)
        done = ended.values(state=JobState.FINISHED, finished_at=func.clock_timestamp())
        return self._transaction.run(done).rowcount == 1

    def withdraw(self, job_id: int) -> None:
        """The job counts as rolled back; its workers cannot write any more."""
        self._transaction.run(update(jobs).where(jobs.c.id == job_id).values(state=JobState.ROLLED_BACK))

    def claim(self, job_id: int, worker: str, *, lease_s: float) -> Shard | None:
        """A shard that is neither done nor leased nor given up, now leased to this worker; None for none."""
        running = select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.state == JobState.RUNNING).exists()
        free = or_(shards.c.leased_until.is_(None), shards.c.leased_until < func.clock_timestamp())
        first = (
            select(shards.c.ordinal)
            .where(_open(job_id), free, shards.c.n_errors < _MAX_ERRORS, running)
            .order_by(shards.c.ordinal)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        taken = update(shards).where(shards.c.job_id == job_id, shards.c.ordinal == first)
        leased = taken.values(worker=worker, leased_until=_from_now(lease_s))
        row = self._transaction.run(leased.returning(*(shards.c[name] for name in _SHARD))).one_or_none()
        return None if row is None else Shard(*row)

    def renew(self, worker: str, *, lease_s: float) -> None:
        """Put the end of the worker's leases off to so many seconds from now."""
        mine = and_(shards.c.worker == worker, shards.c.done_at.is_(None))
        self._transaction.run(update(shards).where(mine).values(leased_until=_from_now(lease_s)))

    def release(self, shard: Shard, worker: str, *, error: str = "") -> None:
        """Give a shard back undone; after three errors it is given up."""
        back: dict[str, Any] = {"worker": None, "leased_until": None}
        if error:
            back |= {"n_errors": shards.c.n_errors + 1, "error": error}
        mine = and_(_same(shard), shards.c.worker == worker, shards.c.done_at.is_(None))
        self._transaction.run(update(shards).where(mine).values(back))

    def hold(self, shard: Shard, worker: str) -> bool:
        """Whether the shard is still this worker's to write, and if so held until the unit of work ends."""
        # The job first and shared: a rollback that is being made waits, or is seen here.
        runs = and_(jobs.c.id == shard.job_id, jobs.c.state == JobState.RUNNING)
        if self._transaction.run(select(jobs.c.id).where(runs).with_for_update(read=True)).scalar() is None:
            return False
        mine = and_(_same(shard), shards.c.worker == worker, shards.c.done_at.is_(None))
        held = self._transaction.run(select(shards.c.ordinal).where(mine).with_for_update())
        return held.scalar() is not None

    def mark(self, shard: Shard, *, n_tagged: int, n_changed: int) -> None:
        """The shard is done."""
        done = {"done_at": func.clock_timestamp(), "leased_until": None, "error": ""}
        counts = {"n_tagged": n_tagged, "n_changed": n_changed}
        self._transaction.run(update(shards).where(_same(shard)).values(done | counts))

    def meant(self, shard: Shard) -> dict[ProductId, Assignment | None]:
        """The shard's products by id, each with its assignment as stored (not resolved)."""
        row = self._transaction.run(_scope(shard.job_id)).one()
        columns = (products.c.id, *(assignments.c[name] for name in _FIELDS), revisions.c.revision)
        found = _meant(row, columns).where(within(products.c.id, shard))
        rows = self._transaction.run(found.order_by(products.c.id))
        return {ProductId(row[0]): _assignment(row[0], row[1:]) for row in rows}

    def record(self, job_id: int, changes: Sequence[Change]) -> list[Change]:
        """Those of the changes whose product is still stored as before, now in the history; rows are held."""
        job = self.get(job_id)
        now = self._held(job, [one.product_id for one in changes])
        kept = [one for one in changes if now.get(one.product_id) == one.before]
        said = {side.model_revision for one in kept for side in (one.before, one.after) if side}
        number = revision_ids(self._transaction, said)
        rows = ((job_id, one.product_id, *_row(one.before, number), *_row(one.after, number)) for one in kept)
        self._transaction.copy(tag_history.name, list(tag_history.c), rows)
        return kept

    def changes(self, job_id: int, shard: Shard) -> list[Change]:
        """What a job changed among the products of a shard."""
        old, new = revisions.alias(), revisions.alias()
        before, after = ([tag_history.c[f"{when}_{name}"] for name in _FIELDS] for when in ("old", "new"))
        found = (
            select(tag_history.c.product_id, *before, old.c.revision, *after, new.c.revision)
            .outerjoin(old, old.c.id == tag_history.c.old_revision_id)
            .outerjoin(new, new.c.id == tag_history.c.new_revision_id)
            .where(tag_history.c.job_id == job_id, within(tag_history.c.product_id, shard))
            .order_by(tag_history.c.product_id)
        )
        middle = 2 + len(_FIELDS)
        return [
            Change(row[0], _assignment(row[0], row[1:middle]), _assignment(row[0], row[middle:]))
            for row in self._transaction.run(found)
        ]

    def _one(self, job_id: int, statement: Select[Any]) -> Job:
        row = self._transaction.run(statement.where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise UnknownId("job", str(job_id), "`shelftree retag status` lists them")
        return _job(row)

    def _cut(self, job_id: int, size: int) -> Select[Any]:
        row = self._transaction.run(_scope(job_id)).one()
        ordinal = (func.row_number().over(order_by=products.c.id) - 1) // size
        ids = _meant(row, (products.c.id, ordinal.label("ordinal"))).subquery()
        ends = (func.min(ids.c.id), func.max(ids.c.id), func.count())
        return select(literal(job_id), ids.c.ordinal, *ends).group_by(ids.c.ordinal)

    def _held(self, job: Job, product_ids: Sequence[ProductId]) -> dict[ProductId, Assignment]:
        """The assignments of these products as stored, held until the unit of work ends."""
        found = (
            select(assignments.c.product_id, *(assignments.c[name] for name in _FIELDS), revisions.c.revision)
            .join(revisions, revisions.c.id == assignments.c.revision_id)
            .where(
                assignments.c.taxonomy_id == taxonomy_id(self._transaction, job.taxonomy),
                assignments.c.catalog_id == catalog_id(self._transaction, job.catalog),
                among(assignments.c.product_id, product_ids),
            )
            .order_by(assignments.c.product_id)
            .with_for_update(of=assignments)
        )
        stored = ((row[0], _assignment(row[0], row[1:])) for row in self._transaction.run(found))
        return {at: one for at, one in stored if one is not None}


_PLAIN = tuple(
    name for name in Job.__dataclass_fields__ if name not in ("taxonomy", "catalog", "id", "created_at")
)
_SHARD = tuple(Shard.__dataclass_fields__)
_FIELDS = ("node_id", "probability", "source", "tree_version")


def _stored() -> Select[Any]:
    plain = (jobs.c[name] for name in (*_PLAIN, "id", "created_at"))
    names = (taxonomies.c.name.label("taxonomy"), catalogs.c.name.label("catalog"))
    return select(*names, *plain).select_from(jobs.join(taxonomies).join(catalogs))


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    return Job(**values | {"kind": JobKind(row.kind), "state": JobState(row.state)})


def _scope(job_id: int) -> Select[Any]:
    is_limited = jobs.c.node_ids.is_not(None).label("is_limited")
    return select(jobs.c.id, jobs.c.taxonomy_id, jobs.c.catalog_id, jobs.c.kind, is_limited).where(
        jobs.c.id == job_id
    )


def _meant(job: Row[Any], columns: Sequence[Any], *, by_machines: bool = True) -> Select[Any]:
    """These columns of the products that a job means, or of those that it would mean but for people."""
    stored = (
        (assignments.c.taxonomy_id == job.taxonomy_id)
        & (assignments.c.catalog_id == job.catalog_id)
        & (assignments.c.product_id == products.c.id)
    )
    free = job.kind == JobKind.MODEL  # then products without an assignment are meant, too
    joined = products.join(assignments, stored, isouter=free)
    joined = joined.outerjoin(revisions, revisions.c.id == assignments.c.revision_id)
    placed = by_people(job.taxonomy_id, job.catalog_id, products.c.id)
    found = select(*columns).select_from(joined)
    found = found.where(products.c.catalog_id == job.catalog_id, products.c.retired_at.is_(None))
    if job.is_limited:
        ids = select(func.unnest(jobs.c.node_ids)).where(jobs.c.id == job.id)
        there: ColumnElement[bool] = assignments.c.node_id.in_(ids)
        found = found.where(or_(assignments.c.product_id.is_(None), there) if free else there)
    return found.where(~placed if by_machines else placed)


def _changed_shards(job_id: int, undone: int | None) -> Select[Any]:
    """Of the shards of a job those where products were given another place, or other suggestions."""
    fields = (shards.c.ordinal, shards.c.first_id, shards.c.last_id, shards.c.n_changed)
    was = suggestion_history.c
    asked = (was.job_id == shards.c.job_id) & within(was.product_id, shards.c)
    changed = or_(shards.c.n_changed > 0, select(was.job_id).where(asked).exists())
    return select(literal(job_id, Integer), *fields).where(shards.c.job_id == undone, changed)


def _open(job_id: int) -> ColumnElement[bool]:
    return and_(shards.c.job_id == job_id, shards.c.done_at.is_(None))


def _same(shard: Shard) -> ColumnElement[bool]:
    return and_(shards.c.job_id == shard.job_id, shards.c.ordinal == shard.ordinal)


def within(product_id: Column[str], shard: Any) -> ColumnElement[bool]:
    """Whether a product is one of a shard's, or of those of its table's columns."""
    # Not `between`: SQLAlchemy puts the collation of our ids where it is no SQL.
    return and_(product_id >= shard.first_id, product_id <= shard.last_id)


def _from_now(seconds: float) -> ColumnElement[Any]:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _assignment(product_id: ProductId, values: Sequence[Any]) -> Assignment | None:
    node_id, probability, source, tree_version, revision = values
    if node_id is None:
        return None
    return Assignment(product_id, node_id, probability, Source(source), revision or "", tree_version)


def _row(one: Assignment | None, revision: dict[str, int]) -> tuple[object, ...]:
    if one is None:
        return (None,) * 5
    return (one.node_id, one.probability, one.source, revision[one.model_revision], one.tree_version)
