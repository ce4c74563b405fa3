"""`shelftree train` and `classify`: learn from a labelled catalogue and use it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import write_table
from taxonomy.errors import InputError
from taxonomy.service import reviewing
from taxonomy.service.placing import place_by_model
from taxonomy.tree import Tree
from ui.cli.options import CATALOGUES, AsJson, CatalogName, Device, Map, ModelDir, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import head, n_rejected, products_of
from ui.cli.teaching import Taught
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.classify.drift import Shift, Watch
    from ingest.classify.predict import Classifier, Prediction
    from ingest.jobs.questions import Questions

__all__ = ["classify", "train"]

MaybeFile = Annotated[Path | None, typer.Argument(help=CATALOGUES)]
Precision = Annotated[
    float,
    typer.Option("--precision", min=0.5, max=0.999, help="How often a given category must be right."),
]
COLUMNS = ("product_id", "category_path", "probability", "decision", "leaf_path", "leaf_probability")
DECISIONS = ("accept", "backoff", "review")


def train(
    file: MaybeFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")] = Path("model"),
    base: Annotated[
        str, typer.Option("--base", envvar="SHELFTREE_BASE_MODEL", help="Model folder or Hugging Face id.")
    ] = "",
    start: Annotated[
        Path | None, typer.Option("--from", help="A trained model to go on from, in minutes.")
    ] = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the products.")] = None,
    hold_out: Annotated[
        float | None,
        typer.Option(
            "--hold-out", min=0.0, max=0.9, help="Share of products that no split holds out. [default: 0.15]"
        ),
    ] = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a classifier on products that have a category.

    A `split` column is honoured: `train` rows train, `valid` rows calibrate. Without one, a part of the
    products is held out to calibrate on, near-duplicates on one side; a model that is to promise nothing,
    like one for `build --seed TREE --model`, needs next to none. Stop it at any time; `--resume` goes on.
    With --taxonomy the categories are those of its tree as it stands, published or not, as for `classify`.
    With --catalog and --taxonomy, what people placed and answered counts before the catalogue's own category.

    --from begins at a model that was trained before, in place of --base: give it the whole catalogue, with
    what was added since, and it takes 2 epochs in small steps. What it knows of categories that have no
    product here is kept.

    Example: shelftree train products.csv --out model
    """
    if start and base:
        raise InputError("--from and --base exclude each other: a trained model brings its own base")
    from ingest.train.finetune import finetune
    from ingest.train.settings import TrainSettings

    settings = TrainSettings(valid_share=hold_out)
    if start:
        settings = settings.going_on()
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = products_of(app, file, catalog, bar, map_=map_)
        tree = head(app, taxonomy) if taxonomy else None  # people's answers name nodes not published yet
        taught = Taught(app, products, catalog=catalog, taxonomy=taxonomy, tree=tree)
        report = finetune(
            taught,
            out=out,
            base=base or None,
            start=start,
            tree=tree,
            settings=settings,
            device=app.settings.device,
            resume=resume,
            learnt=lambda: taught.learnt,
            cache=app.cache,
            progress=bar,
        )
        rejected = n_rejected(products, bar)
    summary = {"model": out, **asdict(report), "rejected": rejected, "learnt_from": taught.learnt.origins}
    finish(summary, as_json=as_json)


def classify(
    file: MaybeFile = None,
    model: ModelDir = Path("model"),
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; the ending says the format.")
    ] = None,
    precision: Precision = 0.95,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    review_backoffs: Annotated[
        bool, typer.Option("--review-backoffs", help="Ask people about backed-off products, too.")
    ] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Give each product the deepest category that is safe, and send the rest to review.

    Of the categories given, a share of --precision is the right one or stands above it. With --taxonomy they
    are those of its tree as it stands, edits included. With --catalog and without --out the results go to the
    store: what people placed stays where it is, and what goes to review is what `shelftree review` asks
    people about, in the order of what an answer is worth. Texts of which the model can know nothing go to
    review, too; when products no longer look like those that it was calibrated on, it says so.

    Example: shelftree classify products.csv --model model --out classified.csv
    """
    if out is None and not (catalog and taxonomy):
        raise InputError(
            "say where results go: --out FILE, or --catalog NAME with --taxonomy NAME for the store"
        )
    if review_backoffs and out:
        raise InputError("--review-backoffs asks people through the store: leave --out out")
    from ingest.jobs.questions import Questions  # with it come the libraries of the model

    n_asked: int | None = None
    tally = Counter[str]()
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = products_of(app, file, catalog, bar, map_=map_)
        stored = head(app, taxonomy) if taxonomy else None
        classifier = app.classifier(model, stored, catalog=catalog, taxonomy=taxonomy)
        questions = Questions(classifier, backoffs=review_backoffs)
        bar.start("classifying")
        watch = classifier.watch()
        heard = questions.hearing(classifier.predict(questions.reading(products), precision=precision))
        found = _tallied(heard, tally, bar, watch)
        if stored and not out:
            n_asked = _keep(app, catalog, taxonomy, found, classifier, questions, bar)
        elif out:
            write_table(out, COLUMNS, (_row(one, classifier.tree) for one in found))
        rejected = n_rejected(products, bar)
        drift = watch.drift() if watch else None
        is_vouched_for = classifier.vouches_for(precision)
        _warn(bar, drift.shifts if drift else (), None if is_vouched_for else precision)
    summary: dict[str, object] = {"classified": tally.total(), **{kind: tally[kind] for kind in DECISIONS}}
    summary["rejected"] = rejected
    if not is_vouched_for:
        summary["vouched_for"] = False
    if n_asked is not None:
        summary["to_ask"] = n_asked
    if as_json and drift is not None:
        shifts = [asdict(one) for one in drift.shifts]
        summary["drift"] = {"alarming": drift.alarming if drift.is_known else None, "shifts": shifts}
    finish({**summary, "out": out or f"taxonomy {taxonomy}"}, as_json=as_json)


def _tallied(
    found: "Iterable[Prediction]", tally: Counter[str], bar: Bar, watch: "Watch | None"
) -> "Iterator[Prediction]":
    for one in found:
        tally[one.decision] += 1
        if watch:
            watch.see(one)
        bar.advance()
        yield one


def _keep(
    app: App,
    catalog: str,
    taxonomy: str,
    found: "Iterable[Prediction]",
    classifier: "Classifier",
    questions: "Questions",
    bar: Bar,
) -> int:
    """Place products in the store, and put the rest to people; how many are asked about."""
    from ingest.jobs.worker import assignment

    with app.uow() as uow:
        given = (assignment(one, classifier) for one in found)
        place_by_model(uow, catalog, taxonomy, (one for one in given if one is not None))
        placed = uow.assignments.placed(catalog, taxonomy, questions.product_ids)
        asked = questions.suggestions(without=placed, progress=bar)
        return reviewing.fill(uow, catalog, taxonomy, asked)


def _warn(bar: Bar, shifts: "Sequence[Shift]", out_of_reach: float | None) -> None:
    """Say how products differ from those of the calibration, and which precision is out of reach."""
    for shift in shifts:
        bar.note(shift.sentence)
    if out_of_reach is not None:
        bar.note(
            f"everything goes to review: the model was calibrated on too few products to vouch for a"
            f" precision of {out_of_reach:g}; ask for less, or train with more products of split `valid`"
        )


def _row(one: "Prediction", tree: Tree) -> tuple[str | float, ...]:
    given = tree.label(one.node_id) if one.node_id else ""
    leaf = tree.label(one.leaf_id)
    return (
        one.product_id, given, round(one.probability, 6), one.decision, leaf, round(one.leaf_probability, 6)
    )  # fmt: skip
