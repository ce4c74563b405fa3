"""`shelftree arrange`: parents for a flat list of categories."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import write_table
from taxonomy.errors import InputError
from taxonomy.formats import tree_json
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.product import Source
from taxonomy.service import editing
from taxonomy.tree import Tree
from ui.cli.models import MaybeFile
from ui.cli.nodes import node_of
from ui.cli.options import AsJson, CatalogName, Device, Map, MaybeModel, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.arrange import Arranged
    from ingest.cluster.shelves import Shelves

__all__ = ["MaxChildren", "Reference", "arrange"]

MaxChildren = Annotated[int, typer.Option("--max-children", min=2, help="Subcategories at most.")]
Reference = Annotated[
    Path | None, typer.Option("--reference", help="A published taxonomy that knows kin, and names parents.")
]


def arrange(
    file: MaybeFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write each category's path.")] = None,
    tree: Annotated[Path | None, typer.Option("--tree", help="Where to write the tree as JSON.")] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Levels at most, the list's included.")] = 2,
    max_children: MaxChildren = 20,
    below: Annotated[str, typer.Option("--below", help="Arrange the children of this category alone.")] = "",
    flatten: Annotated[bool, typer.Option("--flatten", help="Of deep paths take the last name.")] = False,
    reference: Reference = None,
    model: MaybeModel = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Arrange a flat list of categories, or a crowded one, into families with names.

    Kin are found by names, by products, and by which categories are mistaken for which. Locked categories
    stay. With --catalog and --taxonomy the parents are proposed as one change set, which `shelftree taxonomy
    apply` or the app accepts; its comment says why.

    Example: shelftree arrange products.csv --out paths.csv --reference google.txt
    """
    if bool(catalog) != bool(taxonomy):
        raise InputError("--catalog and --taxonomy go together: products, and where they stand")
    if out is None and tree is None and not catalog:
        raise InputError("say where it goes: --out FILE, --tree FILE, or --catalog NAME with --taxonomy NAME")
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        if catalog:
            if file is not None or flatten:
                raise InputError("--catalog takes the store's tree: leave FILE and --flatten out")
            known, shelves = app.shelves(taxonomy, catalog)
        else:
            known, shelves = _from_file(app, file, bar, map_, flatten=flatten, is_deep=bool(below))
        arranged = app.arrange(
            known,
            shelves,
            below=node_of(known, below) if below else ROOT_ID,
            depth=depth,
            max_children=max_children,
            reference=app.tree(file=reference) if reference else None,
            model=model,
            progress=bar,
        )
        change = _propose(app, arranged, taxonomy) if catalog and arranged.edits else None
        if out:
            write_table(out, ("category", "category_path"), arranged.rows())
        if tree:
            tree_json.write(tree, arranged.file(shelves))
        for one in arranged.families:
            bar.note(one.why)
    summary: dict[str, object] = {
        "categories": len(arranged.category_ids),
        "parents": len(arranged.families),
        "crowded": arranged.n_crowded,
        "out": out,
        "tree": tree,
        "change_set": change,
    }
    finish({name: value for name, value in summary.items() if value is not None}, as_json=as_json)


def _from_file(
    app: App, file: Path | None, bar: Bar, map_: list[str] | None, *, flatten: bool, is_deep: bool
) -> "tuple[Tree, Shelves]":
    from ingest.cluster.shelves import flat_list, from_paths

    products = products_of(app, file, "", bar, map_=map_)
    if flatten and is_deep:
        raise InputError("--flatten leaves nothing below a node: take it or --below")
    return from_paths(products) if is_deep else flat_list(products, flatten=flatten)


def _propose(app: App, arranged: "Arranged", taxonomy: str) -> str:
    below: NodeId = arranged.before.nodes[arranged.category_ids[0]].parent_id
    place = "the top" if below == ROOT_ID else arranged.before.label(below)
    with app.uow() as uow:
        change = editing.propose(
            uow,
            taxonomy,
            arranged.edits,
            author="arrange",
            source=Source.BUILD,
            reason=f"{len(arranged.families)} parents for {len(arranged.category_ids)} categories at {place}",
            base_version=arranged.before.version,
            model_revision=app.encoder.revision,
        )
        why = "\n".join(one.why for one in arranged.families)
        editing.comment(uow, change.id, author="arrange", text=why)
    return change.id
