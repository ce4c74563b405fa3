"""`shelftree bench arrange`: a shop's upper level, hidden, beside the families that are proposed."""

from collections.abc import Hashable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import open_catalog
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree
from ui.cli.arrange import MaxChildren, Reference
from ui.cli.bench_rows import Data, File, Row, Sample, data_of, numbers, sampled, show
from ui.cli.options import AsJson, Device, MaybeModel
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.cluster.shelves import Shelves

__all__ = ["arrange"]


def arrange(
    file: File = None,
    data: Data = None,
    names: Annotated[bool, typer.Option("--names", help="FILE is a taxonomy: its second level.")] = False,
    max_children: MaxChildren = 20,
    reference: Reference = None,
    model: MaybeModel = None,
    sample: Sample = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """The last names of deep paths, arranged without their upper levels, beside plain clusterings of them.

    The peers are Ward's clustering of what names mean, the same of product centroids, each given the number
    of groups that Shelftree proposes, and the top category of the reference's nearest name.

    Example: shelftree bench arrange products.csv --reference google.txt
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        rows = _arrange(app, data_of(file, data), names, max_children, reference, model, sample, bar)
    show(rows, as_json=as_json)


def _arrange(
    app: App,
    data: Path,
    names: bool,
    max_children: int,
    reference: Path | None,
    model: Path | None,
    sample: int,
    bar: Bar,
) -> dict[str, Row]:
    from ingest.cluster.legs import WEIGHTS, Evidence
    from ingest.cluster.shelves import flat_list
    from ingest.evaluate.arrange import grouped, nearest_top, score_tree, true_parents, ward

    shelves: Shelves = {}
    if names:
        flat, truth = _second_level(app.tree(file=data))
    else:
        products = sampled([one for one in open_catalog(data) if one.category_path], sample)
        flat, shelves = flat_list(products, flatten=True)
        truth = true_parents(shelves)
    known = app.tree(file=reference) if reference else None

    def ours(**options: object) -> Tree:
        return app.arrange(flat, shelves, max_children=max_children, progress=bar, **options).tree  # type: ignore[arg-type]

    def row(tree: Tree) -> Row:
        return numbers(asdict(score_tree(tree, truth, shelves)))

    proposed = ours()
    rows = {"Shelftree": row(proposed)}
    if shelves:
        without = {leg: weight for leg, weight in WEIGHTS.items() if leg != "confusion"}
        rows["without confusion"] = row(ours(weights=without))
    if model:
        rows["with the model"] = row(ours(model=model))
    ids = list(flat.children_of(ROOT_ID))
    texts = [flat.nodes[at].name for at in ids]
    evidence = Evidence.gather(texts, [shelves.get(at, []) for at in ids], app.encoder.encode)
    k = len(proposed.children_of(ROOT_ID))

    def peer(groups: list[Hashable]) -> Row:
        return row(grouped(flat, dict(zip(ids, groups, strict=True))))

    rows["names alone"] = peer(list(ward(evidence.names, k=k)))
    if shelves:
        rows["centroids alone"] = peer(list(ward(evidence.centroids(), k=k)))
    if known is not None:
        rows["with the reference"] = row(ours(reference=known))
        rows["reference alone"] = peer(list(nearest_top(evidence.names, known, _labels(app, known))))
    return rows


def _labels(app: App, tree: Tree) -> Floats:
    return app.encode([tree.nodes[at].name for at in tree.descendants()])


def _second_level(tree: Tree) -> tuple[Tree, dict[NodeId, str]]:
    """The nodes of the second level side by side, and the name of what each stands under."""
    truth = {
        tree.nodes[at].name: tree.nodes[tree.nodes[at].parent_id].name
        for at in tree.descendants()
        if tree.depth(at) == 2
    }
    flat = Tree.from_paths((name,) for name in truth)
    return flat, {at: truth[flat.nodes[at].name] for at in flat.nodes}
