"""The model card."""

from dataclasses import asdict
from pathlib import Path

from ingest.train.artifact import Artifact
from ingest.train.dataset import Dataset
from ingest.train.settings import TrainSettings

__all__ = ["card"]


def card(data: Dataset, artifact: Artifact, settings: TrainSettings, *, base: Path) -> str:
    """What a reader of the model folder should know, as Markdown."""
    accuracy = artifact.metrics.get("accuracy")
    found = f"{accuracy:.3f}" if accuracy is not None else "not measured, nothing was held out"
    chosen = "\n".join(f"- {name}: {value}" for name, value in asdict(settings).items())
    return f"""# A Shelftree classifier

Puts products into a category tree of {len(data.tree)} nodes: {len(data.terminals)} terminals (a leaf, or
"stops here" at an inner node) under one softmax on a mean-pooled BERT. For titles, brands and descriptions
like those it learnt from; text in other languages and other kinds of goods belong in review.

## Data
{len(data.train)} products to train on, {len(data.stopping)} to stop by and {len(data.calibration)} to
calibrate on. Left out: {data.n_unlabelled} without a category, {data.n_foreign} with one not in the tree.
Data hash `{data.data_hash}`. Base model `{base.name}`. Ids, prices and splits are no features.

## Quality
Leaf accuracy on the part to calibrate on: {found}.
Temperature {artifact.calibration.temperature:.2f}. Thresholds are in `calibration.json`; `shelftree evaluate`
measures on a file of yours.

## Settings
{chosen}
"""
