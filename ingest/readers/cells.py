"""What a cell means: a path, a price, an image, a list written as text."""

import ast
import json
import re
from collections.abc import Iterable
from functools import cache

from taxonomy.product import Path
from taxonomy.text import unescape

__all__ = ["JSON_LIST", "SEPARATORS", "choose_separator", "first_image", "parse_path", "parse_price"]

SEPARATORS = (" > ", " >> ", " / ", "|", ">>", ">", "»", "›")
"""Signs between names of a path. '&', ',' and a '/' without blanks belong to names (Bread/Buns & Rolls)."""
JSON_LIST = "JSON list"

_LIST_CHARS = 10_000
_PLAIN = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
_NUMBER = re.compile(r"\d[\d., '\u00a0\u202f]*")


def choose_separator(cells: Iterable[str]) -> str:
    """The one separator of a column of paths, from a sample of it; ' > ' wherever it occurs.

    Without any, paths have one name each, and ' > ' is as good as another.

    >>> choose_separator(["Food / Bread", "Food|Wine / Beer", "Toys"])
    ' / '
    """
    votes = dict.fromkeys(SEPARATORS, 0)
    n_lists = 0
    for cell in cells:
        names = _listed(cell)
        n_lists += names is not None
        text = "\n".join([cell] if names is None else names)
        for separator in SEPARATORS:
            if _pattern(separator).search(text):
                votes[separator] += 1
                break
    if votes[" > "]:
        return " > "
    best = max(SEPARATORS, key=lambda separator: votes[separator])
    return best if votes[best] else JSON_LIST if n_lists else " > "


def parse_path(cell: str, separator: str) -> Path:
    """The names of a path; a list is a path, or several of which the first is taken. Blank names are dropped.

    >>> parse_path('["Garden >> Tools", "Sale >> Tools"]', " >> "), parse_path("Bread/Buns / Rye", " / ")
    (('Garden', 'Tools'), ('Bread/Buns', 'Rye'))
    """
    names = _listed(cell)
    pattern = _pattern(separator)
    if names is None:
        parts = pattern.split(cell)
    elif len(names) == 1 or any(pattern.search(name) for name in names):
        parts = pattern.split(names[0]) if names else []
    else:
        parts = names
    return tuple(name for part in parts if (name := " ".join(unescape(part).split())))


@cache
def _pattern(separator: str) -> re.Pattern[str]:
    sign = re.escape(separator.strip())
    return re.compile(rf"(?<!\S){sign}(?!\S)" if separator.startswith(" ") else sign)


def _listed(cell: str) -> list[str] | None:
    """The texts in a cell that is a list, of JSON or as Python prints it; None: it is no list."""
    cell = cell.strip()
    if not (cell.startswith("[") and cell.endswith("]") and len(cell) <= _LIST_CHARS):
        return None
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    return [str(item) for item in value if item is not None] if isinstance(value, list) else None


def parse_price(cell: str) -> float | None:
    """The first number in a cell, whatever signs stand around it and in it; None where there is none.

    The last of ',' and '.' is the decimal sign, unless just three digits follow a lone kind of it.

    >>> [parse_price(cell) for cell in ("Rs. 1,299.00", "1.299,50 €", "119", "free", "1,299")]
    [1299.0, 1299.5, 119.0, None, 1299.0]
    """
    if _PLAIN.fullmatch(cell):
        return float(cell)
    match = _NUMBER.search(cell)
    if match is None or len(match[0]) > 30 or cell[: match.start()].rstrip("$€£₹ ").endswith("-"):
        return None
    number = re.sub(r"[^\d.,]", "", match[0]).rstrip(".,")
    sign = max(".", ",", key=number.rfind)
    whole, _, decimals = number.rpartition(sign)
    other = "," if sign == "." else "."
    thousands = number.count(sign) > 1 or (sign == "," and len(decimals) == 3 and other not in number)
    if sign in number and thousands:
        whole, decimals = number, ""
    digits = re.sub(r"[.,]", "", whole)
    return float(f"{digits or 0}.{decimals or 0}") if sign in number else float(digits or number)


def first_image(cell: str) -> str:
    """The first reference in a cell that may hold a list of them, or several with '|', ',' or blanks between.

    >>> first_image('["http://a/1.jpg", "http://a/2.jpg"]'), first_image("img/1.jpg|img/2.jpg")
    ('http://a/1.jpg', 'img/1.jpg')
    """
    names = _listed(cell)
    if names is not None:
        return names[0].strip() if names else ""
    first = cell.split("|", 1)[0].strip()
    return re.split(r"[,\s]+(?=https?://)", first, maxsplit=1)[0]
