"""`shelftree taxonomy lint`: what is wrong with a tree, and the change sets that would mend it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import open_catalog, write_table
from taxonomy.audit import Finding, Kind, Limits, Plan, audit, plan
from taxonomy.codec import edit_to_json
from taxonomy.errors import FileError, InputError
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, Source, join_path
from taxonomy.service import editing
from taxonomy.tree import Tree, path_id
from ui.cli.options import AsJson, CatalogName, Device, Map, parse_map
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.stock import stock_of
from ui.wiring import App

__all__ = ["lint"]

_COLUMNS = ("kind", "score", "category_path", "compared_with", "why", "words", "examples", "edits")
_DEFAULTS = Limits()


@dataclass(frozen=True)
class _Audited:
    """A tree with what stands in it; `taxonomy` and `catalog` are empty where it comes from a file."""

    tree: Tree
    shelves: Mapping[NodeId, Sequence[Product]] = field(default_factory=dict)
    counts: Mapping[NodeId, int] | None = None
    taxonomy: str = ""
    catalog: str = ""


def lint(
    target: Annotated[
        str, typer.Argument(help="A taxonomy in the store, or a file of categories or products.")
    ],
    products: Annotated[
        Path | None, typer.Option("--products", help="A file of products with their categories.")
    ] = None,
    catalog: CatalogName = "",
    map_: Map = None,
    kind: Annotated[
        list[Kind] | None, typer.Option("--kind", help="Look for this alone; repeatable.")
    ] = None,
    min_products: Annotated[
        int, typer.Option("--min-products", min=2, help="Judge a node by its products from so many on.")
    ] = _DEFAULTS.min_products,
    max_products: Annotated[
        int, typer.Option("--max-products", min=1, help="More in a leaf are too many.")
    ] = _DEFAULTS.max_products,
    max_children: Annotated[
        int, typer.Option("--max-children", min=2, help="More of one node are too many.")
    ] = _DEFAULTS.max_children,
    by_words: Annotated[
        bool, typer.Option("--by-words", help="Compare texts by their words alone, without a model.")
    ] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="File a change set for each kind, to be accepted or rejected.")
    ] = False,
    each: Annotated[
        bool, typer.Option("--each", help="With --propose: a change set for each finding.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write all findings, one a row.")] = None,
    show: Annotated[int, typer.Option("--show", min=0, help="Findings of a kind to print.")] = 10,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with a tree, with the evidence and the edits that would mend it.

    Looks for brands and products that pose as categories, faulty names, nodes that mean the same, siblings
    that overlap, nodes that mix kinds or are empty or overfull, single children, and attributes that siblings
    have. Without products, only names and shape are judged.

    Example: shelftree taxonomy lint products.csv --map category_path=breadcrumb --out findings.csv
    """
    limits = Limits(min_products=min_products, max_products=max_products, max_children=max_children)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        audited = _audited(app, target, products, catalog, parse_map(map_))
        if propose and not audited.taxonomy:
            raise InputError("--propose needs a taxonomy in the store: import the file first")
        if propose and products:
            raise InputError("--propose works on stored products: import them, and give --catalog NAME")
        found = audit(
            audited.tree,
            products_by_node=audited.shelves,
            counts=audited.counts,
            encode=None if by_words or not audited.shelves else partial(app.encode, progress=bar),
            kinds=kind or tuple(Kind),
            limits=limits,
            catalog=audited.catalog,
        )
        plans, waiting = plan(audited.tree, found)
        filed = _propose(app, audited.taxonomy, plans, each=each) if propose else []
    if out:
        write_table(out, _COLUMNS, (_row(audited.tree, one) for one in found))
    counted = Counter(one.kind.value for one in found)
    summary: dict[str, object] = {
        "nodes": len(audited.tree),
        "products": sum(map(len, audited.shelves.values())),
        "by_kind": dict(counted),
        "findings": [_as_json(audited.tree, one) for one in found],
        "change_sets": filed,
        "waiting": len(waiting),
        "out": out,
    }
    finish(summary, as_json=as_json, text="\n".join(_lines(audited.tree, found, counted, filed, show)))


def _audited(
    app: App, target: str, products: Path | None, catalog: str, mapping: Mapping[str, str]
) -> _Audited:
    if products and catalog:
        raise InputError("give either --products FILE or --catalog NAME, and not both")
    if not Path(target).is_file():
        return _stored(app, target, products, catalog, mapping)
    if catalog:
        raise InputError("--catalog goes with a taxonomy in the store; with a file, give --products FILE")
    rows = None if products else _as_products(Path(target), mapping)
    if rows is None:
        tree = app.tree(file=Path(target))
        return _Audited(tree, _placed(tree, open_catalog(products, mapping=mapping)) if products else {})
    tree = Tree.from_paths(one.category_path for one in rows)
    shelves: dict[NodeId, list[Product]] = defaultdict(list)
    for one in rows:
        shelves[path_id(one.category_path)].append(one)
    return _Audited(tree, shelves)


def _stored(app: App, name: str, products: Path | None, catalog: str, mapping: Mapping[str, str]) -> _Audited:
    with app.uow() as uow:
        tree = uow.trees.head(name)
        if products:
            return _Audited(tree, _placed(tree, open_catalog(products, mapping=mapping)), taxonomy=name)
        catalog = catalog or _its_catalog(uow, name)
        if not catalog:
            return _Audited(tree, taxonomy=name)
        return _Audited(tree, *stock_of(uow, name, catalog), name, catalog)


def _its_catalog(uow: UnitOfWork, taxonomy: str) -> str:
    """The one catalogue whose products stand in a taxonomy; empty if none do."""
    found = [one.name for one in uow.catalogs.names() if uow.assignments.counts(one.name, taxonomy)]
    if len(found) > 1:
        raise InputError(f"products of {', '.join(found)} stand in {taxonomy}: say which by --catalog")
    return "".join(found)


def _as_products(file: Path, mapping: Mapping[str, str]) -> list[Product] | None:
    """The products of a file; None if it is no file of products with categories."""
    try:
        rows = open_catalog(file, mapping=mapping)
    except FileError:
        if mapping:
            raise
        return None
    # A list of categories may name each ("name"), but gives none of them an id of a product.
    if not mapping and ("category_path" not in rows.columns or rows.columns["title"].lower() == "name"):
        return None
    return [one for one in rows if one.category_path]


def _placed(tree: Tree, rows: Iterable[Product]) -> dict[NodeId, list[Product]]:
    """Products where their own category says, as far as the tree has it."""
    shelves: dict[NodeId, list[Product]] = defaultdict(list)
    for one in rows:
        if one.category_path and (at := tree.find(one.category_path)):
            shelves[at].append(one)
    if not shelves:
        raise InputError(
            "no product's category is in this tree: say which column it is, --map category_path=COLUMN"
        )
    return shelves


def _propose(app: App, taxonomy: str, plans: Sequence[Plan], *, each: bool) -> list[dict[str, object]]:
    sets = [Plan(one.kind, (finding,)) for one in plans for finding in one.findings] if each else plans
    filed: list[dict[str, object]] = []
    with app.uow() as uow:
        for one in sets:
            reason = f"audit, {one.kind.value}: " + (
                one.findings[0].why if each else f"{len(one.findings)} findings"
            )
            change = editing.propose(
                uow, taxonomy, one.edits, author="audit", source=Source.AUDIT, reason=reason
            )
            filed.append({"id": change.id, "kind": one.kind.value, "findings": len(one.findings)})
    return filed


def _as_json(tree: Tree, one: Finding) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "score": round(one.score, 4),
        "node_ids": one.node_ids,
        "category_paths": [_label(tree, at) for at in one.node_ids],
        "why": one.why,
        "words": one.evidence.words,
        "figures": dict(one.evidence.figures),
        "examples": [{"product_id": shown.id, "title": shown.title} for shown in one.evidence.products],
        "edits": [edit_to_json(edit) for edit in one.edits],
    }


def _row(tree: Tree, one: Finding) -> tuple[str | float, ...]:
    return (
        one.kind.value,
        round(one.score, 4),
        _label(tree, one.node_ids[0]),
        "; ".join(_label(tree, at) for at in one.node_ids[1:]),
        one.why,
        ", ".join(one.evidence.words),
        "; ".join(shown.title for shown in one.evidence.products),
        json.dumps([edit_to_json(edit) for edit in one.edits], ensure_ascii=False),
    )


def _lines(
    tree: Tree,
    found: Sequence[Finding],
    counted: Counter[str],
    filed: Sequence[Mapping[str, object]],
    show: int,
) -> Iterator[str]:
    if not found:
        yield "Nothing is wrong with it."
    for kind, count in counted.items():
        yield f"{kind}: {count}"
        for one in [one for one in found if one.kind.value == kind][:show]:
            yield f"  {one.score:.2f}  {_label(tree, one.node_ids[0])}: {one.why}"
    for change in filed:
        yield f"proposed {change['id']}: {change['findings']} of kind {change['kind']}"


def _label(tree: Tree, at: NodeId) -> str:
    return join_path(tree.path(at)) if at in tree.nodes else "(all)"
