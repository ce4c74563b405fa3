"""Which texts go to review whatever the classifier thinks of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.classify.foreign import Foreign
from ingest.classify.stuffing import Stuffing
from taxonomy.errors import ModelError
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["FILES", "Guard"]

FILES = ("foreign.safetensors", "stuffing.json")
"""What `Guard.save` writes."""

_N_LIMITS = 4


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands before the classifier, which promises nothing for texts unlike its calibration's.

    Attributes
    ----------
    foreign : Foreign
        Tells texts made of what training never saw.
    stuffing : Stuffing
        Tells texts written to be found.
    """

    foreign: Foreign
    stuffing: Stuffing

    @classmethod
    def fit(cls, tree: Tree, train_texts: Sequence[str], held_texts: Sequence[str]) -> "Guard":
        """Limits from texts that training has not seen; those it stopped by may be among them."""
        foreign = Foreign.fit(train_texts, calibration_texts=held_texts)
        return cls(foreign, Stuffing.fit(tree, held_texts))

    def on(self, tree: Tree) -> "Guard":
        """The same for another tree, whose names texts may be stuffed with."""
        return replace(self, stuffing=self.stuffing.on(tree))

    def look(self, texts: Sequence[str]) -> tuple[NDArray[np.bool_], Floats]:
        """Which normalised texts are for people, and how strange each is: (n_texts,) bool and float32."""
        strange = self.foreign.scores(texts)
        return self.foreign.is_beyond(strange) | self.stuffing.is_stuffed(texts), strange

    def refused(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(n_texts,) bool: which normalised texts are for people."""
        return self.look(texts)[0]

    def save(self, folder: Path) -> None:
        """Write `FILES` into a folder."""
        self.foreign.save(folder / FILES[0])
        (folder / FILES[1]).write_text(json.dumps({"limits": self.stuffing.limits}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, tree: Tree) -> "Guard":
        """What `save` wrote, for a tree.

        Raises
        ------
        ModelError
            A file is damaged.
        """
        path = folder / FILES[1]
        try:
            limits = tuple(int(at) for at in json.loads(path.read_text(encoding="utf-8"))["limits"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"{path}: damaged ({error}); train the model again") from error
        if len(limits) != _N_LIMITS or min(limits) < 0:
            raise ModelError(f"{path}: limits of {limits} are none; train the model again")
        words, repeats, names, long_names = limits
        return cls(Foreign.load(folder / FILES[0]), Stuffing((words, repeats, names, long_names)).on(tree))
