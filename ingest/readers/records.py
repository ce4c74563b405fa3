"""What every reader gives, row by row: a `Row` to use or a `Reject` to report, and the limits on both."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "EXCERPT_CHARS",
    "MAX_FIELD_CHARS",
    "MAX_LINE_CHARS",
    "Counts",
    "Reason",
    "Reject",
    "Row",
    "cell_text",
    "fault",
]

MAX_FIELD_CHARS = 1_000_000
"""No product text is this long; a longer field is a broken file and would only cost memory."""
MAX_LINE_CHARS = 4 * MAX_FIELD_CHARS
"""At most this much of one record is ever held (16 MB in the widest characters)."""
EXCERPT_CHARS = 500

_SURROGATE = re.compile("[\ud800-\udfff]")


class Reason(StrEnum):
    """Why a row was not taken."""

    NO_TITLE = "no title"
    NO_ID = "no id"
    QUOTING = "broken quoting"
    NUL = "NUL character"
    UNDECODABLE = "undecodable bytes"
    LONG_FIELD = f"field over {MAX_FIELD_CHARS:,} characters"
    LONG_LINE = f"line over {MAX_LINE_CHARS:,} characters"
    DUPLICATE_ID = "duplicate id"
    TOO_FEW = "too few columns"
    TOO_MANY = "too many columns"
    BAD_JSON = "bad JSON"
    NOT_AN_OBJECT = "not a JSON object"


class Row(NamedTuple):
    """A row whose form is sound; `line` counts from 1 (in Parquet, rows), `raw` is what stood there."""

    line: int
    cells: Mapping[str, str]
    raw: str = ""

    @property
    def text(self) -> str:
        """What to show of it: the raw text, or the cells where the file was not text."""
        return self.raw or json.dumps(self.cells, ensure_ascii=False)


class Reject(NamedTuple):
    """A row that cannot be used."""

    line: int
    reason: Reason
    raw: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows were read, and what became of them: accepted + rejected = read."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0


def fault(text: str) -> Reason | None:
    """What makes the characters of a row unusable; None: nothing.

    >>> fault("a\\0b"), fault("fine")
    (<Reason.NUL: 'NUL character'>, None)
    """
    if "\0" in text:
        return Reason.NUL
    if not text.isascii() and _SURROGATE.search(text):
        return Reason.UNDECODABLE
    return None


def cell_text(value: object) -> str:
    """A value of a typed file (JSON, Parquet) as the text that a CSV cell would hold.

    Nothing and NaN are empty, whole floats lose their ``.0`` (an id that passed through pandas), lists and
    records become JSON.

    >>> cell_text(None), cell_text(12.0), cell_text(["Garden", "Tools"])
    ('', '12', '["Garden", "Tools"]')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list | dict | bool):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
