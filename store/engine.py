"""The way to the database: which one, a pool of connections to it, and what it can do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from store.embedded import Cluster
from taxonomy.errors import DatabaseUnavailable, StoreError

OLDEST_MAJOR: Final = 15
CONNECT_TIMEOUT_S: Final = 10
"""Long enough for a server on another continent, short enough for a person who mistyped its name."""

DRIVERS: Final = ("postgres", "postgresql", "postgresql+psycopg")
GONE_STATES: Final = ("08", "28", "3D", "53", "57P")
"""SQLSTATEs that say that the server cannot serve: connection, password, no such database, no memory, disk or
slots left, shutdown.
An error without a state comes from the way to the server. Deadlocks and timeouts of one statement are
operational errors as well, but leave the database there."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server offers; an extension counts when it is installed or can be."""

    server_version: tuple[int, int]
    has_vector: bool
    has_ltree: bool
    has_trgm: bool


def database_url() -> str:
    """The URL of the database to use, for SQLAlchemy with psycopg.

    SHELFTREE_DATABASE_URL where it is set, else the embedded server, started if need be.

    Raises
    ------
    StoreError
        When the variable holds no URL of a Postgres.
    DatabaseUnavailable
        When the embedded server cannot be started.
    """
    if given := os.environ.get("SHELFTREE_DATABASE_URL"):
        return normalised(given)
    return Cluster().ensure_running()


def normalised(url: str) -> str:
    """The same URL with the driver that Shelftree uses.

    Raises
    ------
    StoreError
        When it is no URL of a Postgres. The message does not repeat it, for it may hold a password.

    Examples
    --------
    >>> normalised("postgres://shop@db.example/shelftree")
    'postgresql+psycopg://shop@db.example/shelftree'
    """
    return _parsed(url).render_as_string(hide_password=False)


def connect(url: str) -> Engine:
    """An engine on a Postgres that answers and is new enough.

    Connections are tried before use, so that a restart of the server costs nobody an error.

    Raises
    ------
    DatabaseUnavailable
        When it cannot be reached.
    StoreError
        When it is older than Postgres 15, or the URL is none.
    """
    target = _parsed(url)
    timeout = {} if "connect_timeout" in target.query else {"connect_timeout": CONNECT_TIMEOUT_S}
    engine = create_engine(target, pool_pre_ping=True, connect_args=timeout)
    with translated(engine.url):
        version = _server_version(engine)
    if version[0] < OLDEST_MAJOR:
        engine.dispose()
        raise StoreError(
            f"{_place(engine.url)} is Postgres {version[0]}: Shelftree needs {OLDEST_MAJOR} or newer, so set"
            " SHELFTREE_DATABASE_URL to one, or unset it to use the embedded server"
        )
    return engine


@contextmanager
def translated(url: URL | None = None) -> Iterator[None]:
    """Turn 'the database is away' into `DatabaseUnavailable`; other errors pass unchanged.

    Parameters
    ----------
    url : URL, optional
        Which database, for the message; its password is not shown.
    """
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not _says_gone(cause):
            raise
        said = " ".join(str(cause).split()).rstrip("?. ")
        raise DatabaseUnavailable(
            f"{_place(url)} cannot be used ({said}): check SHELFTREE_DATABASE_URL, or without one start"
            " Shelftree's own server with `shelftree db up`"
        ) from error


def capabilities(engine: Engine) -> Capabilities:
    """What the server of this engine offers.

    Raises
    ------
    DatabaseUnavailable
        When it cannot be reached.
    """
    with translated(engine.url), engine.connect() as connection:
        there = set(connection.scalars(text("SELECT name FROM pg_available_extensions")))
        return Capabilities(_server_version(engine), "vector" in there, "ltree" in there, "pg_trgm" in there)


def _server_version(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        return divmod(int(connection.scalar(text("SHOW server_version_num"))), 10_000)


def _says_gone(cause: BaseException | None) -> bool:
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(GONE_STATES)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            "the database URL cannot be read: it is postgresql://USER:PASSWORD@HOST:PORT/NAME"
        ) from error
    if parsed.drivername not in DRIVERS:
        raise StoreError(
            f"the database URL begins with {parsed.drivername}://: Shelftree needs postgresql://"
        )
    return parsed.set(drivername="postgresql+psycopg")


def _place(url: URL | None) -> str:
    if url is None:
        return "the database"
    host = url.host or url.query.get("host", "this machine")
    return f"the database {url.database or ''} at {host}"
