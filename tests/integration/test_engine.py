"""Which database is used, and what is said when it is away."""

import socket

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.engine import capabilities, connect, database_url, normalised, translated
from taxonomy.errors import DatabaseUnavailable, StoreError


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_common_spelling_of_the_url_is_understood(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", f"{scheme}://shop:p%40ss@db.example:6543/shelves")
    assert database_url() == "postgresql+psycopg://shop:p%40ss@db.example:6543/shelves"


@pytest.mark.parametrize(
    "url", ["mysql://shop:secret@db/shelves", "secret", "postgresql+asyncpg://a:secret@b/c"]
)
def test_the_url_of_anything_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"postgresql://") as refusal:
        normalised(url)
    assert "secret" not in str(refusal.value)


def test_the_embedded_server_is_used_when_no_url_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHELFTREE_DATABASE_URL", raising=False)
    monkeypatch.setattr(
        "store.engine.Cluster.ensure_running", lambda cluster: f"started at {cluster.place.home}"
    )
    monkeypatch.setenv("SHELFTREE_HOME", "/srv/shelves")
    assert database_url() == "started at /srv/shelves"


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"postgresql://shop:secret@127.0.0.1:{taken.getsockname()[1]}/shelves"
        with pytest.raises(
            DatabaseUnavailable, match=r"database shelves at 127\.0\.0\.1.*refused"
        ) as refusal:
            connect(url)
    assert "secret" not in str(refusal.value)


def test_a_database_that_does_not_exist_is_unavailable(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"no_such_database"):
        connect(database_url.replace("shelftree_test_", "no_such_database_"))


def test_a_server_that_is_too_old_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.engine.OLDEST_MAJOR", 99)
    with pytest.raises(StoreError, match=r"needs 99 or newer"):
        connect(database_url)


def test_the_pool_survives_that_the_server_ended_its_connections(database_url: str) -> None:
    engine = connect(database_url)
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(normalised(database_url).replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_connection_lost_in_the_middle_means_unavailable(database_url: str) -> None:
    engine = connect(database_url)
    with pytest.raises(DatabaseUnavailable), translated(engine.url), engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    engine.dispose()


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM nowhere", "SET statement_timeout = 1; SELECT pg_sleep(5)"]
)
def test_an_error_of_one_statement_passes_unchanged(database_url: str, statement: str) -> None:
    engine = connect(database_url)
    with pytest.raises(DBAPIError), translated(engine.url), engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_capabilities_are_what_the_server_lists(database_url: str) -> None:
    engine = connect(database_url)
    found = capabilities(engine)
    with engine.connect() as connection:
        version = str(connection.scalar(text("SHOW server_version")))
        listed = set(connection.scalars(text("SELECT name FROM pg_available_extensions")))
    engine.dispose()
    assert version.startswith(f"{found.server_version[0]}.{found.server_version[1]}")
    assert (found.has_vector, found.has_ltree, found.has_trgm) == (
        "vector" in listed, "ltree" in listed, "pg_trgm" in listed,
    )  # fmt: skip
