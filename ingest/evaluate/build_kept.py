"""Figures that were dear to get, kept in a folder so that a bench that was stopped goes on where it was."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import ingest.cluster
from ingest.cluster.stages import fingerprint
from taxonomy.ports import Floats

__all__ = ["Kept", "code_digest"]

Row = dict[str, float]


def code_digest() -> str:
    """Of the code that builds: figures of other code are not ours to show."""
    digest = hashlib.sha256()
    for path in sorted(Path(ingest.cluster.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Kept:
    """Rows of figures by name, for one input and settings; without a folder nothing is kept.

    Parameters
    ----------
    folder : Path or None
        Made when the first row is written.
    vectors : (n, dim) float32
    texts : sequence of str
    settings : object
        All that the figures depend on besides.
    """

    def __init__(self, folder: Path | None, vectors: Floats, texts: Sequence[str], *settings: object) -> None:
        self.folder = folder
        self.key = fingerprint(vectors, texts, *settings)[:24] if folder else ""

    def row(self, name: str, compute: Callable[[], Row]) -> Row:
        """What `compute` gave, now or in an earlier run."""
        if self.folder is None:
            return compute()
        path = self.folder / f"{name.casefold()}-{self.key}.json"
        if path.exists():
            known: Row = json.loads(path.read_text(encoding="utf-8"))
            return known
        row = compute()
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        beside.write_text(json.dumps(row, indent=1), encoding="utf-8")
        beside.replace(path)  # a file of this name is always whole
        return row
