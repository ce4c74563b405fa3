"""Results of costly stages, kept so that a build that was stopped goes on where it was."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.ports import Floats

__all__ = ["Stages", "fingerprint"]

_REVISION = "1"  # raise it when a stage computes something else from the same input


def fingerprint(vectors: Floats, texts: Sequence[str], *settings: object) -> str:
    """A key of everything that a stage's result depends on."""
    digest = hashlib.sha256(repr((_REVISION, vectors.shape, settings)).encode())
    digest.update(np.ascontiguousarray(vectors, np.float32).tobytes())
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


class Stages:
    """A folder of arrays named by stage and key; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self.folder, self.key = folder, key

    def array(self, stage: str, compute: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """What `compute` gave for this key, now or in an earlier run."""
        if self.folder is None:
            return compute()
        path = self.folder / f"{stage}-{self.key[:32]}.npy"
        if path.exists():
            loaded: NDArray[np.generic] = np.load(path, allow_pickle=False)
            return loaded
        result = compute()
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        with beside.open("wb") as file:
            np.save(file, result, allow_pickle=False)
        beside.replace(path)  # a file of this name is always whole, whenever the process is killed
        return result
