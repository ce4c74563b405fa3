"""Names of taxonomies, catalogues and models, and the numbers that stand for them in other tables."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert

from store.tables import catalogs, model_revisions, taxonomies
from store.transaction import Transaction, among
from taxonomy.errors import InputError, UnknownId

__all__ = ["catalog_id", "revision_ids", "slug", "taxonomy_id"]

_SLUG = re.compile(r"[a-z0-9._-]{1,64}")


def slug(kind: str, name: str) -> str:
    """The name in lower case.

    >>> slug("catalog", "Shop-1")
    'shop-1'

    Raises
    ------
    InputError
        It is not made of 1 to 64 of the characters a-z 0-9 . _ -
    """
    folded = name.lower()
    if not _SLUG.fullmatch(folded):
        raise InputError(
            f"{name!r} cannot be the name of a {kind}: use 1 to 64 of a-z, 0-9, '.', '_' and '-'"
        )
    return folded


def taxonomy_id(transaction: Transaction, name: str) -> int:
    """The number of a taxonomy; UnknownId names those that exist."""
    return _number(transaction, taxonomies, "taxonomy", name)


def catalog_id(transaction: Transaction, name: str) -> int:
    """The number of a catalogue; UnknownId names those that exist."""
    return _number(transaction, catalogs, "catalog", name)


def revision_ids(transaction: Transaction, revisions: Iterable[str]) -> dict[str, int]:
    """The numbers of model revisions, given out where there was none."""
    wanted = sorted(set(revisions))
    found = select(model_revisions).where(among(model_revisions.c.revision, wanted))
    known = {row.revision: row.id for row in transaction.run(found)}
    if missing := [{"revision": one} for one in wanted if one not in known]:
        transaction.run(insert(model_revisions).values(missing).on_conflict_do_nothing())
        known = {row.revision: row.id for row in transaction.run(found)}
    return known


def _number(transaction: Transaction, table: Table, kind: str, name: str) -> int:
    found = transaction.run(select(table.c.id).where(table.c.name == name.lower())).scalar()
    if found is None:
        raise unknown(transaction, table, kind, name)
    return int(found)


def unknown(transaction: Transaction, table: Table, kind: str, name: str) -> UnknownId:
    """The error for a name that is not in the table."""
    there: list[Any] = list(transaction.run(select(table.c.name).order_by(table.c.name)).scalars())
    return UnknownId(
        kind, name, f"there are {', '.join(there)}" if there else "there is none yet: import one"
    )
