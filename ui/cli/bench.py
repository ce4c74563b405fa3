"""`shelftree bench`: each part beside what you would pick instead, in one run."""

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from typer.core import TyperGroup

from taxonomy.errors import InputError
from ui.cli import bench_arrange, bench_classify, bench_new_nodes
from ui.cli.bench_audit import bench_audit
from ui.cli.bench_rows import SEED, Data, File, Row, Sample, data_of, numbers, sampled, show
from ui.cli.bench_tree import bench_tree
from ui.cli.options import AsJson, Device, MaybeModel
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["bench"]

TOP = 10

_BUILDS = {
    "build": "bench_build",
    "rebuild": "bench_build_rebuild",
    "seeded": "bench_build_seeded",
    "scale": "bench_build_scale",
}
"""Commands whose libraries take seconds to import, and the modules with the functions of that name."""


class _Bench(TyperGroup):
    """Loads the benches of builds when one of them is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_BUILDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _BUILDS:
            return super().get_command(ctx, cmd_name)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(getattr(import_module(f"ui.cli.{_BUILDS[cmd_name]}"), cmd_name))
        return typer.main.get_command(alone)


bench = typer.Typer(
    cls=_Bench,
    no_args_is_help=True,
    help="Measure one part beside what you would pick instead, on the same rows in the same run.",
)
bench.command("arrange")(bench_arrange.arrange)
bench.command("classify")(bench_classify.classify)
bench.command("new-nodes")(bench_new_nodes.new_nodes)


@bench.command()
def route(
    file: File = None,
    data: Data = None,
    tree: Annotated[Path | None, typer.Option("--tree", help="The tree's file.")] = None,
    model: MaybeModel = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Categories for queries beside BM25 over paths, and vectors alone.

    Example: shelftree bench route queries.csv --tree tree.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        show(_route(app, data_of(file, data), tree, model, bar), as_json=as_json)


@bench.command()
def rerank(
    file: File = None,
    data: Data = None,
    model: MaybeModel = None,
    sample: Sample = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Products for queries beside BM25 and cosine.

    Example: shelftree bench rerank judged.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        show(_rerank(app, data_of(file, data), model, sample, bar), as_json=as_json)


@bench.command()
def audit(
    file: File = None,
    data: Data = None,
    raw_column: Annotated[str, typer.Option("--raw-column", help="Raw paths.")] = "raw_path",
    clean_column: Annotated[
        str, typer.Option("--clean-column", help="Clean paths; '' plants brands and products.")
    ] = "category_path",
    min_products: Annotated[
        int, typer.Option("--min-products", min=1, help="Judge nodes with so many.")
    ] = 10,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Show so many disagreements.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Which raw categories are brands or products, beside a rule that knows their sizes alone.

    Example: shelftree bench audit products.csv
    """
    with Bar(quiet=as_json) as bar:
        rows = bench_audit(data_of(file, data), raw_column, clean_column, min_products, sample, bar)
    show(rows, as_json=as_json)


@bench.command()
def tree(
    nodes: Annotated[int, typer.Option("--nodes", help="How many are made.")] = 100_000,
    products: Annotated[int, typer.Option("--products", min=1, help="So many.")] = 1_000_000,
    reads: Annotated[int, typer.Option("--reads", min=1, help="How many are timed.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another tree.")] = SEED,
    as_json: AsJson = False,
) -> None:
    """A generated tree and catalogue, read, moved and searched in a database of their own.

    The peers are a recursive query, an adjacency list and ILIKE.

    Example: shelftree bench tree --nodes 10000
    """
    with App() as app, Bar(quiet=as_json) as bar:
        url = app.engine.url.render_as_string(hide_password=False)
        rows = bench_tree(url, n_nodes=nodes, n_products=products, n_reads=reads, seed=seed, bar=bar)
    show(rows, as_json=as_json)


def _route(app: App, data: Path, tree: Path | None, model: Path | None, bar: Bar) -> dict[str, Row]:
    from ingest.evaluate.peers import bm25_categories
    from ingest.evaluate.route import evaluate_route, read_route_cases
    from ingest.search.routing import WEIGHTS, open_router
    from taxonomy.metrics.ranking import hit_at, reciprocal_rank

    if tree is None:
        raise InputError("bench route needs --tree FILE")
    cases, where = read_route_cases(data), app.tree(file=tree)
    known = [(one.query, at) for one in cases if (at := where.find(one.path))]
    bar.start("BM25")
    ranked = list(bm25_categories(where, [query for query, _ in known], top=TOP))
    pairs = [(found, {at}) for found, (_, at) in zip(ranked, known, strict=True)]
    rows = {
        "BM25 over paths": {
            **{f"hit_at_{k}": float(np.mean([hit_at(k, *pair) for pair in pairs])) for k in (1, 5, 10)},
            "mrr": float(np.mean([reciprocal_rank(*pair) for pair in pairs])),
        }
    }
    bar.start("vectors alone")
    alone = {"vectors": WEIGHTS["vectors"]}
    rows["vectors alone"] = numbers(
        asdict(evaluate_route(open_router(where, encoder=app.encoder, weights=alone), cases))
    )
    bar.start("Shelftree")
    rows["Shelftree"] = numbers(asdict(evaluate_route(app.router(where, model=model), cases)))
    return rows


def _rerank(app: App, data: Path, model: Path | None, sample: int, bar: Bar) -> dict[str, Row]:
    from ingest.evaluate.peers import bm25_ndcg, cosine_ndcg
    from ingest.evaluate.rerank import evaluate_rerank, read_judgements

    judged = sampled([one for one in read_judgements(data) if len(one.candidates) > 1], sample)
    titles = [one.title for group in judged for one in group.candidates]
    bar.start("BM25")
    rows = {"BM25": {f"ndcg_at_{k}": bm25_ndcg(judged, k=k) for k in (5, 10)}}
    bar.start("cosine")
    rows["cosine"] = {f"ndcg_at_{k}": cosine_ndcg(judged, app.encoder, k=k) for k in (5, 10)}
    bar.start("Shelftree")
    rows["Shelftree"] = numbers(asdict(evaluate_rerank(app.reranker(titles, model=model), judged)))
    return rows
