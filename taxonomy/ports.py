"""What the tree's use cases need from the outside, as Protocols between the packages."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoder", "Floats", "Progress", "Silent"]

Floats = NDArray[np.float32]


class Progress(Protocol):
    """Hears how far a long task is. Calls are cheap; a caller may make one per product."""

    def start(self, task: str, total: int | None = None) -> None:
        """A task begins; `total` counts its units where that is known."""

    def advance(self, n: int = 1) -> None:
        """`n` more units of the current task are done."""

    def note(self, message: str) -> None:
        """One line worth showing."""


class Silent:
    """A `Progress` that nobody watches."""

    def start(self, task: str, total: int | None = None) -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, message: str) -> None: ...


class Encoder(Protocol):
    """Text to vectors."""

    @property
    def revision(self) -> str:
        """Identifies weights, tokenizer, pooling and precision; vectors of two revisions never meet."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], *, progress: Progress = ...) -> Floats:
        """Vectors of the texts: (n_texts, dim) float32, unit rows, in the order given.

        No texts give an array of shape (0, dim).
        """
