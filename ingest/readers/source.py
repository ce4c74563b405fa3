"""A file on disk as chunks of bytes: unpacked, of the format its ending names, faults of the file found."""

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedIOBase
from pathlib import Path
from typing import TypeVar

from taxonomy.errors import FileError

__all__ = ["CHUNK_BYTES", "ENDINGS", "Format", "Source", "beginning", "format_of", "open_source"]

CHUNK_BYTES = 1 << 18
MAX_RATIO = 200
"""Packed catalogues grow 3 to 20 times, XML feeds up to 60; deflate itself ends at 1,032."""
BOMB_BYTES = 64 << 20
"""Up to here any ratio passes: a short file of one repeated row does no harm."""
SAMPLE_ROWS = 1000
SAMPLE_CHARS = 4_000_000

T = TypeVar("T")


class Format(StrEnum):
    """The forms of table that are read and written."""

    CSV = "csv"
    TSV = "tsv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    XML = "xml"


ENDINGS = {
    ".csv": Format.CSV,
    ".txt": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".json": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".xml": Format.XML,
    ".rss": Format.XML,
    ".atom": Format.XML,
}

_ZIP = "is a spreadsheet or zip archive: save it as CSV, or unpack it first"
_ARCHIVE = "is an archive: unpack it first, or pack it with gzip"
_PACKED = (".zip", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tar", ".tgz")
_FOREIGN = {
    b"\x1f\x8b": "is gzip inside: let its name end in .gz, or unpack it where it is packed twice",
    b"PK\x03\x04": _ZIP,
    b"PK\x05\x06": "is an empty zip archive: get the file again",
    b"7z\xbc\xaf": _ARCHIVE,
    b"Rar!": _ARCHIVE,
    b"BZh": _ARCHIVE,
    b"\x28\xb5\x2f\xfd": _ARCHIVE,
    b"\xfd7zX": _ARCHIVE,
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook: save it as CSV",
    b"PAR1": "is Parquet inside: let its name end in .parquet",
    b"%PDF": "is a PDF: save the table as CSV",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file that exists, has a known ending and is not empty."""

    path: Path
    format: Format
    gzipped: bool

    def open(self) -> BufferedIOBase:
        """The unpacked bytes."""
        try:
            return gzip.GzipFile(self.path) if self.gzipped else self.path.open("rb")
        except OSError as error:
            raise FileError(self.path, f"cannot be read: {error.strerror or error}") from error

    @property
    def most_bytes(self) -> int:
        """How much may come out of it: a gzip file that gives more was made to fill the machine."""
        return max(BOMB_BYTES, MAX_RATIO * self.path.stat().st_size)

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes, at most `CHUNK_BYTES` at a time.

        Raises
        ------
        FileError
            A read fails, or the gzip stream is cut off, damaged or a bomb; what came before has been given.
        """
        n_bytes, most = 0, self.most_bytes
        with self.open() as stream:
            while True:
                try:
                    chunk = stream.read1(CHUNK_BYTES)  # `read` loses what it has when the rest is damaged
                except (EOFError, zlib.error, OSError) as error:
                    raise FileError(self.path, f"cut off or damaged ({error}); get the file again") from error
                if not chunk:
                    return
                n_bytes += len(chunk)
                if n_bytes > most and self.gzipped:
                    hint = f"unpacks to over {MAX_RATIO} times its size, as no catalogue does; if it is meant"
                    raise FileError(self.path, f"{hint}, unpack it and give the unpacked file")
                yield chunk


def format_of(path: Path) -> tuple[Format, bool]:
    """The format that a file's ending names, and whether it is gzipped.

    >>> format_of(Path("shop.csv.gz"))
    (<Format.CSV: 'csv'>, True)

    Raises
    ------
    FileError
        The ending is none of `ENDINGS` (with or without ``.gz``).
    """
    gzipped = path.suffix.lower() == ".gz"
    ending = (Path(path.stem) if gzipped else path).suffix.lower()
    if ending not in ENDINGS:
        first = "unpack it first; " if ending in _PACKED else ""
        hint = f"unknown ending {ending!r}; {first}use one of {', '.join(ENDINGS)}, each also with .gz"
        raise FileError(path, hint)
    return ENDINGS[ending], gzipped


def open_source(path: Path | str) -> Source:
    """The file, after a look at its first bytes.

    Raises
    ------
    FileError
        It is missing, a folder, unreadable, empty, of an unknown ending, or not what its name says.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(path, "is a folder; name a file in it")
    if not path.exists():
        raise FileError(path, "there is no such file")
    if not path.is_file():  # a pipe would keep us waiting, and everything is read twice
        raise FileError(path, "is a pipe or device; write it to a file first, and name that")
    source = Source(path, *format_of(path))
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    if not head:
        raise FileError(path, "is empty")
    if source.gzipped:
        if not head.startswith(b"\x1f\x8b"):
            raise FileError(path, "is named .gz but is not gzip; drop .gz from its name, or pack it")
        head = next(source.chunks(), b"")
    _check_text(source, head)
    return source


def _check_text(source: Source, head: bytes) -> None:
    if source.format is Format.PARQUET:
        return  # pyarrow says best what is wrong with one
    for magic, hint in _FOREIGN.items():
        if head.startswith(magic):
            raise FileError(source.path, hint)
    sign = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if sign == b"<" and source.format is not Format.XML:
        raise FileError(source.path, "is a web page or XML; a product feed's name ends in .xml")
    if sign == b"{" and source.format is not Format.JSON_LINES:
        raise FileError(source.path, "is JSON inside; let the name of JSON lines end in .jsonl")


def beginning(items: Iterable[T], text: Callable[[T], str]) -> list[T]:
    """The first `SAMPLE_ROWS` items, fewer where their texts are long.

    A fault of the file after some items is left for the full pass to meet.
    """
    taken: list[T] = []
    size = 0
    try:
        for item in items:
            taken.append(item)
            size += len(text(item))
            if len(taken) == SAMPLE_ROWS or size > SAMPLE_CHARS:
                break
    except FileError:
        if not taken:
            raise
    return taken
