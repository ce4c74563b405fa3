"""The encoder on PyTorch: float32 on the CPU, bfloat16 on CUDA."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ingest.encode.batches import length_sorted, pad
from ingest.encode.folder import folder_digest
from ingest.encode.load import Tokenizer, load_network
from taxonomy.ports import Floats, Progress, Silent

__all__ = ["CHUNK", "MeanPooled", "TorchEncoder"]

CHUNK = 8192
"""Texts that are tokenised and sorted by length together."""

_BUDGET = {"cpu": 4_096, "cuda": 131_072}  # padded tokens a batch: the CPU's cache and an 8 GB card hold it


class MeanPooled(torch.nn.Module):
    """A transformer whose output is the unit mean of its token vectors: (n, dim) float32."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.network(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)


class TorchEncoder:
    """Vectors by PyTorch; see `taxonomy.ports.Encoder`.

    Parameters
    ----------
    folder : Path
        A model folder.
    device : {"cpu", "cuda"}
        float32 on the CPU; bfloat16 on CUDA.
    max_tokens : int, optional
        See `Tokenizer`.
    """

    def __init__(self, folder: Path, *, device: str = "cpu", max_tokens: int | None = None) -> None:
        self._tokenizer = Tokenizer(folder, max_tokens=max_tokens)
        network = load_network(folder)
        self.dim: int = network.config.hidden_size
        self._device = device
        if device == "cuda":
            network = network.to(device, torch.bfloat16)
        self._module = MeanPooled(network)
        recipe = f"{folder_digest(folder)} mean {self._tokenizer.max_tokens} torch {device}"
        self.revision = hashlib.sha256(recipe.encode()).hexdigest()

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """(n_texts, dim) float32, unit rows, in the order given."""
        progress = progress or Silent()
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            rows = self._tokenizer(texts[start : start + CHUNK])
            for batch in length_sorted([len(row) for row in rows], budget=_BUDGET[self._device]):
                ids, mask = pad([rows[at] for at in batch], pad_id=self._tokenizer.pad_id)
                out[start + batch] = self._infer(torch.from_numpy(ids), torch.from_numpy(mask))
                progress.advance(len(batch))
        return out

    @torch.inference_mode()
    def _infer(self, ids: torch.Tensor, mask: torch.Tensor) -> Floats:
        vectors: Floats = self._module(ids.to(self._device), mask.to(self._device)).cpu().numpy()
        return vectors
