"""Checkpoints that can be trusted: of this very run, and whole."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.encode.folder import file_digest
from taxonomy.errors import FileError, ModelError

__all__ = ["Run", "claim", "latest", "seal"]

_SEAL = "sealed.json"
_RUN = "run.json"
_STATE = "trainer_state.json"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run's result depends on; checkpoints of another run are never continued."""

    data_hash: str
    settings_hash: str
    base_revision: str
    device: str


def claim(folder: Path, run: Run, *, resume: bool) -> None:
    """Make `folder` the working folder of this run, emptied unless it is to be resumed.

    Raises
    ------
    ModelError
        It is to be resumed but belongs to a run on other data or with other settings.
    FileError
        It cannot be made.
    """
    mark = folder / _RUN
    if resume and (found := _read(mark)) is not None:
        if found != asdict(run):
            raise ModelError(
                f"{folder}: these checkpoints are of other data, settings, base model or device;"
                " train without --resume to start over, or name another --out"
            )
        return
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(json.dumps(asdict(run)))
    except OSError as error:
        raise FileError(folder, f"cannot be made ({error.strerror}): name another --out") from error


def _read(mark: Path) -> object:
    """What a run's mark says; None if there is none or its run was killed while writing it."""
    try:
        return json.loads(mark.read_text())
    except (OSError, ValueError):
        return None


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint as complete, last of all, with the hashes of its files."""
    digests = {path.name: file_digest(path) for path in checkpoint.iterdir() if path.name != _SEAL}
    (checkpoint / _SEAL).write_text(json.dumps(digests))


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint; None to start afresh."""
    found = sorted(
        folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True
    )
    return next((path for path in found if _whole(path)), None)


def _whole(checkpoint: Path) -> bool:
    try:
        digests: dict[str, str] = json.loads((checkpoint / _SEAL).read_text())
        return _STATE in digests and all(
            file_digest(checkpoint / name) == told for name, told in digests.items()
        )
    except (OSError, ValueError, AttributeError):
        return False
