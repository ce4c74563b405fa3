"""Any table file as rows of text cells: queries, judgements, taxonomies; catalogues are built on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from ingest.readers.columns import QUERY_FIELDS, find_column
from ingest.readers.delimited_file import DelimitedFile
from ingest.readers.feed import FeedFile
from ingest.readers.json_lines import JsonLinesFile
from ingest.readers.parquet import ParquetFile
from ingest.readers.records import Counts, Reject, Row
from ingest.readers.rejects import RejectsFile
from ingest.readers.source import Format, open_source
from taxonomy.errors import FileError
from taxonomy.ports import Progress, Silent

__all__ = ["RowFile", "Table", "open_rows", "read_fields", "read_table"]

_SILENT: Progress = Silent()

T = TypeVar("T")


class RowFile(Protocol):
    """A file of one format. Iterating reads it from the start and gives every row, sound or not."""

    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[Row | Reject]: ...


def open_rows(path: Path | str) -> RowFile:
    """The file, with its header read.

    Raises
    ------
    FileError
        It is missing, a folder, empty, of an unknown ending, not what its ending says, or has no header.
    """
    source = open_source(path)
    match source.format:
        case Format.PARQUET:
            return ParquetFile(source)
        case Format.JSON_LINES:
            return JsonLinesFile(source)
        case Format.XML:
            return FeedFile(source)
        case _:
            return DelimitedFile(source)


class Table:
    """A table file; iterating it reads the file from the start and gives each row as column to text.

    Attributes
    ----------
    columns : tuple of str
        The names in the header; of JSON lines, all names in the first rows, and of feeds.
    counts : Counts
        Of the iteration that is going on or was the last; accepted + rejected = read at any time.
    """

    def __init__(
        self, path: Path | str, *, rejects: Path | None = None, progress: Progress = _SILENT
    ) -> None:
        self.path, self._rejects, self._progress = Path(path), rejects, progress
        self._rows = open_rows(path)
        self.columns, self.counts = self._rows.columns, Counts()

    def __iter__(self) -> Iterator[Mapping[str, str]]:
        found = (row if isinstance(row, Reject) else (row.line, row.cells) for row in self._rows)
        return sifted(self, found, self._rejects, self._progress)


class Counted(Protocol):
    """What keeps the counts of a reading."""

    path: Path
    counts: Counts


def sifted(
    owner: Counted, rows: Iterable[tuple[int, T] | Reject], rejects: Path | None, progress: Progress
) -> Iterator[T]:
    """What was made of the sound rows; the rejects are written down, and all are counted on the owner.

    Raises
    ------
    FileError
        The file is cut off or damaged; the rows before that have been given.
    """
    read = rejected = line = 0
    owner.counts = Counts()
    progress.start(f"reading {owner.path.name}")
    with RejectsFile(rejects) as file:
        try:
            for row in rows:
                read, line = read + 1, row[0]
                progress.advance()
                if isinstance(row, Reject):
                    rejected += 1
                    file.add(row)
                owner.counts = Counts(read, read - rejected, rejected)
                if not isinstance(row, Reject):
                    yield row[1]
        except FileError as error:
            raise FileError(
                error.path, f"{error.reason} (rows up to here were read)", line=error.line or line or None
            ) from error


def read_table(path: Path | str, *, rejects: Path | None = None, progress: Progress = _SILENT) -> Table:
    """A CSV, TSV, JSON lines, Parquet or XML feed file (by its ending, ``.gz`` allowed) as rows of text.

    Rows that cannot be used are counted, and written to `rejects` (line, reason, excerpt) where it is given.

    Raises
    ------
    FileError
        The file as a whole cannot be used; the message says why and what to do.
    """
    return Table(path, rejects=rejects, progress=progress)


def read_fields(path: Path | str, *fields: str, optional: Sequence[str] = ()) -> Iterator[Mapping[str, str]]:
    """Rows of a table of queries or judgements, by field, whatever of `QUERY_FIELDS` the columns are called.

    The header is read at once, the rows as they are taken; an optional field that no column has is missing.

    Raises
    ------
    FileError
        The file cannot be used, or no column is one of the fields; the message names the columns there are.
    """
    table = read_table(path)
    columns = {field: find_column(table.columns, QUERY_FIELDS[field], table.path) for field in fields}
    present = {_key(column): column for column in table.columns}
    columns |= {field: present[field] for field in optional if field in present}
    return ({field: row.get(column, "") for field, column in columns.items()} for row in table)


def _key(name: str) -> str:
    return name.strip().lower()
