"""Where products stand, as one query: the only place that knows how redirects are followed and people win."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    REAL,
    Column,
    Integer,
    Select,
    Subquery,
    Table,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from store.tables import assignments, nodes, placements, redirects
from taxonomy.product import Source

__all__ = ["Filter", "by_people", "standing"]

Filter = Callable[[Table], ColumnElement[bool]]
"""A condition on stored rows, given the table `placements` or `assignments`."""


def standing(taxonomy: int, catalog: int, only: Filter | None = None) -> Subquery:
    """One row a product that stands in a live node, with the columns of `assignments`.

    A person's placement hides what machines say, unless its node went without a successor. Products are not
    looked at: join them for those that are live.

    Parameters
    ----------
    taxonomy, catalog : int
        Their numbers.
    only : callable, optional
        Which of the stored rows to read; without it all.
    """
    placed = _resolved(
        placements,
        (
            literal(1.0, REAL).label("probability"),
            literal(Source.PERSON, assignments.c.source.type).label("source"),
            literal(None, Integer).label("revision_id"),
            placements.c.tree_version,
        ),
    )
    fields = ("probability", "source", "revision_id", "tree_version")
    said = _resolved(assignments, tuple(assignments.c[name] for name in fields))
    said = said.where(~by_people(taxonomy, catalog, assignments.c.product_id))
    chosen = []
    for table, rows in ((placements, placed), (assignments, said)):
        mine = rows.where(table.c.taxonomy_id == taxonomy, table.c.catalog_id == catalog)
        chosen.append(mine if only is None else mine.where(only(table)))
    return union_all(*chosen).subquery("standing")


def by_people(taxonomy: int, catalog: int, product_id: Column[str]) -> ColumnElement[bool]:
    """Whether a person placed the product of a row in a node that is live or has a successor."""
    held = _resolved(placements, ()).where(
        placements.c.taxonomy_id == taxonomy,
        placements.c.catalog_id == catalog,
        placements.c.product_id == product_id,
    )
    return exists(held.correlate(product_id.table))


def _resolved(table: Table, columns: tuple[ColumnElement[Any], ...]) -> Select[Any]:
    """Product, live node and these columns of the rows whose node is live or has a successor."""
    successor = redirects.alias()
    live_id = func.coalesce(successor.c.live_id, table.c.node_id)
    live = nodes.alias()
    follow = (successor.c.taxonomy_id == table.c.taxonomy_id) & (successor.c.node_id == table.c.node_id)
    there = (live.c.taxonomy_id == table.c.taxonomy_id) & (live.c.id == live_id)
    joined = table.outerjoin(successor, follow).join(live, there)
    return select(table.c.product_id, live.c.id.label("node_id"), *columns).select_from(joined)
