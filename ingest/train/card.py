"""The model card."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ingest.classify.calibrate import Calibration
from ingest.train.artifact import Artifact
from ingest.train.dataset import Dataset
from ingest.train.settings import TrainSettings

__all__ = ["card"]

_PRECISIONS = (0.8, 0.9, 0.95, 0.99)


def card(
    data: Dataset, artifact: Artifact, settings: TrainSettings, *, base: Path, origins: Mapping[str, int]
) -> str:
    """What a reader of the model folder should know, as Markdown; `origins`: products by who placed them."""
    accuracy = artifact.metrics.get("accuracy")
    found = f"{accuracy:.3f}" if accuracy is not None else "not measured, nothing was held out"
    promises = "\n".join(_promise(artifact.calibration, precision) for precision in _PRECISIONS)
    words = "a linear model of words and letters" if artifact.wording else "no model of words"
    settles = artifact.calibration.settles
    alone = f" Where words give a terminal more than {settles}, they answer alone." if settles < 1 else ""
    said = ", ".join(f"{n} {origin}" for origin, n in sorted(origins.items())) or "not recorded"
    chosen = "\n".join(f"- {name}: {value}" for name, value in asdict(settings).items())
    return f"""# A Shelftree classifier

Puts products into a category tree of {len(data.tree)} nodes: {len(data.terminals)} terminals (a leaf, or
"stops here" at an inner node) under one softmax on a mean-pooled BERT; beside it {words}, and
{len(artifact.memory)} remembered products, the nearest of which have their say.{alone}
For titles, brands, attributes and descriptions like those it learnt from; texts that it can know nothing of
(other languages, gibberish, stuffed titles) go to review whatever their probability.

## Data
{len(data.train)} products to train on and {len(data.calibration)} to calibrate on.
Left out: {data.n_unlabelled} without a category, {data.n_foreign} with one not in the tree.
Who gave the categories: {said}. Data hash `{data.data_hash}`. Base model `{base.name}`. Ids, prices, splits
and columns of unknown meaning are no features.

## Quality
Leaf accuracy on the part to calibrate on: {found}.

| precision asked | calibration products that got a node | wrong among them |
| --- | --- | --- |
{promises}

The part to calibrate on chose these; `shelftree evaluate` measures on a file of yours.

## Settings
{chosen}
"""


def _promise(calibration: Calibration, precision: float) -> str:
    price = calibration.price(precision)
    if price not in calibration.prices:
        return f"| {precision} | none: too few calibration products to vouch for it | |"
    at = calibration.prices.index(price)
    return f"| {precision} | {calibration.given[at]} | {calibration.wrong[at]} |"
