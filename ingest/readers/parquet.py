"""Parquet, in batches small enough for any row group."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.readers.parquet_pages import column_chunks, page_sizes
from ingest.readers.records import MAX_FIELD_CHARS, Reason, Reject, Row, cell_text, fault
from ingest.readers.source import Source
from taxonomy.errors import FileError

__all__ = ["ParquetFile"]

BATCH_ROWS = 2048
BATCH_BYTES = 16 << 20
MAX_PAGE_BYTES = 64 << 20
"""Writers make pages of 1 MB. A value of 100 MB makes one that costs 500 MB to decode."""


class ParquetFile:
    """The rows of a file, with every value as text; `line` is the number of the row, from 1.

    Raises
    ------
    FileError
        The file is not Parquet, cut off or damaged; rows before the damage have been given.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        with ExitStack() as stack:
            stream, file = _opened(source, stack)
            _check_pages(source, stream)
            self.columns: tuple[str, ...] = tuple(file.schema_arrow.names)

    def __iter__(self) -> Iterator[Row | Reject]:
        with ExitStack() as stack:
            _, file = _opened(self._source, stack)
            number = 0
            try:
                for batch in file.iter_batches(batch_size=_batch_rows(file), use_threads=False):
                    yield from _rows(batch, number)
                    number += batch.num_rows
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                hint = f"is damaged ({_brief(error)}); get the file again"
                raise FileError(self._source.path, hint) from error


def _opened(source: Source, stack: ExitStack) -> tuple[BinaryIO, Any]:  # pyarrow has no types
    stream = cast(BinaryIO, stack.enter_context(source.path.open("rb")))
    try:
        if source.gzipped:  # Parquet is read from its end, a gzip stream only from its beginning
            stream = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
            stream.writelines(source.chunks())
        # Dictionaries are kept and column chunks streamed: a value repeated a million times is held once.
        names = [column.name for column in pq.read_schema(stream) if pa.types.is_string(column.type)]
        return stream, pq.ParquetFile(stream, buffer_size=1 << 16, pre_buffer=False, read_dictionary=names)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileError(source.path, f"is not Parquet, or cut off: {_brief(error)}") from error


def _check_pages(source: Source, stream: BinaryIO) -> None:
    try:
        for chunk in column_chunks(stream):
            if chunk.unpacked <= MAX_PAGE_BYTES:
                continue
            largest = max(page_sizes(stream, chunk.start, chunk.packed), default=0)
            if largest > MAX_PAGE_BYTES:
                hint = f"a page of column {chunk.name!r} has {largest >> 20} MB"
                raise FileError(source.path, f"{hint}; write it again with pages of 1 MB and no giant values")
    except (ValueError, OSError) as error:
        raise FileError(source.path, f"is damaged: {error}; get the file again") from error


def _brief(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:200]


def _batch_rows(file: Any) -> int:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    row_bytes = max((g.total_byte_size / max(g.num_rows, 1) for g in groups), default=0)
    return max(1, min(BATCH_ROWS, int(BATCH_BYTES / max(row_bytes, 1))))


def _rows(batch: Any, before: int) -> Iterator[Row | Reject]:
    too_long: set[int] = set()
    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        short, long_rows = _without_long(column)
        columns[name] = [cell_text(value) for value in _values(short)]
        too_long.update(long_rows)
    for i in range(batch.num_rows):
        cells = {name: values[i] for name, values in columns.items()}
        reason = fault("".join(cells.values()))
        if i in too_long or any(len(cell) > MAX_FIELD_CHARS for cell in cells.values()):
            reason = Reason.LONG_FIELD
        row = Row(before + i + 1, cells)
        yield Reject(row.line, reason, row.text) if reason else row


def _values(column: Any) -> list[object]:
    """Python's values; texts that are not UTF-8 come as bytes, so that only their rows are lost."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return list(column.cast(pa.string()).cast(pa.binary()).to_pylist())


def _without_long(column: Any) -> tuple[Any, list[int]]:
    """The column with giant values blanked while they are still Arrow's, and the rows that had one."""
    values = column.dictionary if pa.types.is_dictionary(column.type) else column
    if values.type not in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
        return column, []
    is_long = pc.greater(pc.binary_length(values), 4 * MAX_FIELD_CHARS)  # a character has up to 4 bytes
    if not pc.any(is_long).as_py():
        return column, []
    if values is column:
        short = pc.if_else(is_long, pa.scalar(None, column.type), column)
    else:
        is_long = pc.take(is_long, column.indices)
        none = pa.scalar(None, column.indices.type)
        short = pa.DictionaryArray.from_arrays(pc.if_else(is_long, none, column.indices), values)
    return short, [i for i, flag in enumerate(is_long.to_pylist()) if flag]
