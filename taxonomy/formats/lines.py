"""Text files, plain or gzipped: numbered lines out of them, and whole files or none into them."""

import codecs
import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from taxonomy.errors import FileError

__all__ = ["MAX_LINE_CHARS", "numbered", "require_some", "writing"]

MAX_LINE_CHARS = 1 << 20
"""A path of 50 names of 250 characters has 12,650; the rest is for the other columns of a table."""
MAX_RATIO, BOMB_CHARS = 200, 64 << 20
"""A gzip file that gives over 64 MB and 200 times its size is no taxonomy, for those pack to a tenth."""

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNDECODED = re.compile("[\ud800-\udfff]")


def numbered(path: Path, *, markup: bool = False) -> Iterator[tuple[int, str]]:
    """The lines, with their ends, numbered from 1; UTF-8, or UTF-16 where a mark says so.

    Raises
    ------
    FileError
        The file is missing, no file, no text, no whole gzip file or a bomb, or has a line that is too long.
    """
    with _reading(path) as file:
        most, size, number = max(BOMB_CHARS, MAX_RATIO * path.stat().st_size), 0, 0
        while line := file.readline(MAX_LINE_CHARS + 1):
            number, size = number + 1, size + len(line)
            if fault := _fault(line, is_first=number == 1 and not markup):
                raise FileError(path, fault, line=number)
            if size > most:
                raise FileError(
                    path, f"it unpacks to over {MAX_RATIO} times its size: unpack it and look at it"
                )
            yield number, line


def _fault(line: str, *, is_first: bool) -> str:
    if len(line) > MAX_LINE_CHARS:
        return f"a line of over {MAX_LINE_CHARS:,} characters is no category"
    if "\0" in line:
        return "it holds a NUL character: it is no text, or UTF-16 without a mark; save it as UTF-8"
    if not line.isascii() and _UNDECODED.search(line):
        return "it is not UTF-8 text here: save it as UTF-8"
    if is_first and line.lstrip().startswith("<"):
        return "it is a web page or XML: give the taxonomy as text or as a table"
    return ""


@contextmanager
def _reading(path: Path) -> Iterator[TextIO]:
    """The file to read from; whatever goes wrong with it becomes one FileError."""
    if path.exists() and not path.is_file():
        raise FileError(path, "it is a folder, pipe or device: name a file")
    try:
        with _opened(path, "rb") as file:
            encoding = _encoding(file)
        errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
        with cast(TextIO, _opened(path, "rt", encoding, errors)) as text:
            yield text
    except FileNotFoundError:
        raise FileError(path, "there is no such file: check the name") from None
    except UnicodeDecodeError as error:
        raise FileError(path, f"it is no whole {error.encoding} text: save it as UTF-8") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(path, f"it is no whole gzip file ({error}): get it again") from None
    except OSError as error:
        raise FileError(path, f"it cannot be read ({error.strerror or error})") from None


def _opened(
    path: Path, mode: str, encoding: str | None = None, errors: str | None = None
) -> IO[str] | IO[bytes]:
    newline = None if "b" in mode else ""
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, mode, encoding=encoding, errors=errors, newline=newline))
    return path.open(mode, encoding=encoding, errors=errors, newline=newline)


def _encoding(file: IO[str] | IO[bytes]) -> str:
    head = cast(bytes, file.read(4))
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8-sig")


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A file to write UTF-8 text to, zipped by its ending `.gz`; it takes its name when all is in it.

    Raises
    ------
    FileError
        The folder is missing, or the disk is full; what was there before stays.
    """
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with cast(TextIO, _opened(beside, "wt", "utf-8")) as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise FileError(path, f"it cannot be written ({error.strerror or error})") from None
    finally:
        beside.unlink(missing_ok=True)


def require_some(path: Path, rows: Sequence[object], written: Sequence[object]) -> None:
    """Something can be written; FileError where none of the rows has a place in the format."""
    if rows and not written:
        raise FileError(path, "no category has an id for this format: write a table, or `--format skos`")
