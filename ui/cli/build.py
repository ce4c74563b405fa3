"""`shelftree build`: grow a tree from the products alone."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import write_table
from taxonomy.errors import InputError, UnknownId
from taxonomy.formats import tree_json
from taxonomy.product import Source
from taxonomy.service import editing
from ui.cli.models import MaybeFile
from ui.cli.options import AsJson, CatalogName, Device, Map, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.build import Built

__all__ = ["build"]


def build(
    file: MaybeFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write each product's category.")] = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", help="Where to write the tree as JSON: ids, members, centroids.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Levels at most.")] = 3,
    max_children: Annotated[int, typer.Option("--max-children", min=2, help="Subcategories at most.")] = 20,
    min_size: Annotated[
        int | None, typer.Option("--min-size", min=2, help="Products a category at least.")
    ] = None,
    random_seed: Annotated[int, typer.Option("--random-seed", help="The same seed gives the same tree.")] = 0,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Grow a category tree from the products' text; their own categories are not looked at.

    Products that fit nowhere are said to be noise: their path is empty. With --catalog and --taxonomy the
    tree is proposed as a change set, which `shelftree taxonomy apply` or the app accepts.

    Example: shelftree build products.csv --out placed.csv --tree tree.json
    """
    if out is None and not (catalog and taxonomy):
        raise InputError(
            "say where it goes: --out FILE, or --catalog NAME with --taxonomy NAME for a proposal"
        )
    from ingest.cluster.shape import Shape

    shape = Shape(max_depth=depth, max_children=max_children, min_size=min_size)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = list(products_of(app, file, catalog, bar, map_=map_))
        built = app.build(products, shape=shape, seed=random_seed, progress=bar)
        change = _propose(app, built, catalog, taxonomy) if catalog and taxonomy else None
        if out:
            write_table(out, ("product_id", "category_path", "membership"), _rows(built))
        if tree:
            tree_json.write(tree, built.file(model_revision=app.encoder.revision))
    summary: dict[str, object] = {**asdict(built.quality), "out": out, "tree": tree, "change_set": change}
    finish({name: value for name, value in summary.items() if value is not None}, as_json=as_json)


def _propose(app: App, built: "Built", catalog: str, taxonomy: str) -> str:
    with app.uow() as uow:
        try:
            uow.trees.head(taxonomy)
        except UnknownId:
            uow.trees.create(taxonomy)
        change = editing.propose(
            uow,
            taxonomy,
            built.change_set_edits(catalog),
            author="build",
            source=Source.BUILD,
            reason=f"built from {catalog}",
            model_revision=app.encoder.revision,
        )
    return change.id


def _rows(built: "Built") -> Iterator[tuple[str, str, float]]:
    for product_id, place in built.memberships.items():
        yield product_id, built.tree.label(place.node_id) if place.node_id else "", place.share
