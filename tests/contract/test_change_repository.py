"""Change sets keep what was done and by whom; the audit log only grows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from taxonomy.changes import ChangeSet, State
from taxonomy.edits import Assign, Create, Edit, Merge, Move, Part, Rename, Restore, Split, Unassign
from taxonomy.errors import StoreError, UnknownId
from taxonomy.node import Node, NodeId
from taxonomy.ports import AuditRow, UnitOfWork
from taxonomy.product import ProductId, Source

A, B = NodeId("a"), NodeId("b")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY_KIND: tuple[Edit, ...] = (
    Create(Node(A, "Tools", alt_labels=("Gear",)), 0),
    Rename(A, "Gear"),
    Move(A, B),
    Merge((A,), B),
    Split(A, (Part(B, "Front", (ProductId("p1"),)), Part(NodeId("c"), "Back")), "shop"),
    Restore(Node(A, "Tools"), 1, (B,)),
    Assign("shop", A, (ProductId("p1"),), (0.25,)),
    Unassign("shop", (ProductId("p1"),)),
)


def change(name: str, **fields: object) -> ChangeSet:
    given = {"id": name, "taxonomy": "home", "edits": (Rename(A, name),), "author": "ann"} | fields
    return ChangeSet(**given)  # type: ignore[arg-type]


def row(version: int, ordinal: int = 0, change_set_id: str = "one") -> AuditRow:
    edit = {"kind": "rename", "node_id": "a", "name": "x"}
    return AuditRow(
        version, change_set_id, ordinal, "rename", edit, {"a": {"name": "w"}}, {"a": None}, "ann", NOON
    )


def test_a_change_set_comes_back_as_it_was(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        first = change("one", created_at=NOON)
        second = change(
            "two",
            edits=EVERY_KIND,
            source=Source.BUILD,
            reason="grown",
            base_version=3,
            state=State.APPLIED,
            inverse=(Rename(A, "was"),),
            applied_version=4,
            reverts="one",
            model_revision="bert@1",
            created_at=NOON,
        )
        uow.changes.add(first)
        uow.changes.add(second)

        assert uow.changes.get("one") == first
        assert uow.changes.get("two") == second


def test_a_change_set_without_a_date_gets_one(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))

        assert uow.changes.get("one").created_at is not None


def test_an_unknown_change_set_is_refused(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")

        with pytest.raises(UnknownId, match="no change set 'one'"):
            uow.changes.get("one")
        with pytest.raises(UnknownId):
            uow.changes.update(change("one"))
        with pytest.raises(UnknownId, match="no taxonomy"):
            uow.changes.add(change("one", taxonomy="hone"))


def test_the_same_id_is_not_added_twice(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))

        with pytest.raises(StoreError):
            uow.changes.add(change("one"))


def test_an_update_changes_the_state_but_neither_edits_nor_author(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one", created_at=NOON))
        done = change(
            "one", state=State.APPLIED, applied_version=1, inverse=(Rename(A, "was"),), created_at=NOON
        )

        uow.changes.update(replace(done, author="eve", edits=(Rename(A, "other"),), reason="other"))

        assert uow.changes.get("one") == done


def test_the_log_is_newest_first_of_one_state_and_limited(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.trees.create("pets")
        for name, state in (("c", State.APPLIED), ("a", State.PROPOSED), ("b", State.APPLIED)):
            uow.changes.add(change(name, state=state))
        uow.changes.add(change("d", taxonomy="pets"))

        assert [c.id for c in uow.changes.log("home")] == ["b", "a", "c"]
        assert [c.id for c in uow.changes.log("home", limit=2)] == ["b", "a"]
        assert [c.id for c in uow.changes.log("home", state=State.APPLIED)] == ["b", "c"]


def test_since_gives_what_was_applied_later_oldest_first(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        for version, state in ((3, State.REVERTED), (1, State.APPLIED), (2, State.APPLIED)):
            uow.changes.add(change(f"v{version}", state=state, applied_version=version))
        uow.changes.add(change("open"))

        assert [c.id for c in uow.changes.since("home", 1)] == ["v2", "v3"]
        assert uow.changes.since("home", 3) == []


def test_audit_rows_come_back_newest_first(uow: UnitOfWork) -> None:
    rows = [row(1), row(2, 0), row(2, 1)]
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        uow.changes.append_audit("home", rows)

        assert uow.changes.audit("home") == rows[::-1]
        assert uow.changes.audit("home", limit=1) == [rows[2]]


def test_an_audit_row_is_not_written_over(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        uow.changes.append_audit("home", [row(1)])

        with pytest.raises(StoreError):
            uow.changes.append_audit("home", [row(1)])


def test_no_audit_rows_are_no_change(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.append_audit("home", [])

        assert uow.changes.audit("home") == []
