"""The bench of a large tree, on a small one: it runs, both versions agree, nothing is left behind."""

import pytest
from sqlalchemy import text

from store.engine import connect
from tests.command import Shelftree


def left(url: str) -> list[str]:
    """The databases that a bench made."""
    engine = connect(url)
    with engine.connect() as connection:
        names = connection.scalars(
            text("SELECT datname FROM pg_database WHERE datname LIKE 'shelftree_bench_%'")
        )
        found = list(names)
    engine.dispose()
    return found


def test_the_bench_of_a_tree_holds_its_own_checks(
    monkeypatch: pytest.MonkeyPatch, command: Shelftree, migrated_url: str
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)
    done = command("bench", "tree", "--nodes", 500, "--products", 2000, "--reads", 25, "--json")

    assert done.code == 0, done.err
    rows = done.json["rows"]
    assert isinstance(rows, dict)
    assert {"read up to 200 nodes", "search two words", "impact of a merge"} <= rows.keys()
    assert left(migrated_url) == []


def test_a_tree_too_small_to_measure_is_refused(
    monkeypatch: pytest.MonkeyPatch, command: Shelftree, migrated_url: str
) -> None:
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)

    done = command("bench", "tree", "--nodes", 399)

    assert done.code == 2
    assert "--nodes" in done.err
