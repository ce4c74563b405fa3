"""A shop's catalogue file as products."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from ingest.readers.cells import choose_separator, first_image, parse_path, parse_price
from ingest.readers.columns import recognise
from ingest.readers.feed import FeedFile
from ingest.readers.records import Counts, Reason, Reject, Row
from ingest.readers.seen import SeenIds
from ingest.readers.source import beginning
from ingest.readers.table import RowFile, open_rows, sifted
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product, ProductId
from taxonomy.text import unescape

__all__ = ["Catalog", "open_catalog"]

_SILENT: Progress = Silent()
_NO_MAPPING: Mapping[str, str] = MappingProxyType({})


class Catalog:
    """A catalogue file; iterating it reads the file from the start, a product at a time.

    Attributes
    ----------
    columns : mapping of str to str
        Field of `Product` to the column it is read from; other columns go to `Product.attributes`.
    separator : str
        What stands between the names of a category path: one of `cells.SEPARATORS`, or ``"JSON list"``.
    counts : Counts
        Of the iteration that is going on or was the last; accepted + rejected = read at any time.
    """

    def __init__(
        self, path: Path, rows: RowFile, columns: Mapping[str, str], rejects: Path | None, progress: Progress
    ) -> None:
        self.path, self.columns, self.counts = path, columns, Counts()
        self._rows, self._rejects, self._progress = rows, rejects, progress
        self._taken = frozenset(columns.values())
        self._needs_ids = isinstance(rows, FeedFile)  # a feed promises one, so that a row without is broken
        category = columns.get("category_path")
        sample = beginning(rows, lambda row: row.raw) if category else []
        self.separator = choose_separator(
            cell for row in sample if isinstance(row, Row) and (cell := row.cells.get(category or "", ""))
        )

    def __iter__(self) -> Iterator[Product]:
        """The products, in the order of the file.

        Raises
        ------
        FileError
            The file is cut off or damaged; the products before that have been given.
        """
        with SeenIds() as seen:
            found = (self._product(row, seen) for row in self._rows)
            yield from sifted(self, found, self._rejects, self._progress)

    def _product(self, row: Row | Reject, seen: SeenIds) -> tuple[int, Product] | Reject:
        if isinstance(row, Reject):
            return row
        line, cells, _ = row
        known = {field: " ".join(cells.get(column, "").split()) for field, column in self.columns.items()}
        path = known.get("category_path", "")
        title, brand = (" ".join(unescape(known.get(field, "")).split()) for field in ("title", "brand"))
        if not title:
            return Reject(line, Reason.NO_TITLE, row.text)
        if self._needs_ids and not known.get("id"):
            return Reject(line, Reason.NO_ID, row.text)
        product_id = known.get("id") or _content_id(known["title"], known.get("brand", ""), path)
        if not seen.add(product_id):
            return Reject(line, Reason.DUPLICATE_ID, row.text)
        return line, Product(
            id=ProductId(product_id),
            title=title,
            brand=brand,
            description=known.get("description", ""),
            category_path=parse_path(path, self.separator),
            price=parse_price(known.get("price", "")),
            image=first_image(known.get("image", "")),
            split=known.get("split", "").lower(),
            attributes={name: cell for name, cell in cells.items() if cell and name not in self._taken},
        )


def _content_id(*texts: str) -> str:
    """An id for a product without one: a hash of title, brand and path, the same at every reading."""
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=12).hexdigest()


def open_catalog(
    path: Path | str,
    *,
    mapping: Mapping[str, str] = _NO_MAPPING,
    rejects: Path | None = None,
    progress: Progress = _SILENT,
) -> Catalog:
    """The catalogue in a CSV, TSV, JSON lines, Parquet or XML feed file, by its ending (``.gz`` allowed).

    Parameters
    ----------
    path : Path
        The file; it is streamed, so its size does not matter.
    mapping : mapping of str to str
        Field to column, where the names in `columns.FIELDS` would choose another; '' takes no column.
    rejects : Path, optional
        Where to write the rows that are not taken: line, reason, excerpt.

    Raises
    ------
    FileError
        The file as a whole cannot be used, or it has no column of titles.
    InputError
        The mapping names a field or column that does not exist.
    """
    rows = open_rows(path)
    return Catalog(Path(path), rows, recognise(rows.columns, mapping, Path(path)), rejects, progress)
