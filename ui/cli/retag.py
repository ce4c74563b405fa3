"""`shelftree retag`: tag again what edits made stale, by jobs that can be stopped and rolled back."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ingest.jobs.run_local import Stop, run_local
from taxonomy.errors import InputError, ModelError, StoreError
from taxonomy.jobs import Job, JobKind
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product
from taxonomy.review import Suggestion
from taxonomy.service import retagging, reviewing
from taxonomy.service.tagging import LEASE_S, Tag, work
from taxonomy.text import product_text
from ui.cli.options import AsJson
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.wiring import App

__all__ = ["retag"]

retag = typer.Typer(
    no_args_is_help=True,
    help="""Tag a catalogue again after its tree or its model changed: plan a job, then apply it.

Jobs run on this machine. What people placed stays where it is.""",
)

JobId = Annotated[int, typer.Argument(help="A job, as `shelftree retag status` lists them.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Processes side by side; each loads the model.")
]
Lease = Annotated[
    float,
    typer.Option("--lease", min=0.5, help="Seconds until what a killed worker left is taken by another."),
]


def _here(executor: str) -> str:
    if executor != "local":
        raise InputError(f"--executor {executor}: jobs run on this machine only for now, as `local`")
    return executor


Executor = Annotated[str, typer.Option("--executor", callback=_here, help="Where: local.")]


@retag.command()
def plan(
    catalog: Annotated[str, typer.Option("--catalog", help="The catalogue.")],
    name: Annotated[str, typer.Option("--name", help="The taxonomy.")],
    since: Annotated[
        int | None, typer.Option("--since", help="The version up to which products are tagged.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="By default the model of the current release.")
    ] = None,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Only replace retired ids by those that they lead to.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All products, stale or not.")] = False,
    precision: Annotated[
        float,
        typer.Option("--precision", min=0.5, max=0.999, help="How often a given category must be right."),
    ] = 0.95,
    as_json: AsJson = False,
) -> None:
    """Say which products edits made stale, and make a job for them; nothing is tagged yet.

    Stale is what stands in the subtrees that were edited since the last finished job, or, before the first,
    since the catalogue was tagged. A model looks at stale products anew, and at those that stand nowhere;
    without a model, ids that were retired are replaced by the live ones that they lead to.

    Example: shelftree retag plan --catalog shop --name home
    """
    if model and no_model:
        raise InputError("--model and --no-model exclude each other: give one of them")
    with App.open() as app, app.uow() as uow:
        chosen = None if no_model else _model(app, name, model, precision)
        made = retagging.plan(uow, catalog, name, since=since, model=chosen, everything=everything)
        last = _last_revision(uow.jobs.log(catalog=catalog, taxonomy=name), made.job)
    notes = []
    if chosen is None:
        notes.append("without a model, products keep their place: only ids that were retired are replaced")
    elif last not in ("", chosen.revision) and not everything:
        notes.append("the model is another than the last job's: --all tags all products again")
    if made.job is None:
        notes.append("there is nothing to tag again")
    summary: dict[str, object] = {
        "job": made.job.id if made.job else None,
        "kind": made.job.kind if made.job else None,
        "since": made.since,
        "tree_version": made.tree_version,
        "model": chosen.revision if chosen else None,
        "stale_categories": made.n_stale_nodes,
        "products": made.tally.n_products,
        "left_to_people": made.n_left_to_people,
        "shards": made.tally.n_shards,
        "notes": notes,
    }
    if made.job:
        summary["next"] = f"shelftree retag apply {made.job.id}"
    finish(summary, as_json=as_json)


@retag.command()
def apply(
    job: JobId,
    workers: Workers = 1,
    lease: Lease = LEASE_S,
    executor: Executor = "local",
    as_json: AsJson = False,
) -> None:
    """Do a planned job. Stop it at any time: `resume` goes on.

    What a model is not sure of keeps its place, and is what `shelftree review` asks people about.

    Example: shelftree retag apply 1 --workers 2
    """
    _do(retagging.begin, job, workers, lease, as_json=as_json)


@retag.command()
def resume(
    job: JobId,
    workers: Workers = 1,
    lease: Lease = LEASE_S,
    executor: Executor = "local",
    as_json: AsJson = False,
) -> None:
    """Go on with a job, or a rollback, that was stopped or killed; each product is tagged once."""
    _do(retagging.resume, job, workers, lease, as_json=as_json)


@retag.command()
def rollback(
    job: JobId,
    workers: Workers = 1,
    lease: Lease = LEASE_S,
    executor: Executor = "local",
    as_json: AsJson = False,
) -> None:
    """Give products back the assignment and the question that they had before a job, unless changed since.

    This is a job itself: `resume` goes on with it when it was stopped.
    """
    _do(retagging.roll_back, job, workers, lease, as_json=as_json)


@retag.command()
def status(
    job: Annotated[int | None, typer.Argument(help="One job; without it the latest.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many jobs.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first: state, shards done, products changed, speed, errors."""
    with App.open() as app, app.uow() as uow:
        reports = retagging.status(uow, job_id=job, limit=limit)
    lines = "\n".join(map(_line, reports))
    finish({"jobs": [_summary(one) for one in reports]}, as_json=as_json, text=lines or "No jobs yet.")


def _model(app: App, taxonomy: str, folder: Path | None, precision: float) -> retagging.Model | None:
    """The model to tag with: the one given, else that of the release; None where that has none."""
    with app.uow() as uow:
        tree = uow.trees.head(taxonomy)
        if folder is None:
            current = uow.releases.current(taxonomy)
            if current is None or not current[0].model_dir:
                return None
            folder = Path(current[0].model_dir)
            if not folder.is_dir():
                raise ModelError(
                    f"{folder}, the model of release {current[0].id}, is not on this machine: give --model,"
                    " or --no-model"
                )
    return retagging.Model(app.model_revision(folder, tree), str(folder.resolve()), precision)


def _last_revision(jobs: list[Job], made: Job | None) -> str:
    """The model of the latest job before this one that had a model."""
    earlier = (one for one in jobs if made is None or one.id != made.id)
    return next((one.model_revision for one in earlier if one.kind is JobKind.MODEL), "")


def _do(
    begin: Callable[[UnitOfWork, int], Job], job_id: int, n_workers: int, lease_s: float, *, as_json: bool
) -> None:
    """Begin a job or a rollback, have workers do it, and say what came of it."""
    with App.open() as app, Bar(quiet=as_json) as bar:
        with app.uow() as uow:
            job = begin(uow, job_id)
            (before,) = retagging.status(uow, job_id=job.id)
        if before.n_versions_behind:
            bar.note(_behind(before))
        bar.start(f"job {job.id}: {job.kind}", before.tally.n_products)
        try:
            failures = run_local(partial(_work, job.id, lease_s), n_workers, tick=_ticker(app, job.id, bar))
        except KeyboardInterrupt:
            bar.note(f"`shelftree retag resume {job.id}` goes on")
            raise
        with app.uow() as uow:
            (report,) = retagging.status(uow, job_id=job.id)
        _require_done(report, failures)
        if job.kind is JobKind.MODEL:
            _order_queue(app, job, bar)
        for one in failures:
            bar.note(f"{one}; the others did its part")
    finish(_summary(report), as_json=as_json)


def _order_queue(app: App, job: Job, bar: Bar) -> None:
    """Workers ask about the products of a shard; which of all is worth most is known at the end."""
    from ingest.jobs.questions import in_order

    def order(products: Sequence[Product], asked: Sequence[Suggestion]) -> list[Suggestion]:
        bar.start("finding what to ask first")
        texts, labels = [product_text(one) for one in products], [one.category_path for one in products]
        return in_order(app.encoder_of(Path(job.model_dir)), asked, texts, labels)

    with app.uow() as uow:
        reviewing.reorder(uow, job.catalog, job.taxonomy, order)


def _ticker(app: App, job_id: int, bar: Bar) -> Callable[[], None]:
    """Advances the bar by what the workers tagged since it was last asked."""
    seen = 0

    def tick() -> None:
        nonlocal seen
        with app.uow() as uow:
            n_tagged = uow.jobs.tally(job_id).n_tagged
        bar.advance(n_tagged - seen)
        seen = n_tagged

    return tick


def _work(job_id: int, lease_s: float, worker: str, stop: Stop) -> None:
    """The whole life of a worker, in a process of its own."""
    warnings.filterwarnings("ignore")
    with App.open() as app:
        with app.uow() as uow:
            job = uow.jobs.get(job_id)
        work(app.uow, job_id, worker, tag=_tag(app, job), lease_s=lease_s, stop=stop)


def _tag(app: App, job: Job) -> Tag | None:
    """What the job's model says, on the job's tree.

    Raises
    ------
    ModelError
        The folder is gone, or holds another model by now.
    """
    if job.kind is not JobKind.MODEL:
        return None
    from ingest.jobs.worker import tagger

    with app.uow() as uow:
        tree = uow.jobs.tree(job.id)
    classifier = app.classifier(Path(job.model_dir), tree, catalog=job.catalog, taxonomy=job.taxonomy)
    if classifier.revision != job.model_revision:
        raise ModelError(
            f"{job.model_dir} holds another model than when job {job.id} was planned: put that one back, or"
            " plan a new job"
        )
    return tagger(classifier, precision=job.precision)


def _require_done(report: retagging.Report, failures: list[str]) -> None:
    """A job that did not get through is an error, which says how to go on."""
    job, tally = report.job, report.tally
    again = f"then `shelftree retag resume {job.id}`"
    if tally.n_failed:
        raise StoreError(
            f"job {job.id}: {tally.n_failed} of {tally.n_shards} shards failed three times"
            f" ({'; '.join(tally.errors)}): mend that, {again}"
        )
    if tally.n_done < tally.n_shards:
        raise StoreError(f"job {job.id} is not through: {'; '.join(dict.fromkeys(failures))}: {again}")


def _behind(report: retagging.Report) -> str:
    return (
        f"the tree has moved on by {report.n_versions_behind} versions since version"
        f" {report.job.tree_version}, which this job writes; redirects keep reads right, and the next plan"
        " catches up"
    )


def _summary(report: retagging.Report) -> dict[str, object]:
    job, tally = report.job, report.tally
    return {
        "job": job.id,
        "state": job.state,
        "kind": job.kind,
        "catalog": job.catalog,
        "taxonomy": job.taxonomy,
        "since": job.since,
        "tree_version": job.tree_version,
        "undoes": job.undoes,
        "model": job.model_revision or None,
        "shards": tally.n_shards,
        "shards_done": tally.n_done,
        "shards_failed": tally.n_failed,
        "products": tally.n_products,
        "products_tagged": tally.n_tagged,
        "products_changed": tally.n_changed,
        "products_per_s": round(tally.products_per_s, 1),
        "errors": list(tally.errors),
        "notes": [_behind(report)] if report.n_versions_behind else [],
    }


def _line(report: retagging.Report) -> str:
    job, tally = report.job, report.tally
    what = f"takes back job {job.undoes}" if job.undoes else f"{job.kind} v{job.since}..v{job.tree_version}"
    parts = [
        f"{job.id:>4}  {job.state:11} {job.catalog} in {job.taxonomy}: {what}",
        f"{tally.n_done}/{tally.n_shards} shards",
        f"{tally.n_changed} of {tally.n_products} products changed",
        f"{tally.products_per_s:.0f} products/s",
        *tally.errors,
    ]
    return ", ".join(parts)
