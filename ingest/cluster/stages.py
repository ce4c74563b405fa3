"""Results of costly stages, kept so that a build that was stopped goes on where it was."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.ports import Floats

__all__ = ["Stages", "fingerprint"]

MOST_BYTES = 2 << 30
"""A build of 500,000 products keeps 0.2 GB: the last ten of that size, or hundreds of small ones."""

_ABANDONED_S = 24 * 3600  # nothing takes a day to write
_BLOCK_ROWS = 65_536
_REVISION = "2"  # raise it when a stage computes something else from the same input


def fingerprint(vectors: Floats, texts: Sequence[str], *settings: object) -> str:
    """A key of everything that a stage's result depends on."""
    digest = hashlib.sha256(repr((_REVISION, vectors.shape, settings)).encode())
    for row in range(0, len(vectors), _BLOCK_ROWS):
        digest.update(np.ascontiguousarray(vectors[row : row + _BLOCK_ROWS], np.float32).tobytes())
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


class Stages:
    """A folder of arrays named by stage and key; without a folder nothing is kept.

    Parameters
    ----------
    folder : Path or None
    key : str
        From `fingerprint`.
    most_bytes : int
        What the folder may hold: beyond that, files that were not used for longest go.
    """

    def __init__(self, folder: Path | None, key: str, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder, self.key, self.most_bytes = folder, key, most_bytes

    def array(self, stage: str, compute: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """What `compute` gave for this key, now or in an earlier run."""
        if self.folder is None:
            return compute()
        path = self.folder / f"{stage}-{self.key[:32]}.npy"
        if path.exists():
            os.utime(path)
            loaded: NDArray[np.generic] = np.load(path, allow_pickle=False)
            return loaded
        result = compute()
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with beside.open("wb") as file:
                np.save(file, result, allow_pickle=False)
            beside.replace(path)  # a file of this name is always whole, whenever the process is killed
        finally:
            beside.unlink(missing_ok=True)
        self._clear(path)
        return result

    def _clear(self, own: Path) -> None:
        """Delete what was not used for longest, and what killed builds left half-written."""
        files = [(one, stat) for one in own.parent.iterdir() if (stat := _stat(one))]
        left = self.most_bytes
        for path, stat in sorted(files, key=lambda file: -file[1].st_mtime_ns):
            is_abandoned = path.suffix == ".part" and time.time() - stat.st_mtime > _ABANDONED_S
            left -= stat.st_size if path.suffix == ".npy" else 0
            if path != own and self.key[:32] not in path.name and (is_abandoned or left < 0):
                path.unlink(missing_ok=True)


def _stat(path: Path) -> os.stat_result | None:
    """None where another build has just deleted the file."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
