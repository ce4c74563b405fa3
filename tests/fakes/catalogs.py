"""Catalogues and their products, in memory."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from store.names import slug
from taxonomy.errors import InputError, StoreError
from taxonomy.product import Product, ProductId
from taxonomy.records import (
    CatalogSummary,
    ImportMark,
    Upserted,
)
from tests.fakes.contents import Desk, Kept, known
from tests.fakes.likeness import share_found


class FakeCatalogs:
    """`CatalogRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def names(self) -> list[CatalogSummary]:
        now = self.desk.now
        return [CatalogSummary(name, len(now.live(name)), at) for name, at in sorted(now.catalogs.items())]

    def create(self, name: str) -> None:
        self.desk.now.catalogs.setdefault(slug("catalog", name), None)

    def begin_import(self, name: str, digest: str) -> ImportMark:
        known(self.desk.now.catalogs, "catalog", name)
        latest = self.desk.now.imports.get(name.lower())
        if latest is not None and latest.digest == digest and not latest.finished:
            return latest
        return self._keep(name, ImportMark(next(self.desk.numbers), digest))

    def upsert(self, name: str, mark: ImportMark, products: Sequence[Product]) -> ImportMark:
        self._require_current(name, mark)
        if len({product.id for product in products}) < len(products):
            raise InputError("a product occurs twice in one batch")
        for product in products:
            _require_storable(product)
        done = Upserted()
        for product in products:
            key = (name.lower(), product.id)
            kept = self.desk.now.products.get(key)
            is_new = kept is None or not kept.live
            is_same = not is_new and kept is not None and kept.product == product
            done += Upserted(int(is_new), int(not is_new and not is_same), int(is_same))
            self.desk.now.products[key] = Kept(product, mark.id)
        rows_done = mark.rows_done + len(products)
        return self._keep(name, replace(mark, rows_done=rows_done, upserted=mark.upserted + done))

    def finish_import(self, name: str, mark: ImportMark) -> int:
        self._require_current(name, mark)
        unseen = {
            key: replace(kept, live=False)
            for key, kept in self.desk.now.products.items()
            if key[0] == name.lower() and kept.live and kept.import_id != mark.id
        }
        self.desk.now.products.update(unseen)
        self._keep(name, replace(mark, finished=True))
        return len(unseen)

    def products(self, name: str, *, batch_size: int = 2000) -> Iterator[Product]:
        return iter(self.desk.now.live(name))

    def get(self, name: str, product_ids: Sequence[ProductId]) -> list[Product]:
        known(self.desk.now.catalogs, "catalog", name)
        found = (self.desk.now.products.get((name.lower(), at)) for at in product_ids)
        return [kept.product for kept in found if kept is not None]

    def count(self, name: str) -> int:
        return len(self.desk.now.live(name))

    def search(self, name: str, text: str, *, limit: int = 50) -> list[Product]:
        scored = [(share_found(text, product.title), product) for product in self.desk.now.live(name)]
        alike = [(score, product) for score, product in scored if score >= 0.6]  # as Postgres is set up
        alike.sort(key=lambda pair: (-pair[0], len(pair[1].title), pair[1].id))
        return [product for _, product in alike[:limit]]

    def _require_current(self, name: str, mark: ImportMark) -> None:
        known(self.desk.now.catalogs, "catalog", name)
        latest = self.desk.now.imports.get(name.lower())
        if latest is None or latest.finished or (latest.id, latest.rows_done) != (mark.id, mark.rows_done):
            raise StoreError(f"another import into catalog {name!r} has overtaken this one")

    def _keep(self, name: str, mark: ImportMark) -> ImportMark:
        self.desk.now.imports[name.lower()] = mark
        self.desk.now.catalogs[name.lower()] = datetime.now(UTC)
        return mark


def _require_storable(product: Product) -> None:
    text = json.dumps(asdict(product), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"a text cannot be stored: {error.reason}") from error
    if "\\u0000" in text:
        raise InputError("a value cannot be stored: it has a NUL character")
