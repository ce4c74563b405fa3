"""Vectors kept on disk by encoder revision and text."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from taxonomy.ports import Encoder, Floats, Progress, Silent

__all__ = ["CachedEncoder"]

_CHUNK = 4096  # texts a transaction; SQLite takes 32,766 values in one statement
_WAIT_S = 60.0  # for the other process's transaction


class CachedEncoder:
    """An encoder that computes no vector twice.

    One SQLite file a revision: transactions survive kill -9, and two processes may share the folder. A file
    that SQLite cannot read is thrown away, for its content can be computed again.

    Parameters
    ----------
    encoder : Encoder
        What computes the vectors that are not there yet.
    folder : Path
        Made when absent.
    keep_from : int
        Calls with fewer texts leave the file alone: queries seldom come twice, a transaction for each costs
        more than its vector, and the file would grow for ever.
    """

    def __init__(self, encoder: Encoder, folder: Path, *, keep_from: int = 1) -> None:
        self._encoder, self._keep_from = encoder, keep_from
        self._path = folder / f"{encoder.revision[:32]}.vectors"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, read-only, disk full: not damage
                raise
            self._discard()
            self._prepare()

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
        if len(texts) < self._keep_from:
            return self._encoder.encode(texts, progress=progress)
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        with closing(self._connect()) as connection:
            for start in range(0, len(texts), _CHUNK):
                part = texts[start : start + _CHUNK]
                out[start : start + len(part)] = self._encode_part(connection, part, progress)
        return out

    def _encode_part(
        self, connection: sqlite3.Connection, texts: Sequence[str], progress: Progress
    ) -> Floats:
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16] for text in texts]
        known = self._read(connection, set(keys))
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        progress.advance(len(texts) - len(fresh))
        if fresh:
            vectors = self._encoder.encode(list(fresh.values()), progress=progress)
            known.update(zip(fresh, vectors, strict=True))
            with connection:
                rows = [(key, known[key].tobytes()) for key in fresh]
                connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
        return np.stack([known[key] for key in keys])

    def _read(self, connection: sqlite3.Connection, keys: set[bytes]) -> dict[bytes, Floats]:
        marks = ",".join("?" * len(keys))
        rows = connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", list(keys))
        size = 4 * self.dim
        return {key: np.frombuffer(raw, dtype=np.float32) for key, raw in rows if len(raw) == size}

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_WAIT_S)

    def _prepare(self) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID"
            )

    def _discard(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
