"""The file of rows that were not taken."""

import csv
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.readers.records import EXCERPT_CHARS, Reject
from taxonomy.errors import FileError
from taxonomy.formats.spreadsheet import neutralise

__all__ = ["COLUMNS", "RejectsFile"]

COLUMNS = ("line", "reason", "excerpt")


class RejectsFile(AbstractContextManager["RejectsFile"]):
    """A CSV with the columns line, reason, excerpt; without a path it takes rows and keeps none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("w", encoding="utf-8", newline="") if self._path else None
        except OSError as error:
            raise FileError(self._path or "", f"rejects cannot be written there: {error.strerror}") from error
        if self._file:
            self._csv = csv.writer(self._file)
            self._csv.writerow(COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Write one row down: its first `EXCERPT_CHARS` characters, what cannot be written escaped.

        People open this file in a spreadsheet, so that no excerpt may begin a formula there.
        """
        if self._file:
            excerpt = reject.raw[:EXCERPT_CHARS].replace("\0", "\\x00")
            safe = excerpt.encode("utf-8", "backslashreplace").decode("utf-8")
            self._csv.writerow((reject.line, reject.reason.value, neutralise(safe)[:EXCERPT_CHARS]))
