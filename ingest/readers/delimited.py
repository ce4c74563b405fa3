"""CSV in the dialects that shops write. One stray quote costs one row, not the rest of the file.

The module `csv` collects an unclosed quote until the end of the file; here a record is put together line by
line within bounds, and only whole, sound records are given to `csv`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from ingest.readers.decoding import Line, Lines
from ingest.readers.records import MAX_FIELD_CHARS, MAX_LINE_CHARS, Reason, Reject, fault

__all__ = ["Cells", "Delimited", "Dialect", "sniff"]

DELIMITERS = ",;\t|^~\x1f\x01"
NO_DELIMITER = "\x1e"
"""Stands for the delimiter of a file with one column: the ASCII record separator, which no text holds."""
MAX_RECORD_LINES = 1000
"""The longest description met in real catalogues spans 37 lines."""
SNIFFED_RECORDS = 200


@dataclass(frozen=True, slots=True)
class Cells:
    """A sound record: the line it begins on, its cells, and its text."""

    line: int
    cells: Sequence[str]
    raw: str


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart: `escape` says that a backslash makes the next character literal."""

    delimiter: str = ","
    quote: str = '"'
    escape: bool = False
    skip_space: bool = False

    @cached_property
    def _opening(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.delimiter) + (" *" if self.skip_space else "") + self.quote)

    @cached_property
    def _closing(self) -> re.Pattern[str]:
        q = self.quote
        literal = rf"[^{q}\\]|{q}{q}|\\." if self.escape else f"[^{q}]|{q}{q}"
        return re.compile(f"(?:{literal})*+{q}", re.DOTALL)

    def ends_open(self, line: str, is_open: bool) -> bool | None:
        """Whether a quoted cell is still open where a line ends; None: its quoting is broken.

        >>> Dialect().ends_open('1,"two lines', False), Dialect().ends_open('1,"two" lines', False)
        (True, None)
        """
        at = 0
        if not is_open and line.startswith(self.quote):
            at, is_open = 1, True
        while True:
            if not is_open:
                start = self._opening.search(line, at)
                if start is None:
                    return False
                at = start.end()
            end = self._closing.match(line, at)
            if end is None:
                return True
            at, is_open = end.end(), False
            if at < len(line) and line[at] != self.delimiter:
                return None

    def split(self, text: str) -> list[str] | None:
        """The cells of a whole record; None: a cell is over `MAX_FIELD_CHARS`."""
        if self.quote not in text and not (self.escape and "\\" in text):
            cells = text.split(self.delimiter)
        else:
            csv.field_size_limit(MAX_LINE_CHARS)  # the module has one limit for all, which stands below ours
            cells = next(
                csv.reader(
                    [text],
                    delimiter=self.delimiter,
                    quotechar=self.quote,
                    escapechar="\\" if self.escape else None,
                    skipinitialspace=self.skip_space,
                )
            )
        too_long = len(text) > MAX_FIELD_CHARS and max(map(len, cells)) > MAX_FIELD_CHARS
        return None if too_long else cells


@dataclass(slots=True)
class Delimited:
    """The records of some lines; with a `width`, those of another number of cells are rejected."""

    lines: Lines
    dialect: Dialect
    width: int = 0
    _taken: list[Line] = field(default_factory=list)

    def __iter__(self) -> Iterator[Cells | Reject]:
        for line in self.lines:
            if line.text and (not line.text.isspace() or self.dialect.delimiter in line.text):
                yield self._record(line)

    def _record(self, first: Line) -> Cells | Reject:
        if first.cut:
            return Reject(first.number, Reason.LONG_LINE, first.text)
        self._taken = [first]
        if self.dialect.quote in first.text and not self._is_whole():
            return self._broken()
        text = first.text if len(self._taken) == 1 else "\n".join(line.text for line in self._taken)
        if reason := fault(text):
            return Reject(first.number, reason, text)
        cells = self.dialect.split(text.replace("\r", " "))
        if cells is None:
            return Reject(first.number, Reason.LONG_FIELD, text)
        return self._fitted(Cells(first.number, cells, text))

    def _is_whole(self) -> bool:
        """Take further lines until no quote is open; False: that never comes, or comes out broken."""
        is_open, size, n_lines = (
            self.dialect.ends_open(self._taken[0].text, False),
            len(self._taken[0].text),
            1,
        )
        while is_open:
            line = next(self.lines, None)
            if line is None:
                return False
            self._taken.append(line)
            size, n_lines = size + len(line.text), n_lines + 1 + line.text.count("\n")
            if line.cut or size > MAX_LINE_CHARS or n_lines > MAX_RECORD_LINES:
                return False
            is_open = self.dialect.ends_open(line.text, True)
        return is_open is False

    def _broken(self) -> Reject:
        """Blame the first line alone and go on at the next, so that a stray quote swallows nothing."""
        first, *others = self._taken
        self.lines.put_back(others)
        return Reject(first.number, fault(first.text) or Reason.QUOTING, first.text)

    def _fitted(self, record: Cells) -> Cells | Reject:
        n = len(record.cells)
        if n == self.width or not self.width:
            return record
        if n > self.width and not any(cell.strip() for cell in record.cells[self.width :]):
            return Cells(record.line, record.cells[: self.width], record.raw)  # only delimiters too many
        if len(self._taken) > 1:
            return self._broken()
        return Reject(record.line, Reason.TOO_FEW if n < self.width else Reason.TOO_MANY, record.raw)


def sniff(sample: Sequence[Line], *, likely: str = ",") -> Dialect:
    """The dialect of a file that begins with these lines.

    That delimiter is taken which splits the header and gives most records as many cells as the header has. A
    file of one column has no delimiter at all, so that its cells may hold commas.
    """
    text = "\n".join(line.text for line in sample)
    header = next((line.text for line in sample if line.text.strip()), "")
    quote = "'" if header.startswith("'") and header.endswith("'") else '"'
    # A backslash before a quote, in the middle of a cell, can only be an escape.
    escape = re.search(r"[^,;\t|\n\\]\\" + quote + r"[^,;\t|\n" + quote + "]", text) is not None
    best, best_score = Dialect(NO_DELIMITER, quote, escape), (0.0, 0, False)
    for delimiter in DELIMITERS:
        if delimiter in header:
            skip_space = f"{delimiter} {quote}" in text
            dialect = Dialect(delimiter, quote, escape, skip_space)
            score = (*_fit(sample, dialect), delimiter == likely)
            if score > best_score:
                best, best_score = dialect, score
    return best


def _fit(sample: Sequence[Line], dialect: Dialect) -> tuple[float, int]:
    records = [r for r in islice(Delimited(Lines(sample), dialect), SNIFFED_RECORDS) if isinstance(r, Cells)]
    if not records or (width := len(records[0].cells)) < 2:
        return 0.0, 0
    return sum(len(r.cells) == width for r in records) / len(records), width
