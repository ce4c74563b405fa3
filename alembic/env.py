"""How Alembic reaches the database: on the connection that `store.migrate` hands over, else by its URL."""

import re
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names

from store.engine import connect, database_url
from store.tables import LTree, metadata

ischema_names["ltree"] = LTree  # so that `alembic check` can read the type back

PARTITION = re.compile(r"_p\d+$")


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether Alembic compares it: all but the partitions, which follow from their table."""
    return not (kind == "table" and name and PARTITION.search(name))


def run(connection: Connection) -> None:
    """Bring the database to the revision asked for."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = connect(database_url())
    try:
        with engine.connect() as opened:
            run(opened)
    finally:
        engine.dispose()
