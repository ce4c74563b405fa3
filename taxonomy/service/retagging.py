"""Re-tagging: what edits made stale is tagged again, as a job that can be stopped, resumed and rolled back.

A job is pinned to a tree version and a model. When the tree moves on meanwhile, its results stay right, since
reads follow redirects; what the newer edits made stale is for the next job.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from taxonomy.codec import edit_from_json
from taxonomy.errors import InputError
from taxonomy.jobs import Job, JobKind, JobState, Tally
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.service import history
from taxonomy.staleness import stale_nodes
from taxonomy.tree import Tree

__all__ = ["Model", "Plan", "Report", "begin", "plan", "resume", "roll_back", "status"]

SHARD_SIZE = 2000  # products that a killed worker has to do again: seconds
_FAR = 10_000  # jobs looked back on for the last finished one


@dataclass(frozen=True, slots=True)
class Model:
    """The model to tag with: its revision, its folder, and how often a node that it gives must be right."""

    revision: str
    folder: str
    precision: float = 0.95


@dataclass(frozen=True, slots=True)
class Plan:
    """What a re-tagging would do.

    `job` is None where there is nothing to do; `n_stale_nodes` counts categories, `n_left_to_people` the
    products that are left alone because a person placed them.
    """

    job: Job | None
    since: int
    tree_version: int
    n_stale_nodes: int
    tally: Tally = field(default_factory=Tally)
    n_left_to_people: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A job, how far it is, and by how many versions its tree has moved on."""

    job: Job
    tally: Tally
    n_versions_behind: int


def plan(
    uow: UnitOfWork,
    catalog: str,
    taxonomy: str,
    *,
    since: int | None = None,
    model: Model | None = None,
    everything: bool = False,
    shard_size: int = SHARD_SIZE,
) -> Plan:
    """Plan the re-tagging of what became stale, and commit; people's placements are left out.

    Parameters
    ----------
    since : int, optional
        The version up to which products are tagged; by default that of the last finished job which was as
        thorough, or else the lowest among the catalogue's assignments.
    model : Model, optional
        Says anew where stale products belong, and those that stand nowhere. Without one, ids that were
        retired are replaced by the live ones that they lead to.
    everything : bool
        All products, not only those that edits since then made stale.

    Raises
    ------
    InputError
        The tree never was at version `since`.
    UnknownId
        There is no such taxonomy or catalogue.
    """
    tree = uow.trees.head(taxonomy)
    tagged = _last_tagged(uow, catalog, taxonomy, tree, thorough=model is not None)
    start = tagged if since is None else since
    if not 0 <= start <= tree.version:
        raise InputError(f"there is no version {start} to start from: the tree is at version {tree.version}")
    stale = frozenset(tree.nodes) if everything else _stale(uow, taxonomy, start, tree)
    if not stale:
        return Plan(None, start, tree.version, 0)
    job = Job(taxonomy, catalog, JobKind.STRUCTURE, start, tree.version, everything=everything)
    if model is None:
        job = uow.jobs.add(job, tree, _retired(tree, stale), shard_size=shard_size)
    else:
        node_ids = None if everything else _leading_to(tree, stale)
        job = uow.jobs.add(_with(job, model), tree, node_ids, shard_size=shard_size)
    tally, n_left = uow.jobs.tally(job.id), uow.jobs.left_to_people(job.id)
    if not tally.n_shards:
        uow.rollback()
        return Plan(None, start, tree.version, len(stale), tally, n_left)
    uow.commit()
    return Plan(job, start, tree.version, len(stale), tally, n_left)


def begin(uow: UnitOfWork, job_id: int) -> Job:
    """Let a planned job run, and commit; one that was begun already goes on.

    Raises
    ------
    InputError
        It is finished or rolled back, or another job of the catalogue and taxonomy is running.
    UnknownId
        There is no such job.
    """
    return _run(uow, job_id, (JobState.PLANNED, JobState.RUNNING), "apply")


def resume(uow: UnitOfWork, job_id: int) -> Job:
    """Let a job that was stopped go on, shards that were given up included, and commit.

    Raises
    ------
    InputError
        It was not begun, or is finished or rolled back.
    UnknownId
        There is no such job.
    """
    return _run(uow, job_id, (JobState.RUNNING,), "resume")


def roll_back(uow: UnitOfWork, job_id: int) -> Job:
    """The running job that takes another back, and commit; workers do it.

    Only products that are still stored as the job wrote them get back what was before: what a later job, or
    anybody else, wrote since stays.

    Raises
    ------
    InputError
        The job wrote nothing yet, is a rollback, is rolled back already, or another job is running.
    UnknownId
        There is no such job.
    """
    job = uow.jobs.lock(job_id)
    if job.kind is JobKind.ROLLBACK:
        raise InputError(f"job {job_id} takes back job {job.undoes}: to do that again, plan a new job")
    _require(job, (JobState.RUNNING, JobState.FINISHED), "roll back")
    _require_alone(uow, job)
    uow.jobs.withdraw(job_id)
    back = replace(job, kind=JobKind.ROLLBACK, state=JobState.RUNNING, undoes=job_id)
    back = uow.jobs.add(back, None, (), shard_size=SHARD_SIZE)
    uow.commit()
    return back


def status(uow: UnitOfWork, *, job_id: int | None = None, limit: int = 20) -> list[Report]:
    """Jobs with how far they are, newest first; one of them if an id is given.

    Raises
    ------
    UnknownId
        There is no such job.
    """
    jobs = uow.jobs.log(limit=limit) if job_id is None else [uow.jobs.get(job_id)]
    heads = {name: uow.trees.head(name).version for name in {one.taxonomy for one in jobs}}
    return [Report(one, uow.jobs.tally(one.id), heads[one.taxonomy] - one.tree_version) for one in jobs]


def _with(job: Job, model: Model) -> Job:
    return replace(
        job,
        kind=JobKind.MODEL,
        model_revision=model.revision,
        model_dir=model.folder,
        precision=model.precision,
    )


def _run(uow: UnitOfWork, job_id: int, states: Iterable[JobState], verb: str) -> Job:
    job = uow.jobs.lock(job_id)
    _require(job, states, verb)
    _require_alone(uow, job)
    uow.jobs.start(job_id)
    uow.commit()
    return uow.jobs.get(job_id)


_WHY_NOT = {
    JobState.PLANNED: "it was not begun: `shelftree retag apply {id}` does",
    JobState.RUNNING: "it is running",
    JobState.FINISHED: "it is finished: plan a new one",
    JobState.ROLLED_BACK: "it is rolled back: plan a new one",
}


def _require(job: Job, states: Iterable[JobState], verb: str) -> None:
    if job.state not in states:
        raise InputError(f"cannot {verb} job {job.id}: {_WHY_NOT[job.state].format(id=job.id)}")


def _require_alone(uow: UnitOfWork, job: Job) -> None:
    """Two jobs at once would write the same products, each in its own time."""
    for other in uow.jobs.log(catalog=job.catalog, taxonomy=job.taxonomy, limit=_FAR):
        if other.state is JobState.RUNNING and other.id != job.id:
            raise InputError(
                f"job {other.id} of {job.catalog} and {job.taxonomy} is running: `shelftree retag resume"
                f" {other.id}` ends it, `shelftree retag rollback {other.id}` takes it back"
            )


def _last_tagged(uow: UnitOfWork, catalog: str, taxonomy: str, tree: Tree, *, thorough: bool) -> int:
    """The version up to which products are tagged: what was rolled back since is to be done again."""
    undone: list[int] = []
    for job in uow.jobs.log(catalog=catalog, taxonomy=taxonomy, limit=_FAR):
        if job.kind is JobKind.ROLLBACK:
            undone.append(job.since)
        elif job.state is JobState.FINISHED and (job.kind is JobKind.MODEL or not thorough):
            return min([job.tree_version, *undone])
    oldest = uow.jobs.oldest_version(catalog, taxonomy)
    return tree.version if oldest is None else oldest


def _stale(uow: UnitOfWork, taxonomy: str, since: int, tree: Tree) -> frozenset[NodeId]:
    steps = uow.changes.steps(taxonomy, after=since, until=tree.version)
    edits = [edit_from_json(row.edit) for row in steps]
    return stale_nodes(edits, history.at(uow, taxonomy, since), tree) if edits else frozenset()


def _leading_to(tree: Tree, stale: frozenset[NodeId]) -> frozenset[NodeId]:
    """The ids under which products of stale nodes, or of none, may be stored."""
    return stale | {at for at in tree.redirects if (live := tree.resolve(at)) in stale or live == ROOT_ID}


def _retired(tree: Tree, stale: frozenset[NodeId]) -> frozenset[NodeId]:
    """The retired ids that lead to stale nodes."""
    return frozenset(at for at in tree.redirects if tree.resolve(at) in stale)
