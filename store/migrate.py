"""Bring a database to the tables that this version expects."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from store.engine import connect, translated
from taxonomy.errors import StoreError

__all__ = ["current", "downgrade", "head", "is_current", "upgrade"]

_LOCK = 0x5348454C46  # "SHELF": upgrades of one database take turns by this advisory lock


def upgrade(url: str) -> None:
    """All migrations that the database lacks, in one transaction: all of them or none.

    Raises
    ------
    DatabaseUnavailable
        It cannot be reached.
    StoreError
        It is newer than this version, or an extension is missing that it needs.
    """
    with _held(url) as connection:
        _require_known(MigrationContext.configure(connection).get_current_revision())
        command.upgrade(_config(connection), "head")


def downgrade(url: str, revision: str) -> None:
    """Back to a revision; "base" leaves no table, and no data. Errors as for `upgrade`."""
    with _held(url) as connection:
        _require_known(MigrationContext.configure(connection).get_current_revision())
        command.downgrade(_config(connection), revision)


def current(url: str) -> str | None:
    """The revision of the database; None for an empty one."""
    engine = connect(url)
    try:
        with translated(engine.url), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str:
    """The revision that this version needs."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise StoreError(f"{_folder()} holds no migrations: install Shelftree again")
    return newest


def is_current(url: str) -> bool:
    """Whether the database is as this version needs it.

    Raises
    ------
    StoreError
        It is newer.
    """
    found = current(url)
    _require_known(found)
    return found == head()


@contextmanager
def _held(url: str) -> Iterator[Connection]:
    """A transaction that no other upgrade runs beside."""
    engine = connect(url)
    try:
        with translated(engine.url), engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            yield connection
    except DBAPIError as error:
        raise StoreError(f"the database refused a migration, nothing was changed: {error.orig}") from error
    finally:
        engine.dispose()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    """The migrations: beside this file in an installed package, at the top of a checkout.

    An installed package has the library Alembic where a checkout has the migrations; it holds no `versions`.
    """
    here = Path(__file__).parent
    for folder in (here / "alembic", here.parent / "alembic"):
        if (folder / "versions").is_dir():
            return folder
    raise StoreError(f"the migrations are missing from {here}: install Shelftree again")


def _require_known(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"the database is at revision {revision}, which this version of Shelftree does not know: "
            "it is newer, so install the version that made it"
        )
