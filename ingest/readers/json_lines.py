"""JSON lines: one object a line."""

import json
from collections.abc import Iterator

from ingest.readers.decoding import lines
from ingest.readers.records import MAX_FIELD_CHARS, Reason, Reject, Row, cell_text, fault
from ingest.readers.source import Source, beginning
from taxonomy.errors import FileError

__all__ = ["JsonLinesFile"]


class JsonLinesFile:
    """The objects of a file, with every value as text; blank lines are passed over.

    Attributes
    ----------
    columns : tuple of str
        All names in the first rows; later rows may have others.

    Raises
    ------
    FileError
        Nothing but blank lines is in it, or it is one JSON array.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        sample = beginning(self, lambda row: row.raw)
        if not sample:
            raise FileError(source.path, "is empty")
        if isinstance(sample[0], Reject) and sample[0].raw.lstrip().startswith("["):
            hint = "is a JSON array; JSON lines have one object a line (jq -c '.[]' makes them)"
            raise FileError(source.path, hint, line=sample[0].line)
        names = (name for row in sample if isinstance(row, Row) for name in row.cells)
        self.columns = tuple(dict.fromkeys(names))

    def __iter__(self) -> Iterator[Row | Reject]:
        for line in lines(self._source.chunks()):
            if line.cut:
                yield Reject(line.number, Reason.LONG_LINE, line.text)
            elif line.text and not line.text.isspace():
                found = _cells(line.text)
                if isinstance(found, Reason):
                    yield Reject(line.number, found, line.text)
                else:
                    yield Row(line.number, found, line.text)


def _cells(text: str) -> dict[str, str] | Reason:
    if reason := fault(text):
        return reason
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            return Reason.NOT_AN_OBJECT
        cells = {name: cell_text(cell) for name, cell in value.items()}
    except (ValueError, RecursionError, OverflowError):  # also numbers of 5,000 digits and 100,000 brackets
        return Reason.BAD_JSON
    for cell in cells.values():
        if len(cell) > MAX_FIELD_CHARS:
            return Reason.LONG_FIELD
        if reason := fault(cell):
            return reason
    return cells
