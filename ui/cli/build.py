"""`shelftree build`: grow a tree from the products alone."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cluster.shape import Shape
from ingest.readers import write_table
from taxonomy.errors import InputError, UnknownId
from taxonomy.formats import read_entries, tree_json
from taxonomy.ports import Floats
from taxonomy.product import Path as Labels
from taxonomy.product import Product, Source
from taxonomy.proposal import Report
from taxonomy.service import editing
from ui.cli.arrivals import NoiseWay, place_in, told
from ui.cli.known import Known, changes_said
from ui.cli.models import MaybeFile
from ui.cli.options import AsJson, CatalogName, Device, Map, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import head, products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.build import Built
    from ingest.cluster.outcome import Rebuilt

__all__ = ["build", "labels_of"]

_DEFAULTS = Shape()

_OF_BUILDS = (
    "keep",
    "churn",
    "seed",
    "seed_labels",
    "reference",
    "taxonomy",
    "depth",
    "max_children",
    "min_size",
    "random_seed",
)
"""Options that say how a tree is built."""


def build(
    context: typer.Context,
    file: MaybeFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write each product's category.")] = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", help="Where to write the tree as JSON: ids, members, centroids.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Levels at most.")] = _DEFAULTS.max_depth,
    max_children: Annotated[
        int, typer.Option("--max-children", min=2, help="Subcategories at most.")
    ] = _DEFAULTS.max_children,
    min_size: Annotated[
        int | None, typer.Option("--min-size", min=2, help="Products a category at least.")
    ] = None,
    random_seed: Annotated[int, typer.Option("--random-seed", help="The same seed gives the same tree.")] = 0,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="A tree that `build --tree` wrote: its nodes stay what they are."),
    ] = None,
    churn: Annotated[
        float | None,
        typer.Option("--churn", min=0, max=1, help="Share of nodes and products that may change (0.1)."),
    ] = None,
    seed: Annotated[
        Path | None,
        typer.Option("--seed", help="A taxonomy of any format to fill; gaps become new categories."),
    ] = None,
    seed_labels: Annotated[
        bool,
        typer.Option("--seed-labels", help="Products whose category_path is in the seed are examples of it."),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="For --seed: what `train` made of its categories; counts beside words."),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            help="A published taxonomy, file or name, whose labels may be names for what is found.",
        ),
    ] = "",
    noise: Annotated[
        NoiseWay,
        typer.Option(
            "--noise",
            help="What fits nowhere: say so, propose leaves of it, or attach it above the leaves.",
        ),
    ] = NoiseWay.KEEP,
    place: Annotated[
        Path | None,
        typer.Option("--place", help="A tree that --tree wrote: put the products into it, build nothing."),
    ] = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Grow a category tree from the products' text; their own categories are not looked at.

    Products that fit nowhere are said to be noise: their path is empty. With --catalog and --taxonomy the
    tree is proposed as a change set, which `shelftree taxonomy apply` or the app accepts; a taxonomy that has
    categories is gone on from: they stay, unless the products clearly say otherwise.

    Example: shelftree build products.csv --out placed.csv --tree tree.json
    """
    _require_target(context, out=out, place=place, is_stored=bool(catalog and taxonomy))
    if keep or seed:
        _refuse(context, ("max_children",), "a known tree has as many children as it has")

    shape = Shape(max_depth=depth, max_children=max_children, min_size=min_size)
    known = Known(keep, seed, seed_labels, churn, noise, reference, model)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = list(products_of(app, file, catalog, bar, map_=map_))
        if place and out:
            placed = place_in(app, products, place, out=out, tree=tree, way=noise, bar=bar)
            finish(placed, as_json=as_json)
            return
        basis = known.basis(app, products, catalog=catalog, taxonomy=taxonomy, progress=bar)
        labels = labels_of(app, reference) if reference else ()
        vectors = app.vectors(products, progress=bar)
        grown = None
        if basis:
            encode = app.encoder.encode
            grown = basis.grow(products, vectors, shape=shape, seed=random_seed, encode=encode, progress=bar)
            built = grown.built
        else:
            built = app.build(
                products,
                vectors,
                shape=shape,
                seed=random_seed,
                reference=labels,
                noise=noise.value,
                progress=bar,
            )
        change, quality = None, built.quality
        if catalog and taxonomy:
            report = _examined(app, products, vectors, built, grown, bar)
            quality = report.quality
            version = basis.version if basis else None
            change = _propose(app, built, catalog, taxonomy, report, grown=grown, version=version)
        if out:
            write_table(out, ("product_id", "category_path", "membership"), _rows(built))
        if tree:
            tree_json.write(tree, built.file(model_revision=app.encoder.revision))
    summary: dict[str, object] = {**asdict(quality), "out": out, "tree": tree, "change_set": change}
    if change is None:
        del summary["name_fit"]  # only a proposal's names are put to the encoder again
    summary |= {"noise": told(products, built.noise)} | _changes(built, grown, as_json=as_json)
    finish({name: value for name, value in summary.items() if value is not None}, as_json=as_json)


def _require_target(context: typer.Context, *, out: Path | None, place: Path | None, is_stored: bool) -> None:
    """What comes of it has somewhere to go."""
    if out is None and not is_stored:
        raise InputError(
            "say where it goes: --out FILE, or --catalog NAME with --taxonomy NAME for a proposal"
        )
    if place and not out:
        raise InputError("--place needs --out FILE: where each product's category is written")
    if place:
        _refuse(context, _OF_BUILDS, "--place puts products into a tree as it is and builds nothing")


def _refuse(context: typer.Context, options: Sequence[str], why: str) -> None:
    sources = ((one, context.get_parameter_source(one)) for one in options)
    given = [one for one, source in sources if source and source.name == "COMMANDLINE"]
    if given:
        raise InputError(f"{why}: leave out {', '.join(f'--{one}' for one in given).replace('_', '-')}")


def labels_of(app: App, reference: str) -> list[Labels]:
    """The paths of a taxonomy that is a file, or else one of the store."""
    file = Path(reference)
    if file.suffix or file.exists():
        return [entry.path for entry in read_entries(file)]
    tree = head(app, reference)
    return [tree.path(at) for at in tree.descendants()]


def _examined(
    app: App, products: Sequence[Product], vectors: Floats, built: "Built", grown: "Rebuilt | None", bar: Bar
) -> Report:
    """What speaks for the tree, and what became of each node of the one before."""
    report = app.examine(products, vectors, built.tree, built.places, evidence=built.evidence, progress=bar)
    return replace(report, outcomes=grown.outcomes if grown else ())


def _propose(
    app: App,
    built: "Built",
    catalog: str,
    taxonomy: str,
    report: Report,
    *,
    grown: "Rebuilt | None",
    version: int | None,
) -> str | None:
    """The change set's id; None where the tree is to stay as it is. Each change is explained in a comment."""
    # A tree that came from a file has to be made in the store first.
    edits = (
        grown.change_set_edits(catalog) if grown and version is not None else built.change_set_edits(catalog)
    )
    if not edits:
        return None
    with app.uow() as uow:
        try:
            uow.trees.head(taxonomy)
        except UnknownId:
            uow.trees.create(taxonomy)
        change = editing.propose(
            uow,
            taxonomy,
            edits,
            author="build",
            source=Source.BUILD,
            reason=f"built from {catalog}" + (f": {grown.summary()}" if grown else ""),
            base_version=version,
            model_revision=app.encoder.revision,
            report=report,
        )
        if grown and (told := grown.explanation()):
            editing.comment(uow, change.id, author="build", text=told)
    return change.id


def _changes(built: "Built", grown: "Rebuilt | None", *, as_json: bool) -> dict[str, object]:
    """For the summary: new leaves, and what became of known nodes."""
    proposed = {"proposed": [built.tree.label(at) for at in built.proposed]} if built.proposed else {}
    return {**proposed, **(changes_said(grown, as_json=as_json) if grown else {})}


def _rows(built: "Built") -> Iterator[tuple[str, str, float]]:
    for product_id, place in built.memberships.items():
        yield product_id, built.tree.label(place.node_id) if place.node_id else "", place.share
