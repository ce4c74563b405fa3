"""Names of taxonomies and catalogues, and the numbers that stand for them in other tables."""

import re
from typing import Any

from sqlalchemy import Table, select

from store.tables import catalogs, taxonomies
from store.transaction import Transaction
from taxonomy.errors import InputError, UnknownId

__all__ = ["catalog_id", "slug", "taxonomy_id"]

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
