"""`shelftree bench classify`: our classifier beside what you would take instead, on the same rows."""

import tempfile
from collections import deque
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ingest.evaluate.baselines import Baseline, Peer
from ingest.readers import Catalog, open_catalog
from ingest.train.settings import TrainSettings
from taxonomy.errors import InputError
from taxonomy.product import Product, ProductId
from ui.cli.bench_rows import Data, File, Row, data_of, of_splits, sampled, show
from ui.cli.options import AsJson, Device, Map, MaybeModel, parse_map
from ui.cli.peers import parse_peers, run_peer
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.classify.predict import Classifier
    from ingest.evaluate.classify import ClassifyReport

__all__ = ["Epochs", "OutDir", "classify", "settings_of"]

OURS, SPEED_PEER = "Shelftree", "sentence-transformers f32"
PRECISIONS = (0.95, 0.99)
WARM_TITLES = 64  # read before the clock runs: the first calls compile

Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the products.")]
OutDir = Annotated[
    Path | None, typer.Option("--out", help="Keep trained models here, to go on after a stop.")
]


def classify(
    file: File = None,
    data: Data = None,
    model: MaybeModel = None,
    peers: Annotated[
        str, typer.Option("--peers", help="Some of tfidf, hiclass and flat, joined by commas; '' for none.")
    ] = "tfidf,hiclass,flat",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Train so many times and take the mean.")] = 1,
    epochs: Epochs = None,
    out: OutDir = None,
    speed: Annotated[
        bool,
        typer.Option("--speed", help="Also race int8 `classify` against sentence-transformers in float32."),
    ] = False,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="For --speed: how often both read them.")
    ] = 5,
    titles: Annotated[int, typer.Option("--titles", min=1, help="For --speed: at most so many.")] = 4000,
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="For --speed: cores for both; 0: all.")
    ] = 0,
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Train on the rows of split `train` and judge on those of split `valid`: ours, and each peer.

    tfidf: a linear SVM on TF-IDF. hiclass: one such SVM at each inner node. flat: the same encoder with a
    plain softmax, as many epochs. With --model that one is judged, and none of ours is trained. Our own
    calibration has seen the `valid` rows: `cross-fitted` says what is kept when half of them calibrate and
    the other half is judged, twenty times.

    Example: shelftree bench classify products.csv --model model --peers tfidf --speed
    """
    wanted, path = parse_peers(peers), data_of(file, data)
    chosen = [settings_of(seed, epochs) for seed in range(1 if model else seeds)]
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = open_catalog(path, mapping=parse_map(map_))
        runs = {peer: _peer_runs(app, peer, products, chosen, bar) for peer in wanted}
        with nullcontext(out) if out else tempfile.TemporaryDirectory() as folder:
            ours, judged = _our_runs(app, products, model, Path(folder), chosen, bar)
            rows = {own[0].name: _peer_row(own) for own in runs.values()} | {OURS: _mean(ours)}
            rows[OURS] |= _fewer_errors(rows)
            rows |= _promise_kept(app, products, judged, bar)
            if speed:
                rows |= _speed(app, products, judged, rounds, titles, threads, bar)
    show(
        rows,
        as_json=as_json,
        runs={OURS: ours} | {own[0].name: list(map(asdict, own)) for own in runs.values()},
    )


def settings_of(seed: int, epochs: int | None) -> TrainSettings:
    """The defaults with this seed and, if given, this number of epochs."""
    plain = TrainSettings(seed=seed)
    return plain if epochs is None else replace(plain, epochs=epochs)


def _peer_runs(
    app: App, peer: Peer, products: Catalog, chosen: Sequence[TrainSettings], bar: Bar
) -> list[Baseline]:
    """A run for each seed; one for a peer that nothing is drawn for."""
    settings = chosen if peer is Peer.FLAT else chosen[:1]
    return [run_peer(app, peer, products, one, bar) for one in settings]


def _our_runs(
    app: App, products: Catalog, model: Path | None, folder: Path, chosen: Sequence[TrainSettings], bar: Bar
) -> tuple[list[Row], Path]:
    """The figures of each seed's model, and the folder of the last."""
    from ingest.evaluate.kept import Kept, Workshop

    runs, kept, rows = list[Row](), Kept(model or folder, 0.0), of_splits(products)
    for settings in chosen:
        if model is None:
            base = app.settings.base_model or None
            shop = Workshop(folder, settings, base, app.settings.device, app.cache)
            kept = shop.model(rows, progress=bar)
        runs.append({**_judged(app.classifier(kept.folder), rows, bar), "seconds": kept.seconds})
    return runs, kept.folder


def _judged(classifier: "Classifier", rows: Sequence[Product], bar: Bar) -> Row:
    from ingest.evaluate.classify import evaluate

    figures = {
        precision: evaluate(classifier, rows, precision=precision, progress=bar) for precision in PRECISIONS
    }
    first = figures[PRECISIONS[0]]
    row = {
        "leaf": first.leaf.leaf_accuracy, "hF1": first.leaf.f1, "ece": first.ece,
        "leaf_multi_path": first.multi_path.leaf_accuracy,
    }  # fmt: skip
    for precision, one in figures.items():
        row |= _promise(one, f"_{100 * precision:g}")
    return row


def _promise_kept(app: App, products: Catalog, model: Path, bar: Bar) -> dict[str, Row]:
    """What becomes of promises whose calibration has seen half of the judged products at most."""
    from ingest.evaluate.promise import cross_fitted
    from ingest.train.artifact import Artifact

    encoder = app.classifier(model).encoder
    found = cross_fitted(
        Artifact.load(model), of_splits(products), encoder, precisions=PRECISIONS, progress=bar
    )
    rows: dict[str, Row] = {"cross-fitted": {"ece": found.ece, "ece_of_perfect": found.ece_of_perfect}}
    for one in found.kept:
        rows["cross-fitted"] |= {
            f"{name}_{100 * one.asked:g}": value for name, value in asdict(one).items() if name != "asked"
        }
    return rows


def _promise(one: "ClassifyReport", ending: str) -> Row:
    found = {
        "kept": one.precision_kept,
        "kept_multi_path": one.multi_path.precision_kept,
        "coverage": one.coverage,
        "depth": one.mean_depth,
        "true_depth": one.mean_true_depth,
    }
    return {name + ending: value for name, value in found.items()}


def _peer_row(runs: Sequence[Baseline]) -> Row:
    return _mean(
        [
            {
                "leaf": one.scores.leaf_accuracy, "hF1": one.scores.f1,
                "leaf_multi_path": one.multi_path, "seconds": one.seconds,
            }
            for one in runs
        ]
    )  # fmt: skip


def _mean(runs: Sequence[Row]) -> Row:
    """The mean of each figure; over several runs also how far the leaf accuracies lie apart."""
    row = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    return row | ({"leaf_sd": float(np.std([run["leaf"] for run in runs]))} if len(runs) > 1 else {})


def _fewer_errors(rows: dict[str, Row]) -> Row:
    """The share of the best peer's leaf errors that ours does not make, strictly and under any path."""
    found: Row = {}
    for figure, ending in ("leaf", ""), ("leaf_multi_path", "_multi_path"):
        best = max((row[figure] for name, row in rows.items() if name != OURS), default=1.0)
        if best < 1:
            found[f"fewer_errors{ending}"] = 1 - (1 - rows[OURS][figure]) / (1 - best)
    return found


def _speed(
    app: App, products: Catalog, model: Path, rounds: int, n: int, threads: int, bar: Bar
) -> dict[str, Row]:
    """Titles a second of both, and what int8 costs in accuracy."""
    from ingest.classify.predict import Classifier
    from ingest.evaluate.classify import evaluate
    from ingest.evaluate.race import on_threads, race

    with on_threads(threads) as used:
        peer = _sentence_transformer(app)
        # Without a cache: vectors kept from an earlier round or run would pass for speed.
        classifier = Classifier.load(model, device="cpu", backend="openvino")
        # What it was trained on it knows by heart, and would be quick about.
        unseen = (one.title for one in products if one.part == "valid")
        texts = sampled(list(dict.fromkeys(unseen)), n + WARM_TITLES)
        warm, texts = texts[:WARM_TITLES], texts[WARM_TITLES:] or texts

        def ours(part: Sequence[str]) -> object:
            plain = (Product(ProductId(str(at)), title) for at, title in enumerate(part))
            return deque(classifier.predict(plain), maxlen=0)

        def theirs(part: Sequence[str]) -> object:
            return peer.encode(list(part), batch_size=64, show_progress_bar=False)

        for reader in (ours, theirs):
            reader(warm)
        bar.start("racing sentence-transformers")
        found = race(ours, theirs, texts, rounds=rounds)
        rows = of_splits(products)
        int8 = evaluate(classifier, rows, progress=bar).leaf.leaf_accuracy
    exact = evaluate(Classifier.load(model, device="cpu", backend="torch"), rows, progress=bar)
    return {
        "Shelftree int8": {
            "titles_per_s": found.ours, "times_as_fast": found.ratio, "threads": float(used),
            "points_lost": 100 * (exact.leaf.leaf_accuracy - int8),
        },
        SPEED_PEER: {"titles_per_s": found.peer, "threads": float(used)},
    }  # fmt: skip


def _sentence_transformer(app: App):  # type: ignore[no-untyped-def]  # of a library without types
    from ingest.encode.folder import locate

    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise InputError(
            "this peer is in an extra: pip install -c constraints.txt 'shelftree[bench]'"
        ) from None
    return SentenceTransformer(str(locate(app.settings.base_model or None)), device="cpu")
