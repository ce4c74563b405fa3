"""Tokenizer and network of a model folder, loaded without noise and without running its code."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as hf_logging

from ingest.encode.batches import Tokens
from taxonomy.errors import ModelError

__all__ = ["MAX_TOKENS", "Tokenizer", "load_network", "quiet"]

MAX_TOKENS = 128
"""Texts are cut here unless their model says less; title, brand and the start of a description fit."""


class Tokenizer:
    """Texts to token ids, cut at `max_tokens`.

    Parameters
    ----------
    folder : Path
        A model folder.
    max_tokens : int, optional
        Where texts are cut; by default what the tokenizer says it was made for, at most `MAX_TOKENS`.

    Raises
    ------
    ModelError
        The folder's tokenizer cannot be read.
    """

    def __init__(self, folder: Path, *, max_tokens: int | None = None) -> None:
        with quiet(), _one_sentence(folder):
            self.inner = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        self.max_tokens = max_tokens or min(self.inner.model_max_length, MAX_TOKENS)
        self.pad_id: int = self.inner.pad_token_id or 0

    def __call__(self, texts: Sequence[str]) -> list[Tokens]:
        """Token ids of each text, special tokens included; no texts give an empty list."""
        if not texts:
            return []
        rows: list[Tokens] = self.inner(
            list(texts), truncation=True, max_length=self.max_tokens, return_attention_mask=False
        )["input_ids"]
        return rows


def load_network(folder: Path) -> Any:
    """The folder's transformer in evaluation mode, float32, on the CPU.

    Raises
    ------
    ModelError
        The weights are damaged, hold what is no number, or are of no architecture that transformers knows.
    """
    with quiet(), _one_sentence(folder):
        network = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype="float32"
        )
    if not all(bool(weights.isfinite().all()) for weights in network.parameters()):
        raise ModelError(
            f"{folder}: this model's weights hold what is no number; take it from its source again"
        )
    return network.eval()


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers from printing progress bars, load reports and advice meanwhile."""
    level, bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(transformers|accelerate|torch)\b")
            yield
    finally:
        hf_logging.set_verbosity(level)
        if bars:
            hf_logging.enable_progress_bar()


@contextmanager
def _one_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except (
        OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError, SafetensorError,
        StrictDataclassError,
    ) as error:  # fmt: skip
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{folder}: this model cannot be loaded ({reason})") from error
