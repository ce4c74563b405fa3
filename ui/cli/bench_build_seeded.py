"""`shelftree bench seeded`: are the categories that a seed leaves out found again?"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ingest.cluster.shape import SMALLEST
from ingest.evaluate.build_gaps import ENOUGH, Recovery, refind
from ingest.readers import open_catalog
from ingest.train.settings import TrainSettings
from taxonomy.ports import Floats
from taxonomy.product import Product
from ui.cli.bench_build import Seed
from ui.cli.bench_classify import Epochs, settings_of
from ui.cli.bench_rows import SEED, Data, File, Row, Sample, data_of, sampled, show
from ui.cli.options import AsJson, Device
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

__all__ = ["seeded"]

HELD_OUT = 0.03
"""Of what a model is taught here: `train --hold-out 0.03`."""


def seeded(
    file: File = None,
    data: Data = None,
    sample: Sample = 0,
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=0.99, help="Of the categories that are shown.")
    ] = 0.5,
    examples: Annotated[
        float,
        typer.Option("--examples", min=0.0, max=1.0, help="Of their products that a second build is shown."),
    ] = 0.5,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Also train a model on what is shown: minutes.")
    ] = True,
    epochs: Epochs = None,
    seed: Seed = SEED,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Show a build half of the shop's categories with their products, and look for the other half.

    A category is found where a proposed node has its majority and a Jaccard of a half with it. A second
    build is shown a part of the products alone: do the others get to their own category? A third one has a
    model, too, that was trained on what is shown. Beside stand a build that was shown nothing, and k-means
    told how many categories there are.

    Example: shelftree bench seeded products.csv --sample 4000
    """
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = sampled([one for one in open_catalog(data_of(file, data)) if one.category_path], sample)
        vectors = app.vectors(products, progress=bar)
        gaps = refind(
            products,
            vectors,
            encode=app.encoder.encode,
            teach=partial(_taught, app, products, settings_of(seed, epochs), bar) if train else None,
            share=share,
            examples=examples,
            seed=seed,
            progress=bar,
        )
    small, large = f"below_{SMALLEST}", f"from_{ENOUGH}"
    n = max(gaps.n_left_out, 1)
    rows = {
        "left out": {"categories": gaps.n_left_out, small: gaps.n_small / n, large: gaps.n_large / n},
        "Shelftree, seeded": _row(gaps.seeded),
        **({"Shelftree, seeded, model": _row(gaps.taught)} if gaps.taught else {}),
        f"Shelftree, {examples:.0%} examples": _row(gaps.partly) | asdict(gaps.filled),
        "Shelftree, no seed": _row(gaps.unseeded),
        "k-means, true k": _row(gaps.k_means),
    }
    show(rows, as_json=as_json, left_out=gaps.n_left_out)


def _taught(
    app: App, products: Sequence[Product], settings: TrainSettings, bar: Bar, shown: Sequence[Product]
) -> Floats:
    """All products as an encoder sees them that was trained on those shown, but for a few.

    Of what it has learnt only how it sees is used: it promises nothing that would have to be calibrated.
    """
    from ingest.train.finetune import finetune

    with TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        finetune(
            [replace(one, split="") for one in shown],
            base=app.settings.base_model or None,
            out=model,
            settings=replace(settings, valid_share=HELD_OUT),
            device=app.settings.device,
            cache=app.cache,
            progress=bar,
        )
        return app.vectors(products, model=model, progress=bar)


def _row(one: Recovery) -> Row:
    return {
        "found": one.found,
        f"found_from_{SMALLEST}": one.found_leaves,
        f"found_from_{ENOUGH}": one.found_large,
        "proposed": float(one.n_proposed),
    }
