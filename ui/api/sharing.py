"""One encoder for many threads."""

import time
from collections.abc import Sequence
from threading import Lock

import numpy as np

from taxonomy.ports import Encoder, Floats, Progress, Silent

__all__ = ["SharedEncoder"]

SLICE = 300
"""Texts encoded at a time, 0.2 s on two cores: what a query waits at most while a new release is loaded.
Not fewer, for OpenVINO sets the ranges of its int8 form by the first 300 texts that it is given."""

YIELD_S = 0.001
"""Pause between slices: a lock let go and taken again at once would starve those who wait for it."""


class SharedEncoder:
    """An encoder that threads may share; tokenizers and inference queues by themselves may not be.

    Parameters
    ----------
    encoder : Encoder
        Used by one thread at a time from here on; nobody else may call it.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._lock = encoder, Lock()

    @property
    def revision(self) -> str:
        """That of the encoder within."""
        return self._encoder.revision

    @property
    def dim(self) -> int:
        """That of the encoder within."""
        return self._encoder.dim

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Floats:
        """(n_texts, dim) float32, unit rows, in the order given."""
        progress = progress or Silent()
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), SLICE):
            if start:
                time.sleep(YIELD_S)
            part = texts[start : start + SLICE]
            with self._lock:
                out[start : start + len(part)] = self._encoder.encode(part, progress=progress)
        return out
