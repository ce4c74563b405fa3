"""`shelftree bench new-nodes`: categories that the model was never taught, predicted at once."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ingest.readers import open_catalog
from taxonomy.node import NodeId
from taxonomy.tree import Tree
from ui.cli.bench_classify import Epochs, OutDir, settings_of
from ui.cli.bench_rows import Data, File, Row, data_of, of_splits, show
from ui.cli.options import AsJson, Device, Map, MaybeModel, parse_map
from ui.cli.progress import Bar
from ui.settings import Settings
from ui.wiring import App

if TYPE_CHECKING:
    from ingest.evaluate.new_nodes import Load, NewNodes

__all__ = ["new_nodes"]

Examples = Mapping[NodeId, Sequence[str]]


def new_nodes(
    file: File = None,
    data: Data = None,
    leaves: Annotated[int, typer.Option("--leaves", min=1, help="Taken out by each seed.")] = 20,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="So many draws, a training for each.")] = 5,
    min_products: Annotated[
        int, typer.Option("--min-products", min=1, help="Training products that a leaf must have.")
    ] = 20,
    model: MaybeModel = None,
    epochs: Epochs = None,
    out: OutDir = None,
    map_: Map = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Take leaves out of training, add them back by name, and by name and 5 products; judge on `valid` rows.

    What they get is put beside the model that was trained with them (--model, or one that is trained here),
    and what all other products lost beside the same model without them. Stop it at any time: with --out,
    trained models are found again.

    Example: shelftree bench new-nodes products.csv --model model --seeds 2 --out models
    """
    from ingest.evaluate.kept import Workshop
    from ingest.evaluate.new_nodes import measure, removed

    settings = settings_of(0, epochs)
    with App(Settings(device=device)) as app, Bar(quiet=as_json) as bar:
        products = open_catalog(data_of(file, data), mapping=parse_map(map_))
        # All draws before all trainings: what cannot be drawn should not cost an hour first.
        cases = [removed(products, leaves=leaves, seed=at, min_products=min_products) for at in range(seeds)]
        with nullcontext(out) if out else tempfile.TemporaryDirectory() as folder:
            base = app.settings.base_model or None
            shop = Workshop(Path(folder), settings, base, app.settings.device, app.cache)
            full = model or shop.model(of_splits(products), progress=bar).folder
            found: list[NewNodes] = []
            for at, case in enumerate(cases):
                bar.note(f"draw {at + 1} of {seeds}: {', '.join(map(case.tree.label, case.leaves))}")
                without = shop.model(case.products, tree=case.smaller, progress=bar).folder
                found.append(
                    measure(case, products, full=full, without=without, load=_loader(app), progress=bar)
                )
    show(_rows(found), as_json=as_json, runs=list(map(asdict, found)))


def _loader(app: App) -> "Load":
    from ingest.classify.predict import Classifier

    def load(folder: Path, tree: Tree, examples: Examples | None) -> Classifier:
        return Classifier.load(
            folder, tree=tree, examples=examples, device=app.settings.device, cache=app.cache
        )

    return load


def _rows(found: "Sequence[NewNodes]") -> dict[str, Row]:
    """Means over the draws, and the worst of each, so that one lucky draw hides nothing."""
    ways = {
        "by name": [one.by_name for one in found],
        "name and examples": [one.by_examples for one in found],
    }
    rows = {
        way: {
            "share_of_trained": _mean([one.share for one in own]),
            "worst_share": min(one.share for one in own),
            "new": _mean([one.new for one in own]),
            "others": _mean([one.others for one in own]),
            "points_lost": _mean([one.lost for one in own]),
            "worst_lost": max(one.lost for one in own),
        }
        for way, own in ways.items()
    }
    before = {"others": _mean([one.others_before for one in found])}
    trained = {
        "new": _mean([one.trained_new for one in found]),
        "others": _mean([one.trained_others for one in found]),
        "new_products": _mean([one.n_new for one in found]),
    }
    return {"trained with them": trained, "without them": before} | rows


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
