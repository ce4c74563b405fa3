"""From the tags of a feed to rows of cells, in bounded memory."""

import re
from pathlib import Path
from typing import Protocol
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from ingest.readers.columns import FIELDS, plain
from ingest.readers.records import MAX_FIELD_CHARS, MAX_LINE_CHARS, Reason, Reject, Row
from taxonomy.errors import FileError

__all__ = ["FeedItems"]

GOOGLE = "http://base.google.com/ns/1.0"
MAX_DEPTH = 100
"""Items of published feeds stand at level 3 and have two levels inside."""
CELL_COST = 100
"""What a cell counts beside its characters, so that a million tiny ones are too many as well."""

_ROOTS = {"rss", "feed", "RDF"}
_ITEMS = {"item", "entry"}
_ONCE = frozenset(plain(name) for names in FIELDS.values() for name in names)
# XML has no place for these. Two signs that no text holds stand in for what must cost its row.
_UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes(sorted({*range(32)} - {*b"\t\n\r"}))
_NUL, _BAD = "\U0010fffe", "\U0010ffff"


class Place(Protocol):
    """What knows the line."""

    def getLineNumber(self) -> int: ...  # noqa: N802  (the name that SAX gives it)


class FeedItems(ContentHandler):
    """Hears the tags of a feed and makes a row of each item.

    Several values of one name are joined by a comma, but what a product has once keeps its first, and the
    others get their number after the name (`product_type 2`). Tags inside a value are joined by a colon, as
    Google's text form has them: `<g:shipping>` of a country and a price is `US:6.49 USD`.

    Attributes
    ----------
    silence : int
        Characters since the last tag or text: all those that the parser may be holding.
    """

    def __init__(self, path: Path, place: Place) -> None:
        super().__init__()
        self.silence = 0
        self._path, self._place = path, place
        self._prefixes = {"g"}
        self._rows: list[Row | Reject] = []
        self._depth = self._item_depth = self._line = self._size = 0
        self._name = self._link = ""
        self._parts: list[str] = []
        self._text: list[str] = []
        self._plain: dict[str, list[str]] = {}
        self._google: dict[str, list[str]] = {}

    def take(self) -> list[Row | Reject]:
        """The items that ended since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def expect(self, text: str) -> None:
        """Take note of a piece of text that the parser is given next."""
        self.silence += len(text)

    @staticmethod
    def fit(text: str) -> str:
        """The text with what is no character of XML replaced, for that would end the reading."""
        if text.isascii() and len(raw := text.encode()) == len(raw.translate(None, _CONTROLS)):
            return text  # ten times faster than to search for them
        return _UNFIT.sub(_stand_in, text)

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        """A tag opens: the root, an item, a field of it, or a part of a field."""
        self.silence = 0
        self._depth += 1
        if self._depth == 1:
            self._open_root(name, attrs)
        elif self._depth > MAX_DEPTH:
            raise FileError(
                self._path, f"has tags {MAX_DEPTH} deep: it is no feed", line=self._place.getLineNumber()
            )
        elif not self._item_depth:
            if _local(name) in _ITEMS:
                self._item_depth, self._line, self._size = self._depth, self._place.getLineNumber(), 0
        elif self._depth == self._item_depth + 1:
            self._name, self._link = name, str(attrs.get("href", ""))
            self._size += CELL_COST
        else:
            self._end_part()

    def characters(self, content: str) -> None:
        """Text, of which only that of fields counts."""
        self.silence = 0
        if self._name:
            self._size += len(content)
            if self._size <= MAX_LINE_CHARS:
                self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        """A tag closes."""
        self.silence = 0
        if self._name:
            self._end_part()
            if self._depth == self._item_depth + 1:
                self._end_field()
        elif self._depth == self._item_depth:
            self._rows.append(self._row())
            self._item_depth, self._plain, self._google = 0, {}, {}
        self._depth -= 1

    def _open_root(self, name: str, attrs: AttributesImpl) -> None:
        if _local(name) not in _ROOTS:
            what = "a web page" if name.lower() == "html" else f"XML of another kind, <{name[:80]}>"
            hint = f"is {what}, and no product feed (<rss> with <item>, or <feed> with <entry>)"
            raise FileError(self._path, hint, line=self._place.getLineNumber())
        declared = {str(key) for key, value in attrs.items() if value.rstrip("/") == GOOGLE}
        self._prefixes |= {key.removeprefix("xmlns:") for key in declared if key.startswith("xmlns:")}

    def _end_part(self) -> None:
        if part := "".join(self._text).strip():
            self._parts.append(part)
        self._text.clear()

    def _end_field(self) -> None:
        prefix, _, local = self._name.rpartition(":")
        ours = prefix in self._prefixes
        if value := (":" if ours else " ").join(self._parts) or self._link:
            if ours:
                self._google.setdefault(local, []).append(value)
            else:
                self._plain.setdefault(self._name, []).append(value)
        self._name = ""
        self._parts.clear()

    def _row(self) -> Row | Reject:
        row = Row(self._line, _cells(self._plain | self._google))  # Google's word goes before RSS's or Atom's
        reason = _fault("".join(row.cells.values()))
        if self._size > MAX_LINE_CHARS:
            reason = Reason.LONG_LINE
        elif any(len(cell) > MAX_FIELD_CHARS for cell in row.cells.values()):
            reason = Reason.LONG_FIELD
        if not reason:
            return row
        return Reject(row.line, reason, row.text.replace(_NUL, "\0").replace(_BAD, "\ufffd"))


def _cells(fields: dict[str, list[str]]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, values in fields.items():
        if len(values) == 1:
            cells[name] = values[0]
        elif plain(name) in _ONCE:
            cells |= {f"{name} {n}" if n > 1 else name: value for n, value in enumerate(values, 1)}
        else:
            cells[name] = ", ".join(values)
    return cells


def _fault(text: str) -> Reason | None:
    if text.isascii():
        return None
    return Reason.NUL if _NUL in text else Reason.UNDECODABLE if _BAD in text else None


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _stand_in(match: re.Match[str]) -> str:
    return _NUL if match[0] == "\0" else _BAD if "\ud800" <= match[0] <= "\udfff" else " "
