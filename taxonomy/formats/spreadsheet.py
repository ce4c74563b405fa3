"""Cells that a spreadsheet would take for a formula, made harmless and put back.

A category named `=HYPERLINK(…)` in an export must not run when it is opened (OWASP, "CSV Injection"); the
apostrophe in front is what spreadsheets themselves use to say that a cell is text.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from taxonomy.errors import FileError
from taxonomy.formats.lines import MAX_LINE_CHARS, numbered, writing

__all__ = ["neutralise", "read_rows", "restore", "write_rows"]

_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def neutralise(cell: str) -> str:
    """The cell with an apostrophe before it where it would begin a formula, also behind apostrophes.

    >>> neutralise("=1+1"), neutralise("'=1+1"), neutralise("'tis tea")
    ("'=1+1", "''=1+1", "'tis tea")
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    r"""The cell as it was before `neutralise`; any other cell stays as it is.

    >>> restore("'=1+1"), restore("''=1+1"), restore("'tis tea")
    ('=1+1', "'=1+1", "'tis tea")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write_rows(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = False
) -> int:
    """Write a CSV, or TSV by its ending, that is safe to open in a spreadsheet; how many rows.

    Parameters
    ----------
    mark : bool
        Begin with a byte order mark, without which Excel takes UTF-8 for Latin-1.
    """
    count = 0
    with writing(path) as file:
        file.write("\ufeff" if mark else "")
        delimiter = "\t" if ".tsv" in path.suffixes else ","
        plain = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        quoted = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        plain.writerow(columns)
        for row in rows:
            # Python 3.11 leaves a bare "\r" without quotes, and readers end the row there.
            (quoted if any("\r" in cell for cell in row) else plain).writerow(map(neutralise, row))
            count += 1
    return count


def read_rows(path: Path, delimiter: str = "") -> Iterator[tuple[int, list[str]]]:
    """Rows of a CSV or TSV, each with the line that it begins on, cells restored.

    Where `delimiter` is not given, what stands between cells (comma, semicolon or tab) is seen from the first
    line: spreadsheets choose it by the country they are set to.

    Raises
    ------
    FileError
        The file is not text, or its quotes are broken.
    """
    csv.field_size_limit(MAX_LINE_CHARS)
    lines = (line for _, line in numbered(path))
    first = next(lines, "")
    rows = csv.reader(chain([first], lines), delimiter=delimiter or max(",;\t", key=first.count), strict=True)
    line = 1
    try:
        for row in rows:
            yield line, [restore(cell) for cell in row]
            line = rows.line_num + 1
    except csv.Error as error:
        raise FileError(path, f"broken table ({error}): look for a quote too many", line=line) from None
