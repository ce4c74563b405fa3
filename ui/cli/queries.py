"""`shelftree route`, `rerank` and `search`: what a query means, and in what order products go."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.readers import read_fields, write_table
from taxonomy.errors import FileError, InputError
from taxonomy.node import NodeId
from taxonomy.product import ProductId
from ui.cli.options import AsJson, CatalogName, Device, File, Map, MaybeModel, OutFile, TaxonomyName
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.sources import products_of
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from taxonomy.search.rerank import Candidate
    from taxonomy.search.route import Routing

__all__ = ["rerank", "route", "search"]

Top = Annotated[int, typer.Option("--top", min=1, help="How many rows a query.")]
ROUTE_COLUMNS = ("query", "rank", "category_path", "probability", "intent")


def route(
    query: Annotated[str, typer.Argument(help="One query, answered on the screen.")] = "",
    queries: Annotated[Path | None, typer.Option("--queries", help="A file with a column `query`.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write for --queries.")] = None,
    tree: Annotated[Path | None, typer.Option("--tree", help="A table with category_path, or JSON.")] = None,
    taxonomy: TaxonomyName = "",
    catalog: CatalogName = "",
    model: MaybeModel = None,
    top: Top = 10,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Say which categories a query means, how surely, and why.

    The intent is narrow (one category), broad (all below one), ambiguous (several), or none: then the rows
    are guesses that are better not used. Without --model, names and the base encoder decide. With --taxonomy
    the published tree is used; --catalog adds what the products in it say.

    Example: shelftree route "lantern" --tree categories.csv
    """
    if bool(query) == (queries is not None):
        raise InputError('give one query, as in shelftree route "lantern", or --queries FILE, and not both')
    if (tree is None) == (not taxonomy):
        raise InputError("give the tree: --tree FILE, or --taxonomy NAME from the store")
    if queries and not out:
        raise InputError("--queries needs --out FILE")
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        bar.start("reading the tree")
        router = app.router_of(file=tree, taxonomy=taxonomy, catalog=catalog, model=model)
        asked = list(_queries(queries)) if queries else [query]
        bar.start("routing", len(asked))
        routed = router.route_many(asked, top=top)
        if out and queries:
            count = write_table(out, ROUTE_COLUMNS, _rows(routed, router.tree.label, bar))
            finish({"queries": len(asked), "rows": count, "out": out}, as_json=as_json)
            return
        found = next(iter(routed))
    from taxonomy.search.explain import explain

    ranked = [
        {"category_path": router.tree.label(one.node_id), "probability": round(one.probability, 4)}
        for one in found.ranked
    ]
    text = "\n".join(explain(found, router.tree, top=top))
    finish({"query": query, "intent": found.intent, "ranked": ranked}, as_json=as_json, text=text)


def rerank(
    file: File,
    out: OutFile,
    model: MaybeModel = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Put the products of each query in order, with the reasons.

    In: query, product_id, title and, if there is one, the score they came with; rows of a query stand
    together or apart. Out: query, product_id, score, why; best first.

    Example: shelftree rerank candidates.csv --model model --out ranked.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        groups = list(_candidates(file).items())
        bar.start("reranking", len(groups))
        titles = (one.title for _, candidates in groups for one in candidates)
        ranked = app.reranker(titles, model=model).rerank_many(groups)
        rows = (
            (query, one.product_id, round(one.score, 6), one.why)
            for (query, _), found in zip(groups, ranked, strict=True)
            for one in found
        )
        count = write_table(out, ("query", "product_id", "score", "why"), rows)
    finish({"queries": len(groups), "rows": count, "out": out}, as_json=as_json)


def search(
    queries: Annotated[Path, typer.Option("--queries", help="A file with a column `query`.")],
    out: OutFile,
    products: Annotated[Path | None, typer.Option("--products", help="A file of products.")] = None,
    catalog: CatalogName = "",
    map_: Map = None,
    model: MaybeModel = None,
    top: Top = 10,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Find the products for each query: by words and by meaning, then reranked.

    Example: shelftree search --products products.csv --queries queries.csv --model model --out found.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        asked = list(_queries(queries))
        searcher = app.searcher(
            products_of(app, products, catalog, bar, map_=map_), model=model, progress=bar
        )
        bar.start("searching", len(asked))
        rows = (
            (query, rank, one.product_id, round(one.score, 6))
            for query, found in zip(asked, searcher.search_many(asked, top=top), strict=True)
            for rank, one in enumerate(found, 1)
        )
        count = write_table(out, ("query", "rank", "product_id", "score"), rows)
    finish({"queries": len(asked), "rows": count, "out": out}, as_json=as_json)


def _queries(file: Path) -> Iterator[str]:
    return (row["query"] for row in read_fields(file, "query"))


def _rows(
    routed: "Iterable[Routing]", label: "Callable[[NodeId], str]", bar: Bar
) -> Iterator[tuple[str | float, ...]]:
    for one in routed:
        bar.advance()
        for rank, node in enumerate(one.ranked, 1):
            yield one.query, rank, label(node.node_id), round(node.probability, 6), one.intent.value


def _candidates(file: Path) -> "dict[str, list[Candidate]]":
    """Products by query, both in the order of the file."""
    from taxonomy.search.rerank import Candidate

    groups: dict[str, list[Candidate]] = {}
    for place, row in enumerate(read_fields(file, "query", "product_id", "title", optional=["score"]), 2):
        cell = row.get("score", "")
        try:
            score = float(cell) if cell else None
        except ValueError:
            raise FileError(file, f"score {cell!r} is no number", line=place) from None
        one = Candidate(ProductId(row["product_id"]), row["title"], score=score)
        groups.setdefault(row["query"], []).append(one)
    return groups
