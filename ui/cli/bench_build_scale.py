"""`shelftree bench scale`: time and memory of a build as the catalogue grows."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from ingest.cluster.build import ARRANGING
from ingest.evaluate.build_arrangement import Arrangement
from ingest.evaluate.build_fresh import fresh
from ingest.evaluate.build_kept import Kept, code_digest
from ingest.evaluate.build_peers import Case, Peer, run_peer
from ingest.evaluate.build_scale import COPY_COSINE, Grown, grow
from ingest.readers import open_catalog
from taxonomy.errors import InputError
from taxonomy.metrics.clusters import adjusted_mutual_information
from taxonomy.ports import Silent
from taxonomy.product import Product, ProductId
from ui.cli.bench_build import OutDir, Seed, ours, unlabelled
from ui.cli.bench_rows import SEED, Row, show
from ui.cli.options import AsJson, Device, Map, parse_map
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["scale"]

_WARM = 400  # products of the run that loads and compiles libraries before time counts


def scale(
    files: Annotated[list[Path], typer.Argument(help="Products; labels are only looked at for AMI.")],
    sizes: Annotated[
        str, typer.Option("--sizes", help="So many products, joined by commas.")
    ] = "20000,70000,200000,500000",
    peer_most: Annotated[
        int, typer.Option("--peer-most", min=0, help="UMAP + HDBSCAN on at most so many: it takes long.")
    ] = 70_000,
    seed: Seed = SEED,
    out: OutDir = None,
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Our build and UMAP with HDBSCAN at growing sizes, each in a process of its own.

    `cpu_s` is all of a build, with its tree and its names, of which the peer makes none; `groups_cpu_s` is
    what it takes to the groups. Real titles are taken as far as they go; beyond, vectors are generated from
    them with noise, and the row says how many products are real. With --out, what was measured is kept and a
    stopped bench goes on.

    Example: shelftree bench scale a.csv b.csv --sizes 5000,20000 --out kept
    """
    wanted = _sizes(sizes)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = _read(files, parse_map(map_))
        vectors = app.vectors(products, progress=bar)
        rows: dict[str, Row] = {}
        for n in wanted:
            grown = grow(products, vectors, n, seed=seed)
            ways = ("Shelftree", "UMAP + HDBSCAN") if n <= peer_most else ("Shelftree",)
            for way in ways:
                bar.start(f"{way}, {n} products")
                rows[f"{way}, {n}"] = _measured(way, grown, seed, app.settings, out)
    show(rows, as_json=as_json, copies=f"made with noise, cosine {COPY_COSINE} to their source")


def _measured(way: str, grown: Grown, seed: int, settings: Settings, out: Path | None) -> Row:
    truth = [one.category_path for one in grown.products]
    kept = Kept(out, grown.vectors, [one.title for one in grown.products], seed, way, code_digest())
    return kept.row(f"scale-{len(truth)}-{way.split()[0]}", lambda: _run(way, grown, seed, settings))


def _run(way: str, grown: Grown, seed: int, settings: Settings) -> Row:
    hidden = unlabelled(grown.products)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, grown.vectors)  # handed over in a file: through a pipe it would be held three times
        if way == "Shelftree":
            work = partial(_ours, hidden, path, seed, settings)
            little = partial(_ours, hidden[:_WARM], path, seed, settings)
        else:
            work, little = partial(_umap, path, len(hidden)), partial(_umap, path, _WARM)
        spent = fresh(work, warm_up=little)
    found = spent.result
    leaves = found.arrangement.leaves
    known = [at for at, one in enumerate(grown.products) if one.category_path]
    true = [grown.products[at].category_path for at in known]
    return {
        "products": float(len(hidden)),
        "real": float(grown.n_real),
        "seconds": spent.seconds,
        "cpu_s": spent.cpu_s,
        "groups_cpu_s": spent.cpu_s if found.groups_cpu_s is None else found.groups_cpu_s,
        "peak_mb": spent.peak_mb,
        "ami": adjusted_mutual_information(true, leaves[known].tolist()),
        "noise": found.arrangement.noise_share,
        "groups": float(leaves.max(initial=-1) + 1),
    }


class _Found(NamedTuple):
    """What a way came to, and the processor seconds up to its groups where it goes on from them."""

    arrangement: Arrangement
    groups_cpu_s: float | None = None


class _Clock(Silent):
    """Looks at the clock when a build has its groups."""

    def __init__(self) -> None:
        self._began = time.process_time()
        self.groups_cpu_s: float | None = None

    def start(self, task: str, total: int | None = None) -> None:
        """Note when what comes after the groups begins."""
        if task == ARRANGING:
            self.groups_cpu_s = time.process_time() - self._began


def _ours(products: Sequence[Product], path: Path, seed: int, settings: Settings) -> _Found:
    clock = _Clock()
    return _Found(ours(products, np.load(path)[: len(products)], seed, settings, clock), clock.groups_cpu_s)


def _umap(path: Path, n: int) -> _Found:
    """Unseeded, so that it may use all cores."""
    return _Found(run_peer(Peer.UMAP, Case((), np.load(path)[:n], ()), seed=None))


def _read(files: Sequence[Path], mapping: dict[str, str]) -> list[Product]:
    """The products of all files, under ids that two files cannot share."""
    return [
        replace(one, id=ProductId(f"{at}-{one.id}"))
        for at, file in enumerate(files)
        for one in open_catalog(file, mapping=mapping)
    ]


def _sizes(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if wrong := next((part for part in parts if not part.isdigit() or int(part) < 1), None):
        raise InputError(f"--sizes: {wrong!r} is no number of products; give some like 20000,70000")
    if not parts:
        raise InputError("--sizes names no size: give some like 20000,70000")
    return [int(part) for part in parts]
