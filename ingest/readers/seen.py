"""Which ids a file has had so far, exactly and in bounded memory."""

import hashlib
import sqlite3
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

__all__ = ["SeenIds"]

_CACHE_KIB = 64 << 10
_WHOLE_CHARS = 64


class SeenIds(AbstractContextManager["SeenIds"]):
    """A set of ids that goes to a temporary file of SQLite's own when it outgrows 64 MiB.

    A Python set of hashes takes 70 bytes an id: 10 million products would already be too many.
    """

    def __enter__(self) -> Self:
        self._db = sqlite3.connect("", isolation_level=None)  # '' is a private file, removed when closed
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, product_id: str) -> bool:
        """Take note of an id; False: it was there."""
        if len(product_id) > _WHOLE_CHARS:  # two of a billion hashes of 128 bits meet with a chance of 1e-21
            product_id = hashlib.blake2b(product_id.encode(), digest_size=16).hexdigest()
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (product_id,)).rowcount == 1
