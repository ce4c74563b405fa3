"""What a worker of a re-tagging job does: take a shard, look at its products, write what changed, once."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Event, Thread

from taxonomy.errors import DatabaseUnavailable, UnknownId
from taxonomy.jobs import Change, Job, JobKind, JobState, Shard
from taxonomy.node import ROOT_ID
from taxonomy.ports import Progress, Silent, UnitOfWork
from taxonomy.product import Assignment, Product, ProductId
from taxonomy.review import Suggestion
from taxonomy.tree import Tree

__all__ = ["LEASE_S", "Tag", "Worked", "work"]

Tag = Callable[[Sequence[Product]], Sequence[Assignment | Suggestion | None]]
"""What a model says of products, in their order: a place, a question where none is safe, or nothing."""

LEASE_S = 30.0  # how long a killed worker's shard waits; renewed three times as often
_LOOK_S = 0.3  # how often a worker without a shard looks whether one came free
_STEP = 500  # products tagged between two looks at `stop`


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did."""

    n_shards: int = 0
    n_tagged: int = 0
    n_changed: int = 0


def work(
    open_uow: Callable[[], UnitOfWork],
    job_id: int,
    worker: str,
    *,
    tag: Tag | None = None,
    lease_s: float = LEASE_S,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> Worked:
    """Work on a running job until none of its shards is left, or until `stop` says so; close it at the end.

    A product that the model is not sure of keeps its place, under the live id, and goes into the review queue
    with what the model suggests; one that it gave a place leaves the queue. A rollback brings back places and
    suggestions, but where either was written since. A shard that fails is given back with its error, and
    given up after three; the others go on.

    Parameters
    ----------
    open_uow : callable
        Gives units of work; called once more for a thread that renews the lease.
    worker : str
        A name that no other worker has.
    tag : callable, optional
        The job's model; None for jobs without one.

    Raises
    ------
    DatabaseUnavailable
        The database is away; what was not committed is done again by whoever resumes.
    UnknownId
        There is no such job.
    """
    done, progress = Worked(), progress or Silent()
    with open_uow() as uow, _renewed(open_uow, worker, lease_s):
        look = _look(uow, uow.jobs.get(job_id), tag)
        while not stop():
            shard = uow.jobs.claim(job_id, worker, lease_s=lease_s)
            uow.commit()
            if shard is not None:
                done = _add(done, _attempt(uow, shard, worker, look, stop))
                progress.advance(shard.n_products)
            elif uow.jobs.tally(job_id).is_through:
                uow.jobs.close(job_id)
                uow.commit()
                break
            elif uow.jobs.get(job_id).state is not JobState.RUNNING:
                break  # taken back, or done by others
            else:
                uow.commit()
                time.sleep(_LOOK_S)  # others hold what is left, and may die
    return done


Look = Callable[[Shard, Callable[[], bool]], "Looked | None"]
"""What a shard's products are and become; None if it was told to stop."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How many products were looked at, what changes, and what a model said of them by product."""

    n_products: int
    changes: Sequence[Change]
    said: Mapping[ProductId, Assignment | Suggestion] = field(default_factory=dict)


def _look(uow: UnitOfWork, job: Job, tag: Tag | None) -> Look:
    undone = job.undoes
    if job.kind is JobKind.ROLLBACK and undone is not None:
        return lambda shard, stop: _taken_back(uow, undone, shard)
    tree = uow.jobs.tree(job.id)
    return lambda shard, stop: _tagged(uow, job, tree, tag, shard, stop)


def _attempt(uow: UnitOfWork, shard: Shard, worker: str, look: Look, stop: Callable[[], bool]) -> Worked:
    """Do one shard, or give it back."""
    try:
        found = look(shard, stop)
        if found is not None and (n_changed := _write(uow, shard, worker, found)) is not None:
            return Worked(1, found.n_products, n_changed)
        error = ""  # told to stop, or too slow: the lease ran out
    except DatabaseUnavailable:
        raise
    except Exception as problem:  # one bad product is no reason to leave the others
        error = f"shard {shard.ordinal}: {type(problem).__name__}: {problem}"
    uow.rollback()
    uow.jobs.release(shard, worker, error=error)
    uow.commit()
    return Worked()


def _write(uow: UnitOfWork, shard: Shard, worker: str, found: Looked) -> int | None:
    """Results, history and mark in one transaction; how many changed, None if the shard is another's now."""
    if not uow.jobs.hold(shard, worker):
        return None
    job = uow.jobs.get(shard.job_id)
    kept = uow.jobs.record(job.id, found.changes)
    uow.assignments.write(job.catalog, job.taxonomy, [one.after for one in kept if one.after])
    uow.assignments.remove(job.catalog, job.taxonomy, [one.product_id for one in kept if not one.after])
    if found.said:
        asked = [one for one in found.said.values() if isinstance(one, Suggestion)]
        uow.reviews.put(job, found.said.keys(), asked)
    if job.undoes is not None:
        later = {one.product_id for one in found.changes} - {one.product_id for one in kept}
        uow.reviews.put_back(uow.jobs.get(job.undoes), shard, but=later)
    uow.jobs.mark(shard, n_tagged=found.n_products, n_changed=len(kept))
    uow.commit()
    return len(kept)


def _taken_back(uow: UnitOfWork, undone: int, shard: Shard) -> Looked:
    changes = [one.back for one in uow.jobs.changes(undone, shard)]
    return Looked(len(changes), changes)


def _tagged(
    uow: UnitOfWork, job: Job, tree: Tree, tag: Tag | None, shard: Shard, stop: Callable[[], bool]
) -> Looked | None:
    stored = uow.jobs.meant(shard)
    said: Mapping[ProductId, Assignment | Suggestion] = {}
    if tag is not None:
        products = uow.catalogs.get(job.catalog, list(stored))
        uow.commit()  # a model may take its time: no transaction stays open meanwhile
        said = {one.product_id: one for one in _say(tag, products, stop)}
        if stop():
            return None
    head = uow.trees.head(job.taxonomy)  # what came back to life since keeps its products
    kept = {at: one if one and one.node_id in head else _live(tree, one) for at, one in stored.items()}
    given = {at: one for at, one in said.items() if isinstance(one, Assignment)}
    changes = (Change(at, one, given.get(at) or kept[at]) for at, one in stored.items())
    return Looked(len(stored), [one for one in changes if one.is_real], said)


def _say(
    tag: Tag, products: Sequence[Product], stop: Callable[[], bool]
) -> Iterator[Assignment | Suggestion]:
    rest = iter(products)
    while not stop() and (batch := list(islice(rest, _STEP))):
        for one in tag(batch):
            if one is not None:
                yield one


def _live(tree: Tree, one: Assignment | None) -> Assignment | None:
    """The same under the live id; unchanged where the tree knows none."""
    if one is None or one.node_id in tree:
        return one
    try:
        live = tree.resolve(one.node_id)
    except UnknownId:  # of before a restore, or of another tree: reads do not show it either
        return one
    return one if live == ROOT_ID else replace(one, node_id=live, tree_version=tree.version)


def _add(one: Worked, other: Worked) -> Worked:
    return Worked(
        one.n_shards + other.n_shards, one.n_tagged + other.n_tagged, one.n_changed + other.n_changed
    )


@contextmanager
def _renewed(open_uow: Callable[[], UnitOfWork], worker: str, lease_s: float) -> Iterator[None]:
    """Renew the worker's leases as long as the block lasts."""
    ended = Event()

    def renew() -> None:
        while not ended.wait(lease_s / 3):
            try:
                with open_uow() as uow:
                    uow.jobs.renew(worker, lease_s=lease_s)
                    uow.commit()
            except DatabaseUnavailable:
                return  # the worker meets the same and says so

    thread = Thread(target=renew, name=f"lease of {worker}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
