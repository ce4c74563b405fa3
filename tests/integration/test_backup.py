"""A backup brings everything back, or nothing is touched."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from store.backup import backup, read_manifest, restore
from taxonomy.errors import FileError, StoreError
from tests.database import fresh_database

TABLES = """
CREATE EXTENSION ltree;
CREATE EXTENSION pg_trgm;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0007_shelves');
CREATE TABLE node (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint REFERENCES node, path ltree
);
INSERT INTO node (parent, path) VALUES (NULL, 'a'), (1, 'a.b');
CREATE TABLE placed (product text PRIMARY KEY, node bigint REFERENCES node) PARTITION BY HASH (product);
CREATE TABLE placed_0 PARTITION OF placed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO placed SELECT 'SET transaction_timeout = 0;' || n, 1 + n % 2 FROM generate_series(1, 5000) n;
"""
CONTENT = """
SELECT (SELECT array_agg(n::text ORDER BY n) FROM node n),
       (SELECT md5(string_agg(p::text, '' ORDER BY p)) FROM placed p),
       (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace)
"""


def run(url: str, statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statements)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def filled_url(server_url: str) -> Iterator[str]:
    with fresh_database(server_url) as url:
        run(url, TABLES)
        yield url


def test_a_restore_brings_everything_back(filled_url: str, tmp_path: Path) -> None:
    before = run(filled_url, CONTENT)
    written = backup(filled_url, tmp_path / "shop.backup")
    run(
        filled_url,
        "DROP TABLE placed; UPDATE node SET path = 'z'; CREATE TABLE newer (node bigint REFERENCES node)",
    )
    assert restore(filled_url, tmp_path / "shop.backup") == written
    assert run(filled_url, CONTENT) == before
    assert run(filled_url, "INSERT INTO node (path) VALUES ('c') RETURNING id") == [(3,)]


def test_a_backup_goes_into_another_database_and_on_from_there(
    filled_url: str, server_url: str, tmp_path: Path
) -> None:
    backup(filled_url, tmp_path / "first")
    with fresh_database(server_url) as other:
        restore(other, tmp_path / "first")
        backup(other, tmp_path / "second")
        restore(other, tmp_path / "second")
        assert run(other, CONTENT) == run(filled_url, CONTENT)


def test_the_manifest_tells_the_migration(filled_url: str, tmp_path: Path) -> None:
    written = backup(filled_url, tmp_path / "shop.backup")
    assert written.revision == "0007_shelves"
    assert read_manifest(tmp_path / "shop.backup") == written


def test_an_empty_database_can_be_backed_up(server_url: str, tmp_path: Path) -> None:
    with fresh_database(server_url) as url:
        assert backup(url, tmp_path / "empty").revision is None
        run(url, "CREATE TABLE later ()")
        restore(url, tmp_path / "empty")
        assert run(url, "SELECT to_regclass('later')") == [(None,)]


def cut_off(content: bytes) -> bytes:
    return content[: len(content) // 2]


def with_a_flipped_byte(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def foreign(content: bytes) -> bytes:
    return b"not a zip at all, whatever its name says"


@pytest.mark.parametrize("harm", [cut_off, with_a_flipped_byte, foreign])
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    filled_url: str, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "shop.backup"
    backup(filled_url, file)
    file.write_bytes(harm(file.read_bytes()))
    run(filled_url, "UPDATE node SET path = 'z'")
    before = run(filled_url, CONTENT)
    with pytest.raises(FileError, match=r"shop\.backup: is (no whole backup|damaged)"):
        restore(filled_url, file)
    assert run(filled_url, CONTENT) == before


def test_a_missing_backup_is_named(filled_url: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere: cannot be read"):
        restore(filled_url, tmp_path / "nowhere")


def test_a_restore_that_fails_half_way_leaves_the_database_as_it_was(filled_url: str, tmp_path: Path) -> None:
    backup(filled_url, tmp_path / "shop.backup")
    # What lies outside the schema is not emptied, and stops the script after the tables were dropped.
    run(filled_url, "CREATE SCHEMA other; CREATE TABLE other.kept ()")
    backup(filled_url, tmp_path / "with-other")
    before = run(filled_url, CONTENT)
    with pytest.raises(StoreError, match=r"nothing was restored.*\"other\" already exists"):
        restore(filled_url, tmp_path / "with-other")
    assert run(filled_url, CONTENT) == before


def test_tables_held_by_others_stop_a_restore(
    filled_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(filled_url, tmp_path / "shop.backup")
    monkeypatch.setattr("store.backup.LOCK_TIMEOUT_S", 0.1)
    with psycopg.connect(filled_url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE node")
        with pytest.raises(StoreError, match=r"lock timeout"):
            restore(filled_url, tmp_path / "shop.backup")


def test_a_failed_backup_keeps_the_file_that_was_there(filled_url: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.backup"
    file.write_text("yesterday's")
    with psycopg.connect(filled_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("CREATE FUNCTION broken() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        admin.execute("UPDATE pg_proc SET prolang = 0 WHERE proname = 'broken'")
    with pytest.raises(StoreError, match=r"pg_dump failed"):
        backup(filled_url, file)
    assert file.read_text() == "yesterday's"
    assert [path.name for path in tmp_path.iterdir()] == ["shop.backup"]


def test_a_backup_into_a_missing_folder_names_it(filled_url: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"choose another place"):
        backup(filled_url, tmp_path / "nowhere" / "shop.backup")
