"""History cannot be rewritten, whoever asks: the database itself refuses."""

from contextlib import closing

import pytest
from sqlalchemy import Engine, text

from store.transaction import Transaction
from store.unit_of_work import PostgresUnitOfWork
from taxonomy.edits import Create, Rename
from taxonomy.errors import StoreError
from taxonomy.node import Node, NodeId
from taxonomy.proposal import Quality, Report
from taxonomy.records import Promotion
from taxonomy.review import Answer, Verdict
from taxonomy.service import editing, history
from tests.contract.given import SHELF, SPADE, at, imported, planted


@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("audit", "author"),
        ("versions", "digest"),
        ("touches", "aspect"),
        ("comments", "text"),
        ("reports", "change_set_id"),
        ("answers", "author"),
        ("promotions", "reason"),
    ],
)
def test_what_was_recorded_cannot_be_changed(engine: Engine, table: str, column: str, verb: str) -> None:
    with PostgresUnitOfWork(engine) as uow:
        tree = planted(uow)
        imported(uow, SHELF)
        uow.reviews.record("shop", "home", [Answer(SPADE.id, Verdict.SKIP, "ann")])
        uow.promotions.add(Promotion("home", "bert@2", "", "", "ann", {}))
        change = editing.edit(uow, "home", [Rename(at(tree, "Garden"), "Yard")], author="ann")
        uow.changes.attach(change.id, Report(Quality(0, 0, 0.0, 0.0, 0.0, 0.0)))
        editing.comment(uow, change.id, author="ann", text="at last")
        before = rows(engine, table)

        with closing(Transaction(engine)) as eve, pytest.raises(StoreError, match="append-only"):
            eve.run(text(verb.format(table, column, "''")))

        assert rows(engine, table) == before != []


def rows(engine: Engine, table: str) -> list[object]:
    with engine.connect() as connection:
        return sorted(connection.execute(text(f"SELECT * FROM {table}")), key=str)


def test_a_log_that_was_forged_all_the_same_is_found(engine: Engine) -> None:
    node = Node(NodeId("a"), "Garden")
    with PostgresUnitOfWork(engine) as uow:
        uow.trees.create("home")
        editing.edit(uow, "home", [Create(node)], author="ann")
        editing.edit(uow, "home", [Rename(node.id, "Yard")], author="ann")
        assert history.verify(uow, "home") == history.Verified(2, 2, 0)

        with engine.begin() as owner:  # who owns the table can take the trigger away
            owner.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
            owner.execute(text("""UPDATE audit SET edit = edit || '{"name": "Forged"}' WHERE version = 2"""))

        assert "version 2 differs" in history.verify(uow, "home").difference
