"""How large the pages of a Parquet file are: Arrow decodes a page whole, at four times its size.

Arrow tells the sizes of column chunks only, and its Python side ends the process over a chunk whose
statistics are damaged. So the footer (`FileMetaData`) and the headers of pages (`PageHeader`) are read here;
both are structs in Thrift's compact protocol, with the field numbers of parquet-format.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

__all__ = ["Chunk", "column_chunks", "page_sizes"]

_HEADER_BYTES = 1 << 16
_TAIL_BYTES = 8
_TRUE, _FALSE, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 12

Value = int | bytes | list["Value"] | dict[int, "Value"] | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a row group: its name, where it starts, and its size in bytes packed and unpacked."""

    name: str
    start: int
    packed: int
    unpacked: int


def column_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The column chunks that the footer tells of.

    Raises
    ------
    ValueError
        The footer is damaged.
    """
    end = file.seek(0, 2) - _TAIL_BYTES
    file.seek(end)
    n_bytes = int.from_bytes(file.read(4), "little")
    file.seek(max(end - n_bytes, 0))
    try:
        footer = _Compact(file.read(n_bytes)).struct()
        for group in cast(list[dict[int, list[dict[int, dict[int, Value]]]]], footer[4]):
            for column in group[1]:
                about = column[3]
                start = about.get(11) or about[9]  # the dictionary's page comes before those of values
                name = b".".join(cast(list[bytes], about[3])).decode("utf-8", "replace")
                yield Chunk(name, *(int(cast(int, value)) for value in (start, about[7], about[6])))
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("its footer cannot be read") from error


def page_sizes(file: BinaryIO, start: int, n_bytes: int) -> Iterator[int]:
    """The unpacked sizes, in bytes, of the pages of a column chunk that starts at an offset of a file.

    Raises
    ------
    ValueError
        What is there is no page header.
    """
    end = start + n_bytes
    while start < end:
        file.seek(start)
        header = _Compact(file.read(_HEADER_BYTES))
        try:
            sizes = header.struct()
            unpacked, packed = sizes[2], sizes[3]
        except (LookupError, TypeError, RecursionError) as error:
            raise ValueError(f"no page header at byte {start}") from error
        if not isinstance(unpacked, int) or not isinstance(packed, int) or packed < 0:
            raise ValueError(f"no page header at byte {start}")
        yield unpacked
        start += header.at + packed


class _Compact:
    """A reader of Thrift's compact protocol; past the end of the data it raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def struct(self) -> dict[int, Value]:
        """The values of a struct, by field number."""
        found: dict[int, Value] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            found[field] = None if kind in (_TRUE, _FALSE) else self._value(kind)  # the kind is the value
        return found

    def _value(self, kind: int) -> Value:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.struct()
        if kind in _LISTS:
            head = self._byte()
            n = self._varint() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15) for _ in range(n)]
        if kind == _BINARY:
            return self._taken(self._varint())
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            return self._taken(8 if kind == _DOUBLE else 1)
        raise TypeError(f"no kind {kind}")

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _taken(self, n: int) -> bytes:
        self.at += n
        if self.at > len(self._data):
            raise IndexError(self.at)
        return self._data[self.at - n : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
