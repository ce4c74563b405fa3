"""Tables out, streamed, and whole or not at all."""

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.readers.source import Format, format_of
from taxonomy.errors import FileError

__all__ = ["Cell", "write_table"]

Cell = str | float | int | None
BATCH_ROWS = 10_000


def write_table(path: Path | str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write rows to CSV, TSV, JSON lines or Parquet, by the ending (``.gz`` allowed); gives their number.

    The file appears under its name when all rows are in it: a writing that is killed leaves what was there.
    In Parquet a column has the type that its first 10,000 values have, and is text where they are all None.

    Raises
    ------
    FileError
        The ending is unknown, the folder is missing, or the disk is full.
    """
    path = Path(path)
    kind, gzipped = format_of(path)
    if kind is Format.XML:
        raise FileError(path, "XML feeds are read and not written: let the name end in .csv, .tsv or .jsonl")
    try:
        with _replacing(path) as file:
            if not gzipped:
                return _write(file, kind, columns, rows)
            # Neither name nor time is kept in it, so that the same rows give the same bytes.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                return _write(cast(BinaryIO, packed), kind, columns, rows)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror or error}") from error


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(file: IO[bytes], kind: Format, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    if kind is Format.PARQUET:
        return _write_parquet(file, columns, rows)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text, delimiter="\t" if kind is Format.TSV else ",", lineterminator="\n")
    if kind is not Format.JSON_LINES:
        table.writerow(columns)
    n = 0
    for row in rows:
        if kind is Format.JSON_LINES:
            text.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")
        else:
            table.writerow(row)
        n += 1
    text.flush()
    text.detach()
    return n


def _write_parquet(file: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    rows = iter(rows)
    first = list(islice(rows, BATCH_ROWS))
    schema = pa.schema([(name, _type(row[i] for row in first)) for i, name in enumerate(columns)])
    n = 0
    with pq.ParquetWriter(file, schema) as writer:
        for batch in chain([first], iter(lambda: list(islice(rows, BATCH_ROWS)), [])):
            values = zip(*batch, strict=True) if batch else ([] for _ in columns)
            arrays = [pa.array(value, kind) for value, kind in zip(values, schema.types, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            n += len(batch)
    return n


def _type(values: Iterable[Cell]) -> object:
    kinds = {type(value) for value in values if value is not None}
    if not kinds or str in kinds:
        return pa.string()
    return pa.float64() if float in kinds else pa.int64()
