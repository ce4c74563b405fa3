"""Jobs and their shards, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from taxonomy.errors import StoreError, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Shard, Tally
from taxonomy.node import NodeId
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.tree import Tree
from tests.fakes.assignments import FakeAssignments
from tests.fakes.contents import Desk, Planned, Work, known


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
            cut = [one for one in cut if one.n_products or self._asked(job.undoes, one)]
        else:
            ids = sorted(at for at in self._scope(planned) if not self._placed(job, at))
            parts = [ids[start : start + shard_size] for start in range(0, len(ids), shard_size)]
            cut = [Shard(job.id, n, part[0], part[-1], len(part)) for n, part in enumerate(parts)]
        self.desk.now.shards.update({(job.id, one.ordinal): Work(one) for one in cut})
        return job

    def _asked(self, job_id: int | None, shard: Shard) -> bool:
        history = self.desk.now.suggestion_history
        return any(at == job_id and shard.first_id <= one <= shard.last_id for at, one in history)

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
