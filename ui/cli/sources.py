"""Where a command's products come from: a file, or a catalogue in the store."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ingest.readers import Catalog, open_catalog
from taxonomy.errors import InputError
from taxonomy.ports import Progress
from taxonomy.product import Product
from taxonomy.tree import Tree
from ui.cli.options import parse_map
from ui.wiring import App

__all__ = ["StoredProducts", "head", "n_rejected", "products_of"]


class StoredProducts:
    """The live products of a catalogue; each iteration reads them again."""

    def __init__(self, app: App, name: str) -> None:
        self._app, self.name = app, name

    def __iter__(self) -> Iterator[Product]:
        with self._app.uow() as uow:
            yield from uow.catalogs.products(self.name)


def products_of(
    app: App, file: Path | None, catalog: str, progress: Progress, *, map_: Sequence[str] | None = None
) -> Iterable[Product]:
    """The products of a file, or of a catalogue in the store, to be read as often as needed.

    Raises
    ------
    InputError
        Both or neither are given, or they do not exist.
    """
    if (file is None) == (not catalog):
        raise InputError("give either a FILE of products or --catalog NAME, and not both")
    if file is not None:
        rows = open_catalog(file, mapping=parse_map(map_))
        progress.note(f"{file.name}: {', '.join(f'{k} from {v!r}' for k, v in rows.columns.items())}")
        return rows
    with app.uow() as uow:
        uow.catalogs.count(catalog)
    return StoredProducts(app, catalog)


def head(app: App, taxonomy: str) -> Tree:
    """The head of a taxonomy in the store."""
    with app.uow() as uow:
        return uow.trees.head(taxonomy)


def n_rejected(products: Iterable[Product], progress: Progress) -> int:
    """How many rows of a file could not be used when it was last read; a note tells of any."""
    if not isinstance(products, Catalog) or not products.counts.rejected:
        return 0
    counts = products.counts
    progress.note(
        f"{counts.rejected} of {counts.read} rows of {products.path.name} cannot be used: `shelftree catalog"
        " import --rejects FILE` says which, and why"
    )
    return counts.rejected
