"""Products by catalogue, and how far imports of them have come."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import insert

from store.names import catalog_id, slug
from store.product_rows import FIELDS, STAGED, product_of, product_row, require_distinct
from store.tables import catalogs, imports, products
from store.transaction import Transaction, among
from taxonomy.errors import StoreError
from taxonomy.product import Product, ProductId
from taxonomy.records import CatalogSummary, ImportMark, Upserted

__all__ = ["PostgresCatalogs"]

_LIVE = products.c.retired_at.is_(None)


class PostgresCatalogs:
    """`taxonomy.ports.CatalogRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def names(self) -> list[CatalogSummary]:
        """All catalogues, sorted by name."""
        n_live = select(func.count()).where(products.c.catalog_id == catalogs.c.id, _LIVE).scalar_subquery()
        at = select(func.max(imports.c.updated_at)).where(imports.c.catalog_id == catalogs.c.id)
        found = select(catalogs.c.name, n_live, at.scalar_subquery()).order_by(catalogs.c.name)
        return [CatalogSummary(*row) for row in self._transaction.run(found)]

    def create(self, name: str) -> None:
        """Make sure that the catalogue exists; InputError for what is no name."""
        fresh = insert(catalogs).values(name=slug("catalog", name))
        self._transaction.run(fresh.on_conflict_do_nothing())

    def begin_import(self, name: str, digest: str) -> ImportMark:
        """The catalogue's latest import if it is unfinished and of this digest, else a new mark at row 0.

        An import that another one followed is not gone on with: what it had seen may have been retired.
        """
        number = self._hold(name)
        latest = self._latest(number)
        if latest is not None and latest.digest == digest and latest.finished_at is None:
            done = Upserted(latest.n_new, latest.n_changed, latest.n_unchanged)
            return ImportMark(latest.id, digest, latest.rows_done, done)
        fresh = insert(imports).values(catalog_id=number, digest=digest).returning(imports.c.id)
        return ImportMark(self._transaction.run(fresh).scalar_one(), digest)

    def upsert(self, name: str, mark: ImportMark, products: Sequence[Product]) -> ImportMark:
        """Write one batch and move the mark on in the same transaction.

        Raises
        ------
        InputError
            Two products of the batch have the same id, or a text cannot be stored.
        StoreError
            The mark is not where the import stands: another process imports into this catalogue.
        """
        require_distinct(products)
        number = self._hold(name)
        self._require_current(name, number, mark)
        staged = self._stage(number, mark, products)
        done = self._counted(staged)
        self._merge(staged)
        moved = replace(mark, rows_done=mark.rows_done + len(products), upserted=mark.upserted + done)
        self._move(moved, finished_at=None)
        return moved

    def finish_import(self, name: str, mark: ImportMark) -> int:
        """Retire live products that this import did not see; close the mark; how many retired."""
        number = self._hold(name)
        self._require_current(name, number, mark)
        unseen = and_(products.c.catalog_id == number, _LIVE, products.c.import_id != mark.id)
        retired = self._transaction.run(update(products).where(unseen).values(retired_at=func.now()))
        self._move(mark, finished_at=func.now())
        self._transaction.learn(products, mark.upserted.new + mark.upserted.changed)
        return retired.rowcount

    def products(self, name: str, *, batch_size: int = 2000) -> Iterator[Product]:
        """Live products in the order of their ids; UnknownId for an unknown catalogue.

        Page by page from the last id seen, not by a cursor, so that the caller may commit meanwhile.
        """
        number = catalog_id(self._transaction, name)
        return self._pages(number, batch_size)

    def get(self, name: str, product_ids: Sequence[ProductId]) -> list[Product]:
        """Those of the products that exist, in the order asked for."""
        wanted = self._of(catalog_id(self._transaction, name)).where(among(products.c.id, product_ids))
        found = {row.id: product_of(row) for row in self._transaction.run(wanted)}
        return [found[at] for at in product_ids if at in found]

    def count(self, name: str) -> int:
        """Live products; UnknownId for an unknown catalogue."""
        number = catalog_id(self._transaction, name)
        n_live = select(func.count()).where(products.c.catalog_id == number, _LIVE)
        return int(self._transaction.run(n_live).scalar_one())

    def search(self, name: str, text: str, *, limit: int = 50) -> list[Product]:
        """Live products with words in the title that are similar to the text, most similar first."""
        alike = func.word_similarity(text, products.c.title)
        wanted = self._of(catalog_id(self._transaction, name)).where(_LIVE, products.c.title.op("%>")(text))
        best = wanted.order_by(alike.desc(), func.length(products.c.title), products.c.id).limit(limit)
        return [product_of(row) for row in self._transaction.run(best)]

    def _pages(self, number: int, size: int) -> Iterator[Product]:
        after: ColumnElement[bool] = literal(True)
        while True:
            page = self._of(number).where(_LIVE, after).order_by(products.c.id).limit(size)
            rows = self._transaction.run(page).all()
            yield from map(product_of, rows)
            if len(rows) < size:
                return
            after = products.c.id > rows[-1].id

    def _of(self, number: int) -> Select[Any]:
        return select(*(products.c[name] for name in FIELDS)).where(products.c.catalog_id == number)

    def _hold(self, name: str) -> int:
        """The catalogue's number, held against other imports until the transaction ends."""
        number = catalog_id(self._transaction, name)
        held = select(catalogs.c.id).where(catalogs.c.id == number).with_for_update(key_share=True)
        self._transaction.run(held)
        return number

    def _latest(self, number: int) -> Row[Any] | None:
        newest = select(imports).where(imports.c.catalog_id == number).order_by(imports.c.id.desc()).limit(1)
        return self._transaction.run(newest).one_or_none()

    def _require_current(self, name: str, number: int, mark: ImportMark) -> None:
        latest = self._latest(number)
        if (
            latest is None
            or latest.finished_at is not None
            or (latest.id, latest.rows_done) != (mark.id, mark.rows_done)
        ):
            raise StoreError(
                f"another import into catalog {name!r} has overtaken this one: wait for it, then start again"
            )

    def _stage(self, number: int, mark: ImportMark, batch: Sequence[Product]) -> FromClause:
        return self._transaction.stage(
            products,
            [products.c[name] for name in STAGED],
            (product_row(number, mark.id, one) for one in batch),
        )

    def _counted(self, staged: FromClause) -> Upserted:
        there = and_(products.c.catalog_id == staged.c.catalog_id, products.c.id == staged.c.id, _LIVE)
        same = products.c.content_hash == staged.c.content_hash
        found = select(
            func.count().filter(products.c.id.is_(None)),
            func.count().filter(~same),
            func.count().filter(same),
        ).select_from(staged.outerjoin(products, there))
        return Upserted(*self._transaction.run(found).one())

    def _merge(self, staged: FromClause) -> None:
        fresh = insert(products).from_select(list(STAGED), select(*staged.c))
        values: dict[str, Any] = {
            name: fresh.excluded[name] for name in STAGED if name not in ("catalog_id", "id")
        }
        self._transaction.run(
            fresh.on_conflict_do_update(
                index_elements=["catalog_id", "id"], set_=values | {"retired_at": null()}
            )
        )

    def _move(self, mark: ImportMark, *, finished_at: ColumnElement[datetime] | None) -> None:
        self._transaction.run(
            update(imports)
            .where(imports.c.id == mark.id)
            .values(
                rows_done=mark.rows_done,
                n_new=mark.upserted.new,
                n_changed=mark.upserted.changed,
                n_unchanged=mark.upserted.unchanged,
                updated_at=func.now(),
                finished_at=finished_at,
            )
        )
