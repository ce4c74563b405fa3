"""`shelftree bench`: each part beside what you would pick instead, in one run."""

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer

from ingest.readers import open_catalog
from taxonomy.errors import InputError
from taxonomy.text import normalise
from ui.cli.bench_audit import bench_audit
from ui.cli.bench_tree import bench_tree
from ui.cli.options import AsJson, Device, MaybeModel
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["bench"]

T = TypeVar("T")
Row = dict[str, float]

SEED = 0
TOP = 10
SPEED_TITLES = 2000


class Part(StrEnum):
    """What is measured."""

    CLASSIFY = "classify"
    BUILD = "build"
    ROUTE = "route"
    RERANK = "rerank"
    AUDIT = "audit"
    TREE = "tree"


def bench(
    part: Annotated[Part, typer.Argument(help="What to measure.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Products, queries or judgements, as `evaluate` reads.")
    ] = None,
    tree: Annotated[Path | None, typer.Option("--tree", help="For route: the tree's file.")] = None,
    model: MaybeModel = None,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Take this many rows; 0: all.")] = 0,
    raw_column: Annotated[str, typer.Option("--raw-column", help="For audit: raw paths.")] = "raw_path",
    clean_column: Annotated[
        str, typer.Option("--clean-column", help="For audit: clean paths; '' plants brands and products.")
    ] = "category_path",
    min_products: Annotated[
        int, typer.Option("--min-products", min=1, help="For audit: judge nodes with so many.")
    ] = 10,
    nodes: Annotated[int, typer.Option("--nodes", help="For tree: how many are made.")] = 100_000,
    products: Annotated[int, typer.Option("--products", min=1, help="For tree: so many.")] = 1_000_000,
    reads: Annotated[int, typer.Option("--reads", min=1, help="For tree: how many are timed.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="For tree: another tree.")] = SEED,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure one part beside what you would pick instead, on the same rows in the same run.

    classify: TF-IDF with a linear SVM, and sentence-transformers for speed. build: k-means given the true
    number of categories, and PCA with HDBSCAN. route: BM25 over paths, and vectors alone. rerank: BM25 and
    cosine. audit: which raw categories are brands or products, beside a rule that knows their sizes alone.
    Without --model, classify trains one first. tree: a generated tree and catalogue in a database of their
    own, read, moved and searched beside a recursive query, ILIKE and an adjacency list.

    Example: shelftree bench classify --data products.csv
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        match part, data:
            case Part.TREE, _:
                url = app.engine.url.render_as_string(hide_password=False)
                rows = bench_tree(url, n_nodes=nodes, n_products=products, n_reads=reads, seed=seed, bar=bar)
            case _, None:
                raise InputError(f"bench {part} needs --data FILE")
            case Part.CLASSIFY, data:
                rows = _classify(app, data, model, bar)
            case Part.BUILD, data:
                rows = _build(app, data, sample, bar)
            case Part.ROUTE, data:
                rows = _route(app, data, tree, model, bar)
            case Part.RERANK, data:
                rows = _rerank(app, data, model, sample, bar)
            case Part.AUDIT, data:
                rows = bench_audit(data, raw_column, clean_column, min_products, sample, bar)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    text = (
        "\n".join(f"{name:24} {_figures(row)}" for name, row in rows.items()) + f"\npeak memory {peak_mb} MB"
    )
    finish({"rows": rows, "peak_mb": peak_mb}, as_json=as_json, text=text)


def _classify(app: App, data: Path, model: Path | None, bar: Bar) -> dict[str, Row]:
    from ingest.evaluate.baselines import tfidf_svc
    from ingest.evaluate.classify import evaluate
    from ingest.train.finetune import finetune

    rows, products = dict[str, Row](), open_catalog(data)
    bar.start("TF-IDF and a linear SVM")
    peer = tfidf_svc(products)
    rows[peer.name] = {"leaf": peer.scores.leaf_accuracy, "hF1": peer.scores.f1, "train_s": peer.seconds}
    with tempfile.TemporaryDirectory() as folder:
        train_s = 0.0
        if model is None:
            model = Path(folder) / "model"
            base = app.settings.base_model or None
            _, train_s = _timed(
                lambda: finetune(
                    products, out=model, base=base, device=app.settings.device, cache=app.cache, progress=bar
                )
            )
        # A cache of its own: vectors kept from an earlier run would pass for speed.
        fresh = App(Settings(device=app.settings.device, cache=Path(folder) / "cache"))
        classifier = fresh.classifier(model)
        classifier.posteriors(["the first call converts the model"])
        report, classify_s = _timed(lambda: evaluate(classifier, products, progress=bar))
    rows["Shelftree"] = {
        "leaf": report.leaf.leaf_accuracy,
        "hF1": report.leaf.f1,
        "train_s": train_s,
        "titles_per_s": report.leaf.n_products / classify_s,
        "coverage": report.coverage,
        "precision_kept": report.precision_kept,
        "ece": report.ece,
    }
    rows["sentence-transformers f32"] = {"titles_per_s": _peer_speed(app, data, bar)}
    return rows


def _peer_speed(app: App, data: Path, bar: Bar) -> float:
    """Titles a second that sentence-transformers embeds on the CPU in float32, labels not even given."""
    from ingest.encode.folder import locate

    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise InputError(
            "this peer is in an extra: pip install -c constraints.txt 'shelftree[bench]'"
        ) from None
    titles = _sampled([one.title for one in open_catalog(data)], SPEED_TITLES)
    bar.start("sentence-transformers", len(titles))
    peer = SentenceTransformer(str(locate(app.settings.base_model or None)), device="cpu")
    _, seconds = _timed(lambda: peer.encode(titles, batch_size=64))
    return len(titles) / seconds


def _build(app: App, data: Path, sample: int, bar: Bar) -> dict[str, Row]:
    from ingest.evaluate.build import score_places
    from ingest.evaluate.peers import ami_by_level, k_means, plain_hdbscan

    products = _sampled([one for one in open_catalog(data) if one.category_path], sample)
    truth = [one.category_path for one in products]
    bar.start("reading what products mean", len(products))
    vectors = app.encoder.encode([normalise(one.title) for one in products], progress=bar)
    built, build_s = _timed(lambda: app.build(products, progress=bar))
    places = {at: one.node_id for at, one in built.memberships.items()}
    report = score_places(built.tree, places, products)
    rows = {"Shelftree": {f"ami_level_{one.level}": one.ami for one in report.levels}}
    rows["Shelftree"] |= {"noise": report.noise_share, "purity": report.levels[-1].purity, "seconds": build_s}
    bar.start("k-means")
    near, near_s = _timed(lambda: k_means(vectors, k=len(set(truth)), seed=SEED))
    rows["k-means, true k"] = ami_by_level(truth, near) | {"noise": 0.0, "seconds": near_s}
    bar.start("PCA and HDBSCAN")
    dense, dense_s = _timed(lambda: plain_hdbscan(vectors, seed=SEED))
    noise = sum(at is None for at in dense) / max(len(dense), 1)
    rows["PCA + HDBSCAN"] = ami_by_level(truth, dense) | {"noise": noise, "seconds": dense_s}
    return rows


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
    rows["vectors alone"] = _numbers(
        asdict(evaluate_route(open_router(where, encoder=app.encoder, weights=alone), cases))
    )
    bar.start("Shelftree")
    rows["Shelftree"] = _numbers(asdict(evaluate_route(app.router(where, model=model), cases)))
    return rows


def _rerank(app: App, data: Path, model: Path | None, sample: int, bar: Bar) -> dict[str, Row]:
    from ingest.evaluate.peers import bm25_ndcg, cosine_ndcg
    from ingest.evaluate.rerank import evaluate_rerank, read_judgements

    judged = _sampled([one for one in read_judgements(data) if len(one.candidates) > 1], sample)
    titles = [one.title for group in judged for one in group.candidates]
    bar.start("BM25")
    rows = {"BM25": {f"ndcg_at_{k}": bm25_ndcg(judged, k=k) for k in (5, 10)}}
    bar.start("cosine")
    rows["cosine"] = {f"ndcg_at_{k}": cosine_ndcg(judged, app.encoder, k=k) for k in (5, 10)}
    bar.start("Shelftree")
    rows["Shelftree"] = _numbers(asdict(evaluate_rerank(app.reranker(titles, model=model), judged)))
    return rows


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def _sampled(items: list[T], n: int) -> list[T]:
    if not n or n >= len(items):
        return items
    chosen = np.sort(np.random.default_rng(SEED).choice(len(items), n, replace=False))
    return [items[at] for at in chosen]


def _numbers(report: dict[str, object]) -> Row:
    return {name: float(value) for name, value in report.items() if isinstance(value, int | float)}


def _figures(row: Row) -> str:
    return "  ".join(
        f"{name} {value:.3f}" if abs(value) < 10 else f"{name} {value:.0f}" for name, value in row.items()
    )
