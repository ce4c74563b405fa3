"""`shelftree bench rebuild`: is it the same tree when more products came?"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ingest.cluster.keep import CHURN
from ingest.evaluate.build_fresh import fresh
from ingest.evaluate.build_place import Placing
from ingest.evaluate.build_rebuild import Identity, Rerun, rerun
from ingest.readers import open_catalog
from taxonomy.ports import Floats
from taxonomy.product import Product
from ui.cli.bench_build import Seed
from ui.cli.bench_rows import SEED, Data, File, Row, Sample, data_of, sampled, show
from ui.cli.options import AsJson, Device
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["rebuild"]


def rebuild(
    file: File = None,
    data: Data = None,
    sample: Sample = 0,
    arriving: Annotated[
        float, typer.Option("--arriving", min=0.0, max=0.9, help="Share of the products that come later.")
    ] = 0.1,
    locked: Annotated[
        float, typer.Option("--locked", min=0.0, max=1.0, help="Share of the nodes that a person locks.")
    ] = 0.1,
    churn: Annotated[
        float, typer.Option("--churn", min=0.0, max=1.0, help="Share that a rebuild may change.")
    ] = CHURN,
    others: Annotated[
        Path | None,
        typer.Option("--others", help="Products of another catalogue, to see whether drift is said of them."),
    ] = None,
    seed: Seed = SEED,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Build on some of the products, then on all: as `build --keep` does it, afresh, and by `--place`.

    All of it runs twice, each time in a process of its own, and the bytes of the trees are compared.

    Example: shelftree bench rebuild products.csv --sample 4000
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = sampled(list(open_catalog(data_of(file, data))), sample)
        vectors, settings = app.vectors(products, progress=bar), app.settings
        strange = app.vectors(sampled(list(open_catalog(others)), sample), progress=bar) if others else None
        runs = []
        for n in (1, 2):
            bar.start(f"building, and building again: run {n} of 2")
            runs.append(
                fresh(
                    partial(_rerun, products, vectors, strange, arriving, locked, churn, seed, settings)
                ).result
            )
    said = runs[0]
    identical = float(runs[0].digest == runs[1].digest)
    rows = {"Shelftree, --keep": _row(said.kept) | {"identical": identical}, "afresh": _row(said.afresh)}
    rows["Shelftree, --place"] = _figures(said.placing)
    counts = {"nodes": said.n_nodes, "locked": said.n_locked, "arrived": said.n_arrived}
    show(rows, as_json=as_json, **counts)


def _rerun(
    products: list[Product],
    vectors: Floats,
    others: Floats | None,
    arriving: float,
    locked: float,
    churn: float,
    seed: int,
    settings: Settings,
) -> Rerun:
    with App(settings) as app:
        encode = app.encoder.encode
        return rerun(
            products,
            vectors,
            arriving=arriving,
            locked=locked,
            churn=churn,
            seed=seed,
            encode=encode,
            others=others,
        )


def _row(one: Identity) -> Row:
    return {
        "ids_kept": one.ids_kept,
        "matched": one.matched,
        "locked_kept": one.locked_kept,
        "new_ids": float(one.n_new),
    }


def _figures(one: Placing) -> Row:
    return {name: value for name, value in asdict(one).items() if value is not None}
