"""A CSV or TSV file: its header, and its rows by the names in it."""

import re
from collections.abc import Iterator, Sequence

from ingest.readers.decoding import Line, Lines, lines
from ingest.readers.delimited import Cells, Delimited, Dialect, sniff
from ingest.readers.records import Reject, Row
from ingest.readers.source import Format, Source, beginning
from taxonomy.errors import FileError

__all__ = ["DelimitedFile"]

_TOLD = re.compile("sep=(.)", re.IGNORECASE)
"""The line by which a spreadsheet program tells itself the delimiter."""


class DelimitedFile:
    """The rows of a file with a header.

    Attributes
    ----------
    columns : tuple of str
        The names in the header, made distinct.
    dialect : Dialect
        How cells are told apart, found out once from the beginning of the file.

    Raises
    ------
    FileError
        There is no header, or it cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        sample = beginning(lines(source.chunks()), lambda line: line.text)
        self.dialect = _dialect(sample, likely="\t" if source.format is Format.TSV else ",")
        header = next(iter(self._records(sample)), None)
        if header is None:
            raise FileError(source.path, "is empty")
        if isinstance(header, Reject):
            raise FileError(source.path, f"the header cannot be read: {header.reason}", line=header.line)
        self.columns = _distinct(header.cells)

    def __iter__(self) -> Iterator[Row | Reject]:
        records = self._records(lines(self._source.chunks()))
        next(iter(records), None)  # the header
        records.width = len(self.columns)
        for record in records:
            if isinstance(record, Cells):
                yield Row(record.line, dict(zip(self.columns, record.cells, strict=True)), record.raw)
            else:
                yield record

    def _records(self, found: Iterator[Line] | Sequence[Line]) -> Delimited:
        rest = Lines(found)
        first = next(rest, None)
        if first is not None and not _TOLD.fullmatch(first.text):
            rest.put_back([first])
        return Delimited(rest, self.dialect)


def _dialect(sample: Sequence[Line], *, likely: str) -> Dialect:
    told = _TOLD.fullmatch(sample[0].text) if sample else None
    return Dialect(told[1]) if told else sniff(sample, likely=likely)


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Names for all columns: those without one get their number, a repeated one its number after it.

    >>> _distinct(["id", "", "name", "name"])
    ('id', 'column 2', 'name', 'name 4')
    """
    names: dict[str, None] = {}
    for number, cell in enumerate(header, 1):
        name = " ".join(cell.split()) or f"column {number}"
        while name in names:
            name = f"{name} {number}"
        names[name] = None
    return tuple(names)
