"""Where products stand in a tree: as machines say, and as people placed them."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import (
    FromClause,
    Row,
    Select,
    Subquery,
    Table,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from store import tables
from store.names import catalog_id, revision_ids, taxonomy_id
from store.product_rows import FIELDS, product_of
from store.standing import Filter, standing
from store.tables import assignment_history as was
from store.tables import assignments, model_revisions, placements, products, redirects, taxonomies
from store.transaction import Transaction, among
from taxonomy.changes import ChangeSet
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.records import Held

__all__ = ["PostgresAssignments"]

_BATCH = 50_000  # rows held in memory at once: some 20 MB
_KEY = ("taxonomy_id", "catalog_id", "product_id")
_TELLING = ("node_id", "probability", "source", "revision_id")
"""What makes a row worth writing. Not the tree version: a re-tagging would write every row for it alone."""
_SAID = (*_TELLING, "tree_version")


class PostgresAssignments:
    """`taxonomy.ports.AssignmentRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def write(self, catalog: str, taxonomy: str, assignments: Iterable[Assignment]) -> int:
        """Bulk upsert of what machines and imports say, one place a product (the last given); rows changed.

        A row that would differ in its tree version alone is left as it is.

        Raises
        ------
        InputError
            One comes from a person: `place` keeps those.
        """
        key = self._numbers(taxonomy, catalog)
        rest, n_changed = iter(assignments), 0
        while batch := {one.product_id: one for one in islice(rest, _BATCH)}:
            # In one order, as everybody locks them: else two writers may wait for each other.
            n_changed += self._write(key, sorted(batch.values(), key=lambda one: one.product_id))
        self._transaction.learn(tables.assignments, n_changed)
        return n_changed

    def place(
        self, catalog: str, taxonomy: str, node_id: NodeId, product_ids: Sequence[ProductId], *, author: str
    ) -> None:
        """A person puts products into a node; UnknownId if a product does not exist."""
        tree, shop = self._numbers(taxonomy, catalog)
        version = select(taxonomies.c.version).where(taxonomies.c.id == tree).scalar_subquery()
        values = {"node_id": literal(node_id), "author": literal(author), "tree_version": version}
        there = select(literal(tree), products.c.catalog_id, products.c.id, *values.values()).where(
            products.c.catalog_id == shop, among(products.c.id, product_ids)
        )
        fresh = insert(placements).from_select([*_KEY, *values], there)
        renewed = {name: fresh.excluded[name] for name in values} | {"placed_at": func.now()}
        upsert = fresh.on_conflict_do_update(index_elements=_KEY, set_=renewed)
        placed = set(self._transaction.run(upsert.returning(placements.c.product_id)).scalars())
        if missing := [at for at in product_ids if at not in placed]:
            raise UnknownId("product", missing[0], f"catalog {catalog!r} never had it: look at its id again")

    def unplace(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        """Forget people's placements of these products."""
        self._forget(placements, catalog, taxonomy, product_ids)

    def placed(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, NodeId]:
        """People's placements of these products, as stored (not resolved)."""
        mine = self._rows_of(placements, catalog, taxonomy, product_ids)
        found = select(placements.c.product_id, placements.c.node_id).where(*mine)
        return {row.product_id: row.node_id for row in self._transaction.run(found)}

    def stored(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        """Machines' and imports' assignments of these products, as stored (not resolved)."""
        mine = self._rows_of(assignments, catalog, taxonomy, product_ids)
        found = _with_revision(assignments, assignments).where(*mine)
        return {row.product_id: _assignment(row) for row in self._transaction.run(found)}

    def remove(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        """Forget machines' assignments of these products."""
        self._forget(assignments, catalog, taxonomy, product_ids)

    def remember(self, change: ChangeSet, catalog: str, product_ids: Sequence[ProductId]) -> None:
        """Keep for `put_back` what machines say of these products before a change set is applied."""
        tree, shop = self._numbers(change.taxonomy, catalog)
        stored = and_(*_mine(assignments, tree, shop), assignments.c.product_id == products.c.id)
        before = (assignments.c[name] for name in _SAID)
        rows = (
            select(literal(change.id), products.c.catalog_id, products.c.id, *before)
            .select_from(products.outerjoin(assignments, stored))
            .where(products.c.catalog_id == shop, among(products.c.id, product_ids))
        )
        kept = insert(was).from_select(["change_set_id", "catalog_id", "product_id", *_SAID], rows)
        self._transaction.run(kept.on_conflict_do_nothing())  # of what comes twice, the first is older

    def put_back(self, change: ChangeSet) -> None:
        """Say again what machines said before a change set, where what it wrote stands still."""
        tree = taxonomy_id(self._transaction, change.taxonomy)
        revision = revision_ids(self._transaction, {change.model_revision})[change.model_revision]
        replaced = (assignments.c.taxonomy_id == tree, was.c.change_set_id == change.id)
        same = (assignments.c.catalog_id == was.c.catalog_id, assignments.c.product_id == was.c.product_id)
        written = {
            "source": change.source, "revision_id": revision, "tree_version": change.applied_version,
        }  # fmt: skip
        own = (assignments.c[name] == value for name, value in written.items())
        self._transaction.run(delete(assignments).where(*replaced, *same, *own))
        before = select(literal(tree), *(was.c[name] for name in (*_KEY[1:], *_SAID)))
        rows = before.where(was.c.change_set_id == change.id, was.c.node_id.is_not(None))
        again = insert(assignments).from_select([*_KEY, *_SAID], rows)
        self._transaction.run(again.on_conflict_do_nothing())

    def held(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> dict[ProductId, Held]:
        """What is stored of those of these products that are live, also where that is nothing."""
        key = self._numbers(taxonomy, catalog)
        joined = _stored_beside(*key).where(among(products.c.id, product_ids))
        found = joined.add_columns(products.c.id, *_BOTH)
        return {row.id: Held(row.placed, row.said) for row in self._transaction.run(found)}

    def tally(
        self, catalog: str, taxonomy: str, node_ids: Collection[NodeId] | None = None
    ) -> dict[Held, int]:
        """How many live products are held alike, those of which nothing is stored left out; one query.

        With `node_ids`, those alone that are held by one of these, as stored: found by index.
        """
        key = self._numbers(taxonomy, catalog)
        something = or_(placements.c.node_id.is_not(None), assignments.c.node_id.is_not(None))
        groups = _stored_beside(*key).where(something).group_by(placements.c.node_id, assignments.c.node_id)
        if node_ids is not None:
            by_index = (
                select(table.c.product_id).where(*_mine(table, *key), among(table.c.node_id, node_ids))
                for table in (placements, assignments)
            )
            groups = groups.where(products.c.id.in_(union(*by_index)))
        found = groups.add_columns(*_BOTH, func.count().label("n"))
        return {Held(row.placed, row.said): row.n for row in self._transaction.run(found)}

    def counts(self, catalog: str, taxonomy: str) -> dict[NodeId, int]:
        """Live products standing in each node itself (not below it), redirects resolved; one query."""
        key = self._numbers(taxonomy, catalog)
        at = standing(*key)
        live = at.join(products, _same_product(at, key[1]))
        found = select(at.c.node_id, func.count().label("n")).select_from(live).group_by(at.c.node_id)
        return {row.node_id: row.n for row in self._transaction.run(found)}

    def of_node(
        self, catalog: str, taxonomy: str, node_ids: Sequence[NodeId], *, limit: int = 100, offset: int = 0
    ) -> list[tuple[Product, Assignment]]:
        """A page of the live products in any of these nodes: placed by people first, then by probability."""
        key = self._numbers(taxonomy, catalog)
        at = standing(*key, only=_leading_to(key[0], node_ids))
        people_last = at.c.source != Source.PERSON
        page = (
            _with_revision(at, at.join(products, _same_product(at, key[1])))
            .add_columns(*(products.c[name] for name in FIELDS))
            .where(among(at.c.node_id, node_ids))
            .order_by(people_last, at.c.probability.desc(), at.c.product_id)
        )
        rows = self._transaction.run(page.limit(limit).offset(offset))
        return [(product_of(row), _assignment(row)) for row in rows]

    def of_products(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        """Where these products stand, resolved; those that stand nowhere are missing."""
        key = self._numbers(taxonomy, catalog)
        at = standing(*key, only=lambda table: among(table.c.product_id, product_ids))
        return {row.product_id: _assignment(row) for row in self._transaction.run(_with_revision(at, at))}

    def unplaced(self, catalog: str, taxonomy: str, *, limit: int = 100, offset: int = 0) -> list[Product]:
        """Live products that stand in no live node, in the order of their ids."""
        key = self._numbers(taxonomy, catalog)
        at = standing(*key)
        stands = select(at.c.product_id).where(at.c.product_id == products.c.id).exists()
        free = select(*(products.c[name] for name in FIELDS)).where(
            products.c.catalog_id == key[1], products.c.retired_at.is_(None), ~stands
        )
        rows = self._transaction.run(free.order_by(products.c.id).limit(limit).offset(offset))
        return [product_of(row) for row in rows]

    def _numbers(self, taxonomy: str, catalog: str) -> tuple[int, int]:
        return taxonomy_id(self._transaction, taxonomy), catalog_id(self._transaction, catalog)

    def _rows_of(
        self, table: Table, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> tuple[ColumnElement[bool], ...]:
        mine = _mine(table, *self._numbers(taxonomy, catalog))
        return (*mine, among(table.c.product_id, product_ids))

    def _forget(self, table: Table, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        self._transaction.run(delete(table).where(*self._rows_of(table, catalog, taxonomy, product_ids)))

    def _write(self, key: tuple[int, int], batch: Sequence[Assignment]) -> int:
        if any(one.source is Source.PERSON for one in batch):
            raise InputError("what a person says is a placement, not a machine's assignment: use `place`")
        number = revision_ids(self._transaction, {one.model_revision for one in batch})
        columns = [assignments.c[name] for name in (*_KEY, *_TELLING, "tree_version")]
        staged = self._transaction.stage(
            assignments,
            columns,
            (
                (
                    *key,
                    a.product_id,
                    a.node_id,
                    a.probability,
                    a.source,
                    number[a.model_revision],
                    a.tree_version,
                )
                for a in batch
            ),
        )
        fresh = insert(assignments).from_select([c.name for c in columns], select(*staged.c))
        upsert = fresh.on_conflict_do_update(
            index_elements=_KEY,
            set_={name: fresh.excluded[name] for name in (*_TELLING, "tree_version")},
            where=or_(*(assignments.c[name] != fresh.excluded[name] for name in _TELLING)),
        )
        return self._transaction.run(upsert.execution_options(preserve_rowcount=True)).rowcount


_BOTH = (placements.c.node_id.label("placed"), assignments.c.node_id.label("said"))


def _stored_beside(tree: int, shop: int) -> Select[Any]:
    """The live products, each beside its placement and its assignment where it has one; no columns yet."""
    joined: FromClause = products
    for table in (placements, assignments):
        joined = joined.outerjoin(table, and_(*_mine(table, tree, shop), table.c.product_id == products.c.id))
    live = (products.c.catalog_id == shop) & products.c.retired_at.is_(None)
    return select().select_from(joined).where(live)


def _mine(table: Table, tree: int, shop: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.taxonomy_id == tree, table.c.catalog_id == shop


def _same_product(at: Subquery, shop: int) -> ColumnElement[bool]:
    live = (products.c.catalog_id == shop) & products.c.retired_at.is_(None)
    return live & (products.c.id == at.c.product_id)


def _leading_to(tree: int, node_ids: Sequence[NodeId]) -> Filter:
    """Rows of these nodes, or of ids that were retired in their favour."""
    retired = select(redirects.c.node_id).where(
        redirects.c.taxonomy_id == tree, among(redirects.c.live_id, node_ids)
    )
    return lambda table: or_(among(table.c.node_id, node_ids), table.c.node_id.in_(retired))


def _with_revision(at: Table | Subquery, joined: Any) -> Select[Any]:
    revision = func.coalesce(model_revisions.c.revision, "").label("model_revision")
    told = (at.c.product_id, at.c.node_id, at.c.probability, at.c.source, at.c.tree_version, revision)
    return select(*told).select_from(
        joined.outerjoin(model_revisions, model_revisions.c.id == at.c.revision_id)
    )


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(
        row.product_id, row.node_id, row.probability, Source(row.source), row.model_revision, row.tree_version
    )
