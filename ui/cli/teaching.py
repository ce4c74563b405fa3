"""What a command trains on: products with the categories that people gave them, or the shop's own."""

from collections.abc import Iterable, Iterator

from ingest.train.provenance import Learnt
from taxonomy.product import Product
from taxonomy.service.teaching import as_written, lessons
from taxonomy.tree import Tree
from ui.wiring import App

__all__ = ["Taught"]


class Taught:
    """Products to learn from; each iteration reads them again.

    With a catalogue and a taxonomy of the store, what people placed and answered counts before the
    catalogue's own category.

    Attributes
    ----------
    learnt : Learnt
        What the latest iteration gave.
    """

    def __init__(
        self, app: App, products: Iterable[Product], *, catalog: str, taxonomy: str, tree: Tree | None
    ) -> None:
        self._app, self._products = app, products
        self._catalog, self._taxonomy, self._tree = catalog, taxonomy, tree
        self.learnt = Learnt()

    def __iter__(self) -> Iterator[Product]:
        self.learnt = Learnt()
        if not (self._catalog and self._tree):
            yield from self.learnt.hearing(as_written(self._products))
            return
        with self._app.uow() as uow:
            found = lessons(uow, self._catalog, self._taxonomy, self._tree, self._products)
            yield from self.learnt.hearing(found)
