"""`shelftree train` and `classify`: learn from a labelled catalogue and use it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import write_table
from taxonomy.errors import InputError
from taxonomy.service.placing import place_by_model
from taxonomy.tree import Tree
from ui.cli.options import CATALOGUES, AsJson, CatalogName, Device, Map, ModelDir, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import head, products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.classify.predict import Prediction

__all__ = ["classify", "train"]

MaybeFile = Annotated[Path | None, typer.Argument(help=CATALOGUES)]
Precision = Annotated[
    float,
    typer.Option("--precision", min=0.5, max=0.999, help="How often a given category must be right."),
]
COLUMNS = ("product_id", "category_path", "probability", "decision", "leaf_path", "leaf_probability")


def train(
    file: MaybeFile = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")] = Path("model"),
    base: Annotated[
        str, typer.Option("--base", envvar="SHELFTREE_BASE_MODEL", help="Model folder or Hugging Face id.")
    ] = "",
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the products.")] = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a classifier on products that have a category.

    A `split` column is honoured: `train` rows train, `valid` rows stop and calibrate. Without one, products
    are divided so that near-duplicates stay on one side. Stop it at any time; `--resume` goes on.

    Example: shelftree train products.csv --out model
    """
    from ingest.train.finetune import finetune
    from ingest.train.settings import TrainSettings

    settings = TrainSettings() if epochs is None else TrainSettings(epochs=epochs)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = products_of(app, file, catalog, bar, map_=map_)
        tree = app.tree(taxonomy=taxonomy) if taxonomy else None
        report = finetune(
            products,
            out=out,
            base=base or None,
            tree=tree,
            settings=settings,
            device=app.settings.device,
            resume=resume,
            cache=app.cache,
            progress=bar,
        )
    finish({"model": out, **asdict(report)}, as_json=as_json)


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
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Give each product the deepest category that is safe, and send the rest to review.

    Of the categories given, a share of --precision is the right one or stands above it. With --catalog and
    --taxonomy the results go to the store: what people placed stays where it is.

    Example: shelftree classify products.csv --model model --out classified.csv
    """
    if out is None and not (catalog and taxonomy):
        raise InputError(
            "say where results go: --out FILE, or --catalog NAME with --taxonomy NAME for the store"
        )
    from ingest.jobs.worker import assignment  # with it come the libraries of the model

    tally = Counter[str]()
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = products_of(app, file, catalog, bar, map_=map_)
        stored = head(app, taxonomy) if catalog and taxonomy else None
        classifier = app.classifier(model, stored)
        bar.start("classifying")
        found = _tallied(classifier.predict(products, precision=precision), tally, bar)
        if stored and not out:
            with app.uow() as uow:
                given = (assignment(one, classifier) for one in found)
                place_by_model(uow, catalog, taxonomy, (one for one in given if one is not None))
        elif out:
            write_table(out, COLUMNS, (_row(one, classifier.tree) for one in found))
    finish({"classified": tally.total(), **tally, "out": out or f"taxonomy {taxonomy}"}, as_json=as_json)


def _tallied(found: "Iterable[Prediction]", tally: Counter[str], bar: Bar) -> "Iterator[Prediction]":
    for one in found:
        tally[one.decision] += 1
        bar.advance()
        yield one


def _row(one: "Prediction", tree: Tree) -> tuple[str | float, ...]:
    given = tree.label(one.node_id) if one.node_id else ""
    leaf = tree.label(one.leaf_id)
    return (
        one.product_id, given, round(one.probability, 6), one.decision, leaf, round(one.leaf_probability, 6)
    )  # fmt: skip
