"""The tables come and go by migrations, which agree with what the code expects."""

from collections.abc import Iterator
from threading import Thread

import pytest
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, inspect, text

from store import migrate
from store.engine import connect
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create
from taxonomy.errors import DatabaseUnavailable, StoreError
from taxonomy.node import Label, LabelKind, Node, NodeId
from taxonomy.service import editing
from tests.database import ROOT, fresh_database


@pytest.fixture
def empty_url(server_url: str) -> Iterator[str]:
    """A database without any table."""
    with fresh_database(server_url) as url:
        yield url


def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_an_empty_database_becomes_current_and_stays_so(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    assert not migrate.is_current(empty_url)

    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)

    assert migrate.current(empty_url) == migrate.head()
    assert migrate.is_current(empty_url)


def test_the_migrated_tables_are_those_of_the_code(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)

    command.check(Config(toml_file=ROOT / "pyproject.toml"))


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CREATE TABLE stray (id integer)", "stray"),
        ("ALTER TABLE branches DROP COLUMN scope_note", "scope_note"),
        ("ALTER TABLE branches ALTER COLUMN position TYPE bigint", "modify_type"),
        ("DROP INDEX products_title_idx", "products_title_idx"),
    ],
)
def test_a_difference_from_the_code_is_noticed(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch, statement: str, found: str
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)
    execute(migrated_url, statement)

    with pytest.raises(CommandError, match=found):
        command.check(Config(toml_file=ROOT / "pyproject.toml"))


def test_down_to_base_leaves_nothing_and_the_way_up_is_open_again(empty_url: str) -> None:
    migrate.upgrade(empty_url)

    migrate.downgrade(empty_url, "base")

    assert tables(empty_url) == {"alembic_version"}
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.is_current(empty_url)


def test_upgrades_at_the_same_time_take_turns(empty_url: str) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            migrate.upgrade(empty_url)
        except StoreError as error:
            errors.append(error)

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert migrate.is_current(empty_url)


def test_a_database_newer_than_the_code_is_named_as_such(migrated_url: str) -> None:
    execute(migrated_url, "UPDATE alembic_version SET version_num = '9999'")

    for ask in (migrate.is_current, migrate.upgrade):
        with pytest.raises(StoreError, match=r"revision 9999.*newer"):
            ask(migrated_url)
    with pytest.raises(StoreError, match=r"revision 9999.*newer"):
        migrate.downgrade(migrated_url, "base")


def test_a_migration_that_fails_changes_nothing(empty_url: str) -> None:
    execute(empty_url, "CREATE TABLE placements (mine integer)")

    with pytest.raises(StoreError, match="nothing was changed"):
        migrate.upgrade(empty_url)

    assert tables(empty_url) == {"placements"}


def test_an_extension_that_may_not_be_added_is_named(empty_url: str) -> None:
    execute(
        empty_url,
        "DO $$ BEGIN CREATE ROLE shelftree_nobody; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "GRANT ALL ON SCHEMA public TO shelftree_nobody",
    )
    as_nobody = empty_url + ("&" if "?" in empty_url else "?") + "options=-c%20role%3Dshelftree_nobody"
    try:
        with pytest.raises(StoreError, match=r"lacks the extension ltree.*CREATE EXTENSION ltree"):
            migrate.upgrade(as_nobody)
    finally:
        execute(empty_url, "DROP OWNED BY shelftree_nobody; DROP ROLE shelftree_nobody")


def test_a_database_that_is_away_is_named_as_such() -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate.current("postgresql://nobody@/none?host=/nowhere")


def test_a_database_without_tables_refuses_in_one_sentence(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with PostgresUnitOfWork(engine) as uow, pytest.raises(StoreError, match="taxonomies"):
        uow.trees.names()
    engine.dispose()


def test_a_tree_survives_the_way_down_and_up_again(migrated_url: str) -> None:
    labels = (Label("Gärten", language="de"), Label("园艺", LabelKind.PREFERRED, "zh"))
    nodes = (Node(NodeId("g"), "Garden", labels=labels), Node(NodeId("t"), "Tools", NodeId("g"), locked=True))
    engine = connect(migrated_url)
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        editing.edit(uow, "home", [Create(node) for node in nodes], author="ann")
        before = uow.trees.head("home")
    engine.dispose()

    migrate.downgrade(migrated_url, "0002")
    migrate.upgrade(migrated_url)

    engine = connect(migrated_url)
    with PostgresUnitOfWork(engine) as uow:
        assert uow.trees.head("home") == before
        assert uow.trees.below("home", NodeId("g")) == list(nodes)
        assert uow.trees.named("home", "garten") == uow.trees.named("home", "园") == [nodes[0]]
    engine.dispose()
