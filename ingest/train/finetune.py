"""Labelled products in, a model folder out."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ingest.classify.guard import Guard
from ingest.classify.head import Head
from ingest.classify.memory import Memory
from ingest.classify.wording import Wording
from ingest.encode.folder import folder_digest, locate
from ingest.encode.load import Tokenizer, load_network, quiet
from ingest.encode.open import Backend, Device, open_encoder, pick_device
from ingest.encode.torch_encoder import TorchEncoder
from ingest.train.artifact import MANIFEST, Artifact
from ingest.train.calibration import Measured, calibrate
from ingest.train.card import card
from ingest.train.checkpoints import Run, claim, latest
from ingest.train.dataset import Dataset, assemble, sample, thinned
from ingest.train.model import TerminalModel, centroids
from ingest.train.provenance import Learnt
from ingest.train.settings import TrainSettings
from ingest.train.trainer import TokenRows, build_trainer
from taxonomy.errors import ModelError
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Progress, Silent
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
    n_train, n_calibration : int
        Products in each part.
    n_terminals : int
        Categories that it learnt.
    n_unlabelled, n_foreign : int
        Products left out: without a category, or with one that is not in the tree.
    epochs : float
        Trained.
    accuracy : float or None
        Share of the calibration part whose leaf was found, on the backend that serves; None without one.
    temperature : float
        Fitted on the calibration part.
    seconds : float
        Of this call; a resumed run counts from the resumption.
    """

    revision: str
    n_train: int
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
    start: Path | None = None,
    tree: Tree | None = None,
    settings: TrainSettings | None = None,
    device: Device = "auto",
    backend: Backend = "auto",
    resume: bool = False,
    learnt: Callable[[], Learnt] | None = None,
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
    start : Path, optional
        A model folder to go on from in place of `base`: its encoder, and its rows of nodes that are still in
        the tree, whether or not there are products of them. Without `tree` its tree is gone on from, too,
        and gets the labels that it lacks. See `TrainSettings.going_on`.
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
    learnt : callable, optional
        Gives, once the products were read, who said what; it is kept in the model's folder and its card.
    cache : Path, optional
        See `open_encoder`.
    progress : Progress, optional
        Hears how far it is.

    Raises
    ------
    ModelError
        The base model is unusable, `out` holds something else, or the checkpoints are of another run.
    InputError
        There are fewer than two categories, or nothing can be written at `out`.
    """
    started = time.monotonic()
    earlier = Artifact.load(start) if start else None
    job = _Job(
        start or locate(base), earlier, settings or TrainSettings(), pick_device(device), backend, cache,
        progress or Silent(),
    )  # fmt: skip
    _refuse_to_overwrite(out)
    job.progress.start("reading labelled products")
    data = assemble(
        products,
        tree=tree,
        grown_from=earlier.tree if earlier else None,
        settings=job.settings,
        also=lambda tree: _rows_by_node(earlier, tree) if earlier else (),
    )
    partial = out.with_name(out.name + ".partial")
    begins_at = earlier.revision if earlier else folder_digest(job.base)
    run = Run(data.data_hash, job.settings.digest(), begins_at, job.device)
    claim(partial, run, resume=resume)
    trainer = _fit(job, data, partial)
    taught = learnt() if learnt else Learnt()
    artifact, measured = _write(job, trainer, data, partial / "model", origins=taught.origins)
    if learnt:
        taught.save(partial / "model", revision=artifact.revision)
    shutil.copytree(partial / "logs", partial / "model" / "logs")
    _put_in_place(partial / "model", out, aside=partial / "replaced")
    shutil.rmtree(partial)
    return TrainReport(
        artifact.revision, len(data.train), len(data.calibration), len(data.terminals),
        data.n_unlabelled, data.n_foreign, artifact.metrics["epochs"], measured.accuracy,
        artifact.calibration.temperature, time.monotonic() - started,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Job:
    """What all steps need to know."""

    base: Path
    earlier: Artifact | None
    settings: TrainSettings
    device: Literal["cpu", "cuda"]
    backend: Backend
    cache: Path | None
    progress: Progress


def _fit(job: _Job, data: Dataset, partial: Path) -> Any:
    """The trainer after training."""
    tokenizer = Tokenizer(job.base, max_tokens=job.settings.max_tokens)
    checkpoint = latest(partial)
    with quiet():
        torch.manual_seed(job.settings.seed)
        network = load_network(job.base)
        if job.device == "cpu":  # the fused kernel takes twice as long to go backward there
            network.set_attn_implementation("eager")
        # A checkpoint brings its own rows; any others keep their place until it is loaded.
        head = _blank_head(job, data, network.config.hidden_size) if checkpoint else _first_head(job, data)
        trainer = build_trainer(
            TerminalModel(
                network,
                head,
                dropout=job.settings.dropout,
                class_dropout=job.settings.class_dropout,
                label_smoothing=job.settings.label_smoothing,
            ),
            TokenRows(
                tokenizer([row.text for row in data.train]),
                data.labels,
                others=data.others,
                titles=tokenizer([row.title for row in data.train]),
                field_dropout=job.settings.field_dropout,
            ),
            folder=partial,
            settings=job.settings,
            device=job.device,
            pad_id=tokenizer.pad_id,
            progress=job.progress,
        )
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return trainer


def _blank_head(job: _Job, data: Dataset, dim: int) -> Head:
    """Rows that point nowhere in particular."""
    rows = np.zeros((len(data.terminals), dim), dtype=np.float32)
    rows[:, 0] = job.settings.scale
    return Head(data.terminals, rows, np.zeros(len(rows), dtype=np.float32))


def _first_head(job: _Job, data: Dataset) -> Head:
    """Each class's centroid in the untouched encoder; rows of an earlier model where it has them."""
    chosen = _some_of_each(data.labels)
    job.progress.start("looking at each category", len(chosen))
    encoder = TorchEncoder(job.base, device=job.device, max_tokens=job.settings.max_tokens)
    vectors = encoder.encode([data.train[at].text for at in chosen], progress=job.progress)
    rows = centroids(vectors, [data.labels[at] for at in chosen], n_classes=len(data.terminals))
    if job.earlier is None:
        return Head(data.terminals, rows * job.settings.scale, np.zeros(len(rows), dtype=np.float32))
    old = job.earlier.head
    kept = _rows_by_node(job.earlier, data.tree)
    head = Head(data.terminals, rows * old.scale, np.full(len(rows), np.median(old.bias), dtype=np.float32))
    for index, at in enumerate(data.terminals):
        if at in kept:
            head.rows[index], head.bias[index] = old.rows[kept[at]], old.bias[kept[at]]
    return head


def _rows_by_node(artifact: Artifact, tree: Tree) -> dict[NodeId, int]:
    """Which row of an earlier model stands for which node of the tree: the same id, else the same path."""
    found: dict[NodeId, int] = {}
    for row, old in enumerate(artifact.head.ids):
        at = old if old in tree else tree.find(artifact.tree.path(old)) if old in artifact.tree else None
        if at is not None:
            found[at] = row
    return found


def _some_of_each(labels: Sequence[int]) -> list[int]:
    """Positions of the first `_PER_CENTROID` rows of each class."""
    seen: Counter[int] = Counter()
    chosen: list[int] = []
    for at, label in enumerate(labels):
        if seen[label] < _PER_CENTROID:
            seen[label] += 1
            chosen.append(at)
    return chosen


def _write(
    job: _Job, trainer: Any, data: Dataset, folder: Path, *, origins: Mapping[str, int]
) -> tuple[Artifact, Measured]:
    """Everything that belongs into the model folder, calibrated on the backend that will serve it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model: TerminalModel = trainer.model.cpu().eval()
    _save_encoder(model, job.base, folder, max_tokens=job.settings.max_tokens)
    texts = sample([row.text for row in data.train], n=_SAMPLE, seed=job.settings.seed)
    encoder = open_encoder(folder, device=job.device, backend=job.backend, cache=job.cache, calibration=texts)
    head = model.head(data.terminals)
    memory = _remember(job, data, encoder)
    wording = _words(job, data)
    job.progress.start("calibrating", len(data.calibration))
    held = [row.text for row in data.calibration]
    guard = Guard.fit(data.tree, [row.text for row in data.train], held)
    measured = calibrate(
        head, memory, wording, guard, data.tree, data.calibration, encoder, progress=job.progress
    )
    metrics = {"epochs": float(trainer.state.epoch or 0), "n_train": float(len(data.train))}
    if measured.accuracy is not None:
        metrics["accuracy"] = measured.accuracy
    artifact = Artifact(
        head,
        data.tree,
        measured.calibration,
        texts,
        metrics,
        data.data_hash,
        memory,
        wording,
        guard,
        measured.reference,
    )
    text = card(data, artifact, job.settings, base=job.base, origins=origins)
    return artifact.save(folder, card=text), measured


def _remember(job: _Job, data: Dataset, encoder: Encoder) -> Memory:
    """Training products as the finished encoder sees them, at most `TrainSettings.remember`."""
    chosen = thinned(data.labels, n=job.settings.remember, seed=job.settings.seed)
    job.progress.start("remembering", len(chosen))
    vectors = encoder.encode([data.train[at].text for at in chosen], progress=job.progress)
    return Memory.of([data.terminals[data.labels[at]] for at in chosen], vectors)


def _words(job: _Job, data: Dataset) -> Wording | None:
    """What the words of as many training products say as are remembered."""
    chosen = thinned(data.labels, n=job.settings.remember, seed=job.settings.seed)
    return Wording.fit(
        [data.train[at].text for at in chosen],
        [data.labels[at] for at in chosen],
        [tuple(data.tree.lineage(at)) for at in data.terminals],
        progress=job.progress,
    )


def _save_encoder(model: TerminalModel, base: Path, folder: Path, *, max_tokens: int) -> None:
    with quiet():
        model.encoder.network.save_pretrained(folder)
        tokenizer = Tokenizer(base).inner
        tokenizer.model_max_length = max_tokens
        tokenizer.save_pretrained(folder)


def _refuse_to_overwrite(out: Path) -> None:
    if out.exists() and not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ModelError(f"{out}: holds something other than a model; name an empty or new folder")


def _put_in_place(folder: Path, out: Path, *, aside: Path) -> None:
    """One rename makes the model visible; an older one is moved aside first."""
    shutil.rmtree(aside, ignore_errors=True)
    if out.exists():
        out.rename(aside)
    folder.rename(out)
