"""Labelled products in, a model folder out."""

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ingest.encode.folder import folder_digest, locate
from ingest.encode.load import Tokenizer, load_network, quiet
from ingest.encode.open import Backend, Device, open_encoder, pick_device
from ingest.encode.torch_encoder import TorchEncoder
from ingest.train.artifact import MANIFEST, Artifact
from ingest.train.calibration import Measured, calibrate
from ingest.train.card import card
from ingest.train.checkpoints import Run, claim, latest
from ingest.train.dataset import Dataset, assemble, sample
from ingest.train.model import TerminalModel, centroids
from ingest.train.settings import TrainSettings
from ingest.train.trainer import TokenRows, build_trainer
from taxonomy.errors import ModelError
from taxonomy.ports import Floats, Progress, Silent
from taxonomy.product import Product
from taxonomy.tree import Tree

__all__ = ["TrainReport", "finetune"]

_SAMPLE = 300  # texts kept for OpenVINO's int8 ranges, as many as it uses
_PER_CENTROID = 16  # rows a class: a mean of more points nearly the same way, and encoding them takes minutes


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What came of a fine-tuning run.

    Attributes
    ----------
    revision : str
        Of the model.
    n_train, n_stopping, n_calibration : int
        Products in each part.
    n_terminals : int
        Categories that it learnt.
    n_unlabelled, n_foreign : int
        Products left out: without a category, or with one that is not in the tree.
    epochs : float
        Trained, early stopping included.
    accuracy : float or None
        Share of the calibration part whose leaf was found, on the backend that serves; None without one.
    temperature : float
        Fitted on the calibration part.
    seconds : float
        Of this call; a resumed run counts from the resumption.
    """

    revision: str
    n_train: int
    n_stopping: int
    n_calibration: int
    n_terminals: int
    n_unlabelled: int
    n_foreign: int
    epochs: float
    accuracy: float | None
    temperature: float
    seconds: float


def finetune(
    products: Iterable[Product],
    *,
    out: Path,
    base: str | Path | None = None,
    tree: Tree | None = None,
    settings: TrainSettings | None = None,
    device: Device = "auto",
    backend: Backend = "auto",
    resume: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Fine-tune an encoder and a head on labelled products and write the model to `out`.

    Checkpoints and TensorBoard logs lie in `<out>.partial` until the model is whole, then the folder takes
    its place in one rename. Stopped at any moment, a run goes on with `resume` from its newest whole
    checkpoint; on the CPU the result equals that of a run that was never stopped.

    Parameters
    ----------
    products : iterable of Product
        Read once; see `assemble` for what serves for what.
    out : Path
        The model folder; a model that is there already is replaced at the end.
    base : str or Path, optional
        Model to start from: folder or hub id; by default the one that came with Shelftree.
    tree : Tree, optional
        Where the labels are nodes of; by default the tree of the labels.
    settings : TrainSettings, optional
        The defaults suit any catalogue.
    device : {"auto", "cpu", "cuda"}
        Where to train.
    backend : {"auto", "torch", "openvino"}
        What will serve the model; calibration is fitted on it.
    resume : bool
        Go on with the run that was stopped.
    cache : Path, optional
        See `open_encoder`.
    progress : Progress, optional
        Hears how far it is.

    Raises
    ------
    ModelError
        The base model is unusable, `out` holds something else, or the checkpoints are of another run.
    InputError
        There are fewer than two categories.
    """
    started = time.monotonic()
    settings, progress, place = settings or TrainSettings(), progress or Silent(), pick_device(device)
    folder = locate(base)
    _refuse_to_overwrite(out)
    progress.start("reading labelled products")
    data = assemble(products, tree=tree, settings=settings)
    partial = out.with_name(out.name + ".partial")
    claim(partial, Run(data.data_hash, settings.digest(), folder_digest(folder), place), resume=resume)
    trainer = _fit(data, folder, partial, settings=settings, device=place, progress=progress)
    model = partial / "model"
    shutil.rmtree(model, ignore_errors=True)
    model.mkdir()
    _save_encoder(trainer.model.cpu().eval(), folder, model, max_tokens=settings.max_tokens)
    texts = sample([row.text for row in data.train], n=_SAMPLE, seed=settings.seed)
    encoder = open_encoder(model, device=device, backend=backend, cache=cache, calibration=texts)
    progress.start("calibrating", len(data.calibration))
    head = trainer.model.head(data.terminals)
    measured = calibrate(head, data.tree, data.calibration, encoder, progress=progress)
    metrics = _metrics(trainer, data, measured)
    artifact = Artifact(head, data.tree, measured.calibration, texts, metrics, data.data_hash)
    artifact = artifact.save(model, card=card(data, settings, metrics, base=folder))
    shutil.copytree(partial / "logs", model / "logs")
    _put_in_place(model, out)
    shutil.rmtree(partial)
    return TrainReport(
        artifact.revision, len(data.train), len(data.stopping), len(data.calibration), len(data.terminals),
        data.n_unlabelled, data.n_foreign, metrics["epochs"], measured.accuracy,
        artifact.calibration.temperature, time.monotonic() - started,
    )  # fmt: skip


def _fit(
    data: Dataset, folder: Path, partial: Path, *, settings: TrainSettings, device: str, progress: Progress
) -> Any:
    tokenizer = Tokenizer(folder, max_tokens=settings.max_tokens)
    checkpoint = latest(partial)
    texts = [row.text for row in data.train]
    stop_texts, stop_labels = data.known(data.stopping)
    with quiet():
        torch.manual_seed(settings.seed)
        model = TerminalModel(
            load_network(folder),
            _start(data, folder, settings, device, progress, skip=checkpoint is not None),
            scale=settings.scale,
            class_dropout=settings.class_dropout,
        )
        trainer = build_trainer(
            model,
            TokenRows(tokenizer(texts), data.labels),
            TokenRows(tokenizer(stop_texts), stop_labels),
            folder=partial,
            settings=settings,
            device=device,
            pad_id=tokenizer.pad_id,
            progress=progress,
        )
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trainer


def _start(
    data: Dataset, folder: Path, settings: TrainSettings, device: str, progress: Progress, *, skip: bool
) -> Floats:
    """Where the head's rows start; a checkpoint brings its own rows, so zeros do before one is loaded."""
    encoder = TorchEncoder(folder, device=device, max_tokens=settings.max_tokens)
    if skip:
        return np.zeros((len(data.terminals), encoder.dim), dtype=np.float32)
    chosen = _some_of_each(data.labels)
    progress.start("looking at each category", len(chosen))
    vectors = encoder.encode([data.train[at].text for at in chosen], progress=progress)
    return centroids(vectors, [data.labels[at] for at in chosen], n_classes=len(data.terminals))


def _some_of_each(labels: Sequence[int]) -> list[int]:
    """Positions of the first `_PER_CENTROID` rows of each class."""
    seen: Counter[int] = Counter()
    chosen: list[int] = []
    for at, label in enumerate(labels):
        if seen[label] < _PER_CENTROID:
            seen[label] += 1
            chosen.append(at)
    return chosen


def _metrics(trainer: Any, data: Dataset, measured: Measured) -> dict[str, float]:
    found = {} if measured.accuracy is None else {"accuracy": measured.accuracy}
    return found | {
        "epochs": float(trainer.state.epoch or 0),
        "n_train": float(len(data.train)),
        "n_terminals": float(len(data.terminals)),
        "temperature": measured.calibration.temperature,
    }


def _save_encoder(model: TerminalModel, base: Path, folder: Path, *, max_tokens: int) -> None:
    with quiet():
        model.encoder.network.save_pretrained(folder, safe_serialization=True)
        tokenizer = Tokenizer(base).inner
        tokenizer.model_max_length = max_tokens
        tokenizer.save_pretrained(folder)


def _refuse_to_overwrite(out: Path) -> None:
    if out.exists() and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ModelError(f"{out}: holds something other than a model; name an empty or new folder")


def _put_in_place(folder: Path, out: Path) -> None:
    """One rename makes the model visible; an older one is moved aside first and removed after."""
    aside = out.with_name(out.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if out.exists():
        out.rename(aside)
    folder.rename(out)
    shutil.rmtree(aside, ignore_errors=True)
