"""Hugging Face's trainer, made silent, exactly resumable, and fed batches of like length."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.integrations import TensorBoardCallback

from ingest.encode.batches import Tokens, pad
from ingest.train.checkpoints import seal
from ingest.train.model import TerminalModel
from ingest.train.settings import TrainSettings
from taxonomy.ports import Progress

__all__ = ["TokenRows", "build_trainer"]

_LEAST_STEPS = 32  # an epoch; a small catalogue gets smaller batches rather than fewer steps
_LEAST_BATCH = 8
_BUCKET = 50  # batches that are sorted by length together, as Hugging Face's own sampler does
_KEPT = 2  # checkpoints: the last, and the one before in case that is damaged


Pieces = NDArray[np.int32]


class Drawn(NamedTuple):
    """What is read of a row: token ids, its class, and other classes that are no errors."""

    tokens: Pieces
    label: int
    others: tuple[int, ...]


class TokenRows(Dataset[Drawn]):
    """Token ids and classes of each row, of which a part is read in each epoch.

    Parameters
    ----------
    rows : sequence of token ids
        Of the whole texts.
    labels : sequence of int
        Classes.
    others : sequence of tuple of int, optional
        Further classes that are no errors.
    titles : sequence of token ids, optional
        Of the titles alone.
    field_dropout : float
        See `TrainSettings`.
    """

    def __init__(
        self,
        rows: Sequence[Tokens],
        labels: Sequence[int],
        *,
        others: Sequence[tuple[int, ...]] = (),
        titles: Sequence[Tokens] = (),
        field_dropout: float = 0.0,
    ) -> None:
        self.rows = [np.asarray(row, dtype=np.int32) for row in rows]
        self.labels = np.asarray(labels, dtype=np.int64)
        self._others = others
        self._whole, self._titles = self.rows, [np.asarray(row, dtype=np.int32) for row in titles]
        self._field_dropout = field_dropout

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Drawn:
        return Drawn(self.rows[index], int(self.labels[index]), self._others[index] if self._others else ())

    def redraw(self, rng: np.random.Generator) -> None:
        """Draw which products are read by their titles alone from now on."""
        alone = rng.random(len(self)) < (self._field_dropout if self._titles else 0.0)
        self.rows = [self._titles[at] if alone[at] else row for at, row in enumerate(self._whole)]


class _Bucketed(Sampler[int]):
    """Every row once, drawn and ordered as seed and epoch alone say, neighbours of like length.

    Hugging Face's own draws from the global generator, so that a run resumed in its third epoch would see
    other batches than the run that was never stopped.
    """

    def __init__(self, rows: TokenRows, batch_size: int, *, seed: int, epoch: Callable[[], float]) -> None:
        self._rows, self._batch_size, self._seed, self._epoch = rows, batch_size, seed, epoch

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self._seed, math.floor(self._epoch() + 1e-6)])
        self._rows.redraw(rng)
        lengths = np.array([len(row) for row in self._rows.rows])
        order = rng.permutation(len(lengths))
        size = self._batch_size * _BUCKET
        buckets = [order[start : start + size] for start in range(0, len(order), size)]
        ordered = np.concatenate([bucket[np.argsort(lengths[bucket], kind="stable")] for bucket in buckets])
        n_full = len(ordered) // self._batch_size
        full = ordered[: n_full * self._batch_size].reshape(n_full, self._batch_size)
        yield from full[rng.permutation(n_full)].ravel().tolist()
        yield from ordered[n_full * self._batch_size :].tolist()


class _Trainer(Trainer):  # type: ignore[misc]
    def _get_train_sampler(self, train_dataset: TokenRows | None = None) -> Sampler[int]:
        return _Bucketed(
            train_dataset or self.train_dataset,
            self.args.train_batch_size,
            seed=self.args.seed,
            epoch=lambda: float(self.state.epoch or 0),
        )


class _Reporter(TrainerCallback):  # type: ignore[misc]
    """Passes on how far training is, and asks for a checkpoint when the last one is old."""

    def __init__(self, progress: Progress, checkpoint_s: float) -> None:
        self._progress, self._checkpoint_s = progress, checkpoint_s
        self._saved_at = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._progress.start("fine-tuning", state.max_steps)
        self._progress.advance(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._progress.advance()
        # An epoch's end is saved by its own rule.
        epoch_ends = abs(state.epoch - round(state.epoch)) < 1e-9
        if not epoch_ends and time.monotonic() - self._saved_at >= self._checkpoint_s:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")
        self._saved_at = time.monotonic()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        if losses:
            self._progress.note(f"epoch {state.epoch:.0f} of {args.num_train_epochs}: loss {losses[-1]:.2f}")


def build_trainer(
    model: TerminalModel,
    train: TokenRows,
    *,
    folder: Path,
    settings: TrainSettings,
    device: str,
    pad_id: int,
    progress: Progress,
) -> Trainer:
    """A trainer that keeps its checkpoints and TensorBoard logs in `folder` and prints nothing."""
    batch_size = min(settings.batch_size, max(_LEAST_BATCH, len(train) // _LEAST_STEPS))
    steps = math.ceil(len(train) / batch_size) * settings.epochs
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.encoder_lr,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup * steps),
        eval_strategy="no",
        save_strategy="epoch",
        save_total_limit=_KEPT,
        restore_callback_states_from_checkpoint=True,
        bf16=_use_bf16(settings, device),
        use_cpu=device == "cpu",
        dataloader_pin_memory=device == "cuda",
        remove_unused_columns=False,
        label_names=["labels"],
        logging_steps=10,
        disable_tqdm=True,
        report_to="none",
        seed=settings.seed,
    )
    groups = model.parameter_groups(
        encoder_lr=settings.encoder_lr, head_lr=settings.head_lr, weight_decay=settings.weight_decay
    )
    trainer = _Trainer(
        model=model,
        args=arguments,
        train_dataset=train,
        data_collator=lambda rows: _collate(rows, pad_id=pad_id),
        optimizers=(torch.optim.AdamW(groups, fused=True), None),
        callbacks=_callbacks(folder, settings, progress),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _callbacks(folder: Path, settings: TrainSettings, progress: Progress) -> list[TrainerCallback]:
    from torch.utils.tensorboard import SummaryWriter

    return [_Reporter(progress, settings.checkpoint_s), TensorBoardCallback(SummaryWriter(folder / "logs"))]


def _collate(rows: Sequence[Drawn], *, pad_id: int) -> dict[str, torch.Tensor]:
    ids, mask = pad([row.tokens.tolist() for row in rows], pad_id=pad_id)
    batch = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
    batch["labels"] = torch.tensor([row.label for row in rows])
    width = max(len(row.others) for row in rows)
    if width:
        batch["others"] = torch.tensor([[*row.others, *[-1] * (width - len(row.others))] for row in rows])
    return batch


def _use_bf16(settings: TrainSettings, device: str) -> bool:
    if settings.precision != "auto":
        return settings.precision == "bfloat16"
    return device == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))
