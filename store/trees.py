"""Named trees at their head."""

from typing import Any

from sqlalchemy import JSON, ScalarSelect, Select, Table, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.sql.elements import ColumnElement

from store.names import slug, taxonomy_id, unknown
from store.tables import nodes, pins, redirects, taxonomies
from store.transaction import Transaction, among
from store.tree_rows import NodeRow, RedirectRow, difference, tree_of
from taxonomy.errors import InputError, StaleEdit
from taxonomy.tree import Tree

__all__ = ["PostgresTrees"]


class PostgresTrees:
    """`taxonomy.ports.TreeRepository` in Postgres."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def names(self) -> list[str]:
        """All taxonomies, sorted."""
        return list(self._transaction.run(select(taxonomies.c.name).order_by(taxonomies.c.name)).scalars())

    def create(self, name: str) -> Tree:
        """A new, empty tree; InputError if the name is taken or not a name."""
        fresh = insert(taxonomies).values(name=slug("taxonomy", name)).on_conflict_do_nothing()
        if self._transaction.run(fresh.returning(taxonomies.c.id)).scalar() is None:
            raise InputError(f"there is a taxonomy {name!r} already: take another name, or edit that one")
        return Tree()

    def head(self, name: str) -> Tree:
        """The tree with everything applied; UnknownId names those that exist."""
        found = self._transaction.run(_head(name)).one_or_none()
        if found is None:
            raise unknown(self._transaction, taxonomies, "taxonomy", name)
        return tree_of(*found)

    def lock(self, name: str) -> Tree:
        """The head, held against all other writers until the unit of work ends."""
        # NO KEY: rows that refer to the taxonomy by a foreign key may still be added meanwhile.
        held = (
            select(taxonomies.c.id).where(taxonomies.c.name == name.lower()).with_for_update(key_share=True)
        )
        self._transaction.run(held)
        return self.head(name)

    def save(self, name: str, before: Tree, after: Tree) -> None:
        """Write the difference between two versions in bulk.

        Raises
        ------
        StaleEdit
            The head is not `before` any more.
        """
        number = taxonomy_id(self._transaction, name)
        self._advance(number, name, before.version, after.version)
        changes = difference(before, after)
        self._delete(redirects, redirects.c.node_id, number, changes.restored)
        self._delete(nodes, nodes.c.id, number, changes.gone)
        self._merge(nodes, number, NodeRow._fields, changes.nodes)
        self._merge(redirects, number, RedirectRow._fields, changes.redirects)
        self._delete(pins, pins.c.query, number, changes.unpinned)
        self._merge(pins, number, ("query", "node_id"), changes.pins)

    def _advance(self, number: int, name: str, before: int, after: int) -> None:
        step = update(taxonomies).where(taxonomies.c.id == number, taxonomies.c.version == before)
        if self._transaction.run(step.values(version=after)).rowcount == 0:
            raise StaleEdit(f"taxonomy {name!r} is no longer at version {before}: load it again, then edit")

    def _delete(self, table: Table, column: ColumnElement[str], number: int, ids: list[Any]) -> None:
        if ids:
            self._transaction.run(delete(table).where(table.c.taxonomy_id == number, among(column, ids)))

    def _merge(self, table: Table, number: int, fields: tuple[str, ...], rows: list[Any]) -> None:
        if not rows:
            return
        staged = self._transaction.stage(table, [table.c[name] for name in fields], rows)
        fresh = insert(table).from_select(["taxonomy_id", *fields], select(literal(number), *staged.c))
        self._transaction.run(
            fresh.on_conflict_do_update(
                index_elements=["taxonomy_id", fields[0]],
                set_={name: fresh.excluded[name] for name in fields[1:]},
            )
        )


def _head(name: str) -> Select[Any]:
    """Version, nodes and redirects in one statement, hence of one moment; as JSON, the fastest to load."""
    n, r = nodes.c, redirects.c
    fields = (n.id, n.parent_id, n.name, n.locked, n.external_id, n.scope_note, n.details)
    return select(
        taxonomies.c.version,
        _gathered(nodes, fields, (n.parent_id, n.position)),
        _gathered(redirects, (r.node_id, r.targets, r.shares), (r.node_id,)),
        _gathered(pins, (pins.c.query, pins.c.node_id), (pins.c.query,)),
    ).where(taxonomies.c.name == name.lower())


def _gathered(
    table: Table, fields: tuple[ColumnElement[Any], ...], order: tuple[ColumnElement[Any], ...]
) -> ScalarSelect[Any]:
    row = func.json_build_array(*fields)
    rows = func.json_agg(aggregate_order_by(row, *order), type_=JSON)
    everything = func.coalesce(rows, literal([], JSON), type_=JSON)
    return select(everything).where(table.c.taxonomy_id == taxonomies.c.id).scalar_subquery()
