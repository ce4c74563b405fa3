"""How large the pages of a Parquet file are: Arrow decodes a page whole, at four times its size.

Arrow tells the sizes of column chunks only. A page begins with a header in Thrift's compact protocol, whose
second and third fields are the size unpacked and packed (parquet-format, `PageHeader`).
"""

from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["page_sizes"]

_HEADER_BYTES = 1 << 16
_BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = 3, (4, 5, 6), 7, 8, (9, 10), 12


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
            sizes = header.integers()
            unpacked, packed = sizes[2], sizes[3]
        except (IndexError, KeyError) as error:
            raise ValueError(f"no page header at byte {start}") from error
        if packed < 0:
            raise ValueError(f"no page header at byte {start}")
        yield unpacked
        start += header.at + packed


class _Compact:
    """A reader of Thrift's compact protocol that keeps whole numbers and passes over the rest."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def integers(self) -> dict[int, int]:
        """The whole numbers among the fields of a struct, by field id."""
        found: dict[int, int] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            if head & 15 in _INTEGERS:
                found[field] = self._integer()
            else:
                self._skip(head & 15)
        return found

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

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

    def _skip(self, kind: int) -> None:
        if kind == _STRUCT:
            self.integers()
        elif kind in _INTEGERS:
            self._varint()
        elif kind in _LISTS:
            head = self._byte()
            n = self._varint() if head >> 4 == 15 else head >> 4
            for _ in range(n):
                self._skip(head & 15)
        else:  # booleans are told by their kind alone
            self.at += {_BYTE: 1, _DOUBLE: 8}.get(kind, 0) if kind != _BINARY else self._varint()
