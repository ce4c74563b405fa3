"""The usual way with BERT: one plain softmax over the leaf paths, as transformers comes."""

import math
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from ingest.encode.batches import Tokens, length_sorted, pad
from ingest.encode.folder import locate
from ingest.encode.load import Tokenizer, quiet
from ingest.encode.open import Device, pick_device
from ingest.evaluate.baselines import Baseline, Parts, parts_of, scored
from ingest.train.settings import TrainSettings
from taxonomy.ports import Progress, Silent
from taxonomy.product import Path, Product, join_path

__all__ = ["flat_bert"]

_BUDGET = 4096  # padded tokens a batch when judging


def flat_bert(
    products: Iterable[Product],
    *,
    base: str | FilePath | None = None,
    settings: TrainSettings | None = None,
    device: Device = "auto",
    progress: Progress | None = None,
) -> Baseline:
    """`AutoModelForSequenceClassification` with plain cross-entropy, judged after its last epoch.

    Encoder, text, number of epochs, batch size, learning rates, warm-up and weight decay are those of our
    own training. It has none of what that adds: no tree, no cosine head begun at centroids, no class dropout,
    no smoothing, no stopping by held-out rows.

    Raises
    ------
    InputError
        As `parts_of`.
    ModelError
        The base model is unusable, or CUDA is asked for where there is none.
    """
    chosen, place = settings or TrainSettings(), pick_device(device)

    def predict(parts: Parts) -> list[Path]:
        with quiet(), tempfile.TemporaryDirectory() as folder:
            return _predicted(parts, locate(base), chosen, place, folder, progress or Silent())

    return scored("flat BERT", parts_of(products), predict)


class _Rows(Dataset[dict[str, Any]]):
    """Token ids and class."""

    def __init__(self, ids: Sequence[Sequence[int]], labels: Sequence[int]) -> None:
        self._ids, self._labels = ids, labels

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self._ids[index], "labels": self._labels[index]}


class _Steps(TrainerCallback):  # type: ignore[misc]
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._progress.start("fine-tuning a flat BERT", state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._progress.advance()


def _predicted(
    parts: Parts, base: FilePath, settings: TrainSettings, device: str, folder: str, progress: Progress
) -> list[Path]:
    classes = list(dict.fromkeys(map(join_path, parts.labels)))
    index = {label: at for at, label in enumerate(classes)}
    path_of = dict(zip(map(join_path, parts.labels), parts.labels, strict=True))
    tokenizer = Tokenizer(base, max_tokens=settings.max_tokens)
    torch.manual_seed(settings.seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(classes), local_files_only=True, trust_remote_code=False, use_safetensors=True,
        dtype="float32",
    )  # fmt: skip
    train = _Rows(tokenizer(parts.texts), [index[join_path(path)] for path in parts.labels])
    trainer = Trainer(
        model=model,
        args=_arguments(settings, device, folder, len(train)),
        train_dataset=train,
        data_collator=DataCollatorWithPadding(tokenizer.inner),
        optimizers=(torch.optim.AdamW(_groups(model, settings), weight_decay=settings.weight_decay), None),
        callbacks=[_Steps(progress)],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [path_of[classes[at]] for at in _classes(model.eval(), tokenizer(parts.unseen), tokenizer.pad_id)]


@torch.inference_mode()
def _classes(model: Any, rows: list[Tokens], pad_id: int) -> list[int]:
    """The likeliest class of each row, in their order, which the trainer's own prediction does not keep."""
    found = np.zeros(len(rows), dtype=np.int64)
    for batch in length_sorted([len(row) for row in rows], budget=_BUDGET):
        ids, mask = (
            torch.from_numpy(part).to(model.device) for part in pad([rows[at] for at in batch], pad_id=pad_id)
        )
        found[batch] = model(input_ids=ids, attention_mask=mask).logits.argmax(dim=1).cpu().numpy()
    return [int(at) for at in found]


def _groups(model: Any, settings: TrainSettings) -> list[dict[str, Any]]:
    """The body, and the layer that is begun at random, which learns as fast as our head."""
    body = [weights for name, weights in model.named_parameters() if not name.startswith("classifier.")]
    return [
        {"params": body, "lr": settings.encoder_lr},
        {"params": list(model.classifier.parameters()), "lr": settings.head_lr},
    ]


def _arguments(settings: TrainSettings, device: str, folder: str, n_rows: int) -> TrainingArguments:
    steps = math.ceil(n_rows / settings.batch_size) * settings.epochs
    has_bf16 = device == "cuda" or bool(torch.cpu.get_capabilities().get("amx_bf16", False))
    return TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=settings.batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.encoder_lr,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(settings.warmup * steps),
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        bf16=has_bf16 if settings.precision == "auto" else settings.precision == "bfloat16",
        use_cpu=device == "cpu",
        dataloader_pin_memory=device == "cuda",
        logging_steps=1_000_000,
        disable_tqdm=True,
        report_to="none",
        seed=settings.seed,
    )
