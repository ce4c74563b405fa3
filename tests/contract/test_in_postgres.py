"""What only a database can show: locks, the audit's trigger, `ltree` paths, and a server that goes away."""

from collections.abc import Callable
from contextlib import closing
from threading import Barrier, Thread
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, text

from store.transaction import Transaction
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.changes import ChangeSet
from taxonomy.edits import Edit, Merge, Move
from taxonomy.errors import DatabaseUnavailable, EditError, StoreError
from taxonomy.invariants import check
from taxonomy.node import ROOT_ID
from taxonomy.service import editing
from taxonomy.tree import Tree
from tests.contract.given import SPADE, at, edited, imported, planted
from tests.contract.test_change_repository import change, recorded, row
from tests.contract.test_tree_repository import EDITS

PATIENCE_S = 20.0
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def until(holds: Callable[[], bool]) -> None:
    """Come back when it holds; fail after a while."""
    deadline = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < deadline, "waited in vain"
        sleep(0.01)


@pytest.mark.parametrize("name", EDITS)
def test_paths_follow_from_the_parents_after_every_edit(engine: Engine, name: str) -> None:
    uow = PostgresUnitOfWork(engine)
    with uow:
        edits: list[Edit] = EDITS[name](planted(uow))
        after, inverse = edited(uow, *edits)
        assert stored_paths(engine) == {node: ".".join(after.lineage(node)) for node in after.nodes}

        undone, _ = edited(uow, *inverse)

    assert stored_paths(engine) == {node: ".".join(undone.lineage(node)) for node in undone.nodes}


def stored_paths(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT n.id, b.path::text, n.parent_id FROM nodes n FULL JOIN branches b"
                " ON b.taxonomy_id = n.taxonomy_id AND subpath(b.path, -1)::text = n.id"
            )
        ).all()
    assert all(row.path.split(".")[-2:] == [*filter(None, [row.parent_id]), row.id] for row in rows)
    return {row.id: row.path for row in rows}


def test_a_save_writes_only_the_rows_that_differ(engine: Engine) -> None:
    uow = PostgresUnitOfWork(engine)
    with uow:
        tree = planted(uow)
        edited(uow, Move(at(tree, "Kitchen"), at(tree, "Garden")))

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, xmin::text::bigint FROM branches ORDER BY 2, 1")).all()
    newest = max(by for _, by in rows)
    assert [name for name, by in rows if by == newest] == ["Kitchen", "Pans"]


@pytest.mark.parametrize("verb", ["UPDATE audit SET author = 'eve'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_audit_log_cannot_be_changed(engine: Engine, verb: str) -> None:
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        recorded(uow, row(1))
        uow.commit()

        with closing(Transaction(engine)) as eve, pytest.raises(StoreError, match="append-only"):
            eve.run(text(verb))
        assert uow.changes.audit("home") == [row(1)]


def test_a_second_lock_waits_and_then_sees_what_the_first_wrote(engine: Engine) -> None:
    seen: list[Tree] = []

    def second() -> None:
        with PostgresUnitOfWork(engine) as uow:
            uow.trees.head("home")
            seen.append(uow.trees.lock("home"))

    with PostgresUnitOfWork(engine) as uow:
        tree = planted(uow)
        uow.trees.lock("home")
        thread = Thread(target=second)
        thread.start()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
            until(lambda: watch.scalar(text(WAITING)) == 1)
        assert seen == []
        after, _ = edited(uow, Move(at(tree, "Kitchen"), ROOT_ID, 0))
    thread.join(PATIENCE_S)

    assert seen == [after]


def test_readers_and_assignments_do_not_wait_for_an_editor(engine: Engine) -> None:
    with PostgresUnitOfWork(engine) as editor, PostgresUnitOfWork(engine) as other:
        tree = planted(editor)
        imported(editor, [SPADE])
        editor.trees.lock("home")

        assert other.trees.head("home") == tree
        other.assignments.place("shop", "home", at(tree, "Garden"), [SPADE.id], author="ann")
        other.commit()


def test_moves_at_the_same_time_cannot_make_a_cycle(engine: Engine) -> None:
    with PostgresUnitOfWork(engine) as uow:
        tree = planted(uow)
    one, other = at(tree, "Garden"), at(tree, "Kitchen")
    start, outcomes = Barrier(2), list[ChangeSet | Exception]()

    def move(edit: Move) -> None:
        with PostgresUnitOfWork(engine) as uow:
            start.wait(PATIENCE_S)
            try:
                outcomes.append(editing.edit(uow, "home", [edit], author="ann"))
            except EditError as error:
                outcomes.append(error)

    threads = [Thread(target=move, args=[edit]) for edit in (Move(one, other), Move(other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    with PostgresUnitOfWork(engine) as uow:
        assert check(uow.trees.head("home")) == []
    assert len(outcomes) == 2
    assert sum(isinstance(outcome, ChangeSet) for outcome in outcomes) == 1


def test_a_head_is_of_one_moment_while_others_edit(engine: Engine) -> None:
    with PostgresUnitOfWork(engine) as uow:
        tree = planted(uow)
    tools, seeds = at(tree, "Garden", "Tools"), at(tree, "Garden", "Seeds")
    faults: list[str] = []

    def read() -> None:
        with PostgresUnitOfWork(engine) as uow:
            while not done:
                head = uow.trees.head("home")
                faults.extend(check(head))
                faults.extend(["half a merge"] * ((seeds in head) == (head.version % 2 == 0)))
                uow.rollback()

    done: list[bool] = []
    reader = Thread(target=read)
    reader.start()
    with PostgresUnitOfWork(engine) as uow:
        for _ in range(15):
            _, inverse = edited(uow, Merge((seeds,), tools))
            edited(uow, *inverse)
    done.append(True)
    reader.join(PATIENCE_S)

    assert faults == []


@pytest.mark.parametrize("while_doing", ["reading", "copying", "committing"])
def test_a_server_that_goes_away_is_named_and_leaves_nothing_half_done(
    engine: Engine, while_doing: str
) -> None:
    doing: dict[str, Callable[[PostgresUnitOfWork], object]] = {
        "reading": lambda uow: uow.trees.names(),
        "copying": lambda uow: recorded(uow, row(1)),
        "committing": lambda uow: uow.commit(),
    }
    uow = PostgresUnitOfWork(engine)
    with uow:
        uow.trees.create("home")
        uow.commit()
        uow.trees.create("pets")
        hang_up_all(engine)

        with pytest.raises(DatabaseUnavailable, match="cannot be used"):
            doing[while_doing](uow)
    with uow:
        assert uow.trees.names() == ["home"]


def hang_up_all(engine: Engine) -> None:
    """End every session but the one that says so, as a server does that stops."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        until(lambda: connection.scalar(text(f"SELECT count(*) {others}")) == 0)


def test_after_a_refusal_the_block_goes_on_from_a_rollback(engine: Engine) -> None:
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        uow.commit()
        with pytest.raises(StoreError, match="refused"):
            uow.changes.add(change("one", reverts="never-was"))
        with pytest.raises(StoreError, match="refused"):
            uow.trees.names()

        uow.rollback()

        assert uow.trees.names() == ["home"]
