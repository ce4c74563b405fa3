"""`shelftree evaluate`: a model, a router or a reranker beside what people say."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.evaluate.baselines import Peer
from ingest.readers import Catalog
from ingest.train.settings import TrainSettings
from taxonomy.errors import FileError, InputError
from taxonomy.product import Product
from ui.cli.evaluate_build import evaluate_trees
from ui.cli.figures import readable
from ui.cli.models import MaybeFile, Precision
from ui.cli.options import AsJson, CatalogName, Device, Map, TaxonomyName
from ui.cli.output import finish
from ui.cli.peers import Peers, parse_peers, run_peer
from ui.cli.progress import Bar
from ui.cli.sources import StoredProducts, products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.classify.predict import Classifier

__all__ = ["evaluate"]


KEPT_OUT = ("train", "valid")  # the first is not judged; the second, for whoever judges by it, is no secret
CHUNK = 2048  # products in memory at a time


class Task(StrEnum):
    """What is measured."""

    CLASSIFY = "classify"
    ROUTE = "route"
    RERANK = "rerank"
    ATTRIBUTES = "attributes"
    BUILD = "build"


_WITH_PAGE = (Task.CLASSIFY, Task.BUILD)  # they write their own reports


def evaluate(
    file: MaybeFile = None,
    task: Annotated[Task, typer.Option("--task", help="What to measure.")] = Task.CLASSIFY,
    model: Annotated[Path | None, typer.Option("--model", help="Folder that `train` wrote.")] = None,
    tree: Annotated[
        Path | None,
        typer.Option("--tree", help="For route: the tree's file; for build: what `--tree` wrote."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="For build: another tree to compare it with.")
    ] = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Folder for the figures as JSON, of classify and build a page, too."),
    ] = None,
    precision: Precision = 0.95,
    baselines: Peers = "",
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure on rows whose answer is known; rows of the split `train` are left out.

    classify needs products with a category; route a file of query and category_path, and a tree; rerank a
    file of query, product_id, title and relevance. attributes needs columns to compare with, as brand
    or colour; it learns from the rows of split `train`, unless --model names what `attributes --save` wrote.

    build measures a tree that `build --tree` wrote by its products, without labels: how alike they are inside
    a category, how well names fit, which categories to look at first. With --against, two trees over the
    same products are compared; --report writes every category and every product that stands elsewhere, and
    build.html to look at them.

    With --report, classify writes classify.html as well: figures by level and branch, confusions, likely
    label errors, twins that stand apart. --baselines are trained on the rows of split `train` and judged on
    those of split `valid`, in the same run.

    Example: shelftree evaluate products.csv --task classify --model model --report report
    """
    wanted = parse_peers(baselines)
    if report:
        _make(report)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        if task is Task.CLASSIFY:
            products = products_of(app, file, catalog, bar, map_=map_)
            summary = _classify(app, products, _needed(model, "--model"), precision, wanted, report, bar)
        elif task is Task.ATTRIBUTES:
            summary = _attributes(products_of(app, file, catalog, bar, map_=map_), model, bar)
        elif task is Task.BUILD:
            products = products_of(app, file, catalog, bar, map_=map_)
            summary = _build(app, products, _needed(tree, "--tree"), against, report, bar)
        elif task is Task.ROUTE:
            summary = _route(app, _needed(file, "FILE"), tree, taxonomy, model)
        else:
            summary = _rerank(app, _needed(file, "FILE"), model)
    if report and task not in _WITH_PAGE:
        _write(report / f"{task}.json", json.dumps(summary, indent=2, ensure_ascii=False))
    shown = {"attributes": summary} if task is Task.ATTRIBUTES else summary
    finish(summary, as_json=as_json, text=readable(shown))


def _classify(
    app: App,
    products: Iterable[Product],
    model: Path,
    precision: float,
    peers: Sequence[Peer],
    folder: Path | None,
    bar: Bar,
) -> dict[str, object]:
    """The figures; with a folder, the whole report is written to it."""
    from ingest.evaluate.classify import evaluate as measure
    from ingest.evaluate.report.examine import examine
    from ingest.evaluate.report.page import render

    classifier = app.classifier(model)
    baselines = [run_peer(app, peer, products, TrainSettings(), bar) for peer in peers]
    if folder is None:
        figures = measure(classifier, products, precision=precision, progress=bar)
    else:
        report = examine(
            classifier,
            products,
            precision=precision,
            source=_source(products),
            baselines=baselines,
            progress=bar,
        )
        _write(folder / "classify.json", report.to_json())
        _write(folder / "classify.html", render(report))
        figures = report.figures
    summary = {
        **asdict(figures),
        "coverage": figures.coverage,
        "learnt": _n_learnt(model, classifier, products),
    }
    if summary["learnt"]:
        bar.note(
            f"{summary['learnt']} of {figures.leaf.n_products} products were in the training: new ones will"
            " get worse figures; keep some out by `test` or `valid` in a column `split`"
        )
    return summary | ({"baselines": [asdict(one) for one in baselines]} if baselines else {})


def _build(
    app: App, products: Iterable[Product], tree: Path, against: Path | None, folder: Path | None, bar: Bar
) -> dict[str, object]:
    """The figures; with a folder, the whole report is written to it."""
    from ingest.evaluate.report.trees_page import render_trees

    found = evaluate_trees(app, list(products), tree, against, bar, source=_source(products))
    if folder:
        _write(folder / "build.json", found.to_json())
        _write(folder / "build.html", render_trees(found))
    return found.summary()


def _n_learnt(folder: Path, classifier: "Classifier", products: Iterable[Product]) -> int:
    """How many products that were judged had been in the training and are not of split `valid`."""
    from ingest.train.provenance import Seen

    if (seen := Seen.load(folder, revision=classifier.revision)) is None:
        return 0
    rows = (one for one in products if one.category_path and one.part not in KEPT_OUT)
    n = 0
    while batch := list(islice(rows, CHUNK)):
        n += int(seen.of_products(batch).sum())
    return n


def _source(products: Iterable[Product]) -> str:
    """What the catalogue is called on the page."""
    if isinstance(products, StoredProducts):
        return products.name
    return products.path.name if isinstance(products, Catalog) else "the catalogue"


def _make(folder: Path) -> None:
    """The report's folder; made before the work, so that none is lost for want of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            folder, f"no folder for a report ({error.strerror}): name another --report"
        ) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error


def _route(app: App, file: Path, tree: Path | None, taxonomy: str, model: Path | None) -> dict[str, object]:
    from ingest.evaluate.route import evaluate_route, read_route_cases

    cases = read_route_cases(file)
    return asdict(evaluate_route(app.router_of(file=tree, taxonomy=taxonomy, model=model), cases))


def _rerank(app: App, file: Path, model: Path | None) -> dict[str, object]:
    from ingest.evaluate.rerank import evaluate_rerank, read_judgements

    judged = read_judgements(file)
    titles = (one.title for group in judged for one in group.candidates)
    return asdict(evaluate_rerank(app.reranker(titles, model=model), judged))


def _attributes(products: Iterable[Product], model: Path | None, bar: Bar) -> dict[str, object]:
    from ingest.attributes import Extractor
    from ingest.evaluate.attributes import evaluate_attributes

    extractor = Extractor.load(model) if model else None
    scores = evaluate_attributes(products, extractor=extractor, progress=bar)
    return {name: asdict(score) for name, score in scores.items()}


def _needed(given: Path | None, name: str) -> Path:
    if given is None:
        raise InputError(f"this task needs {name}: see `shelftree evaluate --help`")
    return given
