"""Change sets keep what was done and by whom; the audit log only grows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from taxonomy.changes import ChangeSet, Conflict, State, Written
from taxonomy.edits import Assign, Create, Edit, Merge, Move, Part, Rename, Restore, Split, Unassign
from taxonomy.errors import StoreError, UnknownId
from taxonomy.node import Label, Node, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import ProductId, Source
from taxonomy.proposal import Fate, NodeQuality, Outcome, Quality, Report, Wording
from taxonomy.records import AuditRow, Version

A, B = NodeId("a"), NodeId("b")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY_KIND: tuple[Edit, ...] = (
    Create(Node(A, "Tools", labels=(Label("Gear"),)), 0),
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
            decided_by="bob",
            rest_of="one",
            conflicts=(Conflict(1, "too late"),),
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


def test_an_update_changes_all_but_who_made_it_and_when(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one", created_at=NOON))
        done = change(
            "one",
            edits=(Rename(A, "other"),),
            state=State.APPLIED,
            applied_version=1,
            inverse=(Rename(A, "was"),),
            decided_by="bob",
            conflicts=(Conflict(1, "too late", ("a",), 3, "cas", "two"),),
            created_at=NOON,
        )

        uow.changes.update(replace(done, author="eve", source=Source.MODEL))

        assert uow.changes.get("one") == done


def test_a_key_finds_its_change_set_in_its_taxonomy_only(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.trees.create("pets")
        uow.changes.add(change("one", created_at=NOON), key="k", body="b")

        assert uow.changes.by_key("home", "k") == (change("one", created_at=NOON), "b")
        assert uow.changes.by_key("home", "l") is None
        assert uow.changes.by_key("pets", "k") is None
        with pytest.raises(StoreError):
            uow.changes.add(change("two"), key="k")


def test_comments_stay_in_their_order(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        for author, text in (("ann", "why?"), ("bob", "because")):
            uow.changes.comment("one", author=author, text=text)

        assert [(one.author, one.text) for one in uow.changes.comments("one")] == [
            ("ann", "why?"),
            ("bob", "because"),
        ]
        assert uow.changes.comments("two") == []


def test_a_report_stays_with_its_change_set(uow: UnitOfWork) -> None:
    names = (Wording("Gear", 1.0),)
    node = NodeQuality(A, "Tools", 3, True, 0.7, B, 0.5, 0.25, 1.0, alternatives=names)
    report = Report(
        Quality(4, 1, 0.7, 0.5, 1.0, 0.25, 0.0, 0.25),
        (node,),
        ("what is this?",),
        (Outcome(B, Fate.SPLIT, "Home", "two kinds", 3, 2, (A,), True),),
    )
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        uow.changes.attach("one", report)

        assert uow.changes.report("one") == report
        assert uow.changes.report("two") is None
        with pytest.raises(StoreError):
            uow.changes.attach("one", report)


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


def recorded(uow: UnitOfWork, *rows: AuditRow) -> None:
    """The rows, each in a version of its own that wrote the node A and a place of B."""
    for one in rows:
        step = Version(one.version, one.change_set_id, f"digest {one.version}", one.author, one.at)
        written = [Written(A, "name", one.version), Written(B, f"child {one.version}", one.version)]
        uow.changes.record("home", step, [one], written)


def test_history_comes_back_in_the_order_asked_for(uow: UnitOfWork) -> None:
    rows = [row(1), row(2), row(3)]
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        recorded(uow, *rows)

        assert uow.changes.audit("home") == rows[::-1]
        assert uow.changes.audit("home", limit=1) == [rows[2]]
        assert uow.changes.audit("home", before=3) == [rows[1], rows[0]]
        assert uow.changes.audit("home", key=A) == rows[::-1]
        assert uow.changes.audit("home", key="other") == []
        assert list(uow.changes.steps("home")) == rows
        assert list(uow.changes.steps("home", after=1, until=2)) == [rows[1]]
        assert [one.number for one in uow.changes.versions("home")] == [3, 2, 1]
        assert [one.digest for one in uow.changes.versions("home", limit=1, before=3)] == ["digest 2"]


def test_what_was_written_since_says_who_and_why(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one", reason="spring"))
        recorded(uow, row(1), row(2))

        found = uow.changes.written("home", [B, "other"], since=1)

    said = (row(2).author, row(2).kind, "one", "spring")
    assert [(w.key, w.aspect, w.version, w.author, w.kind, w.change_set_id, w.reason) for w in found] == [
        (B, "child 2", 2, *said)
    ]


def test_a_version_is_recorded_once(uow: UnitOfWork) -> None:
    with uow:
        uow.trees.create("home")
        uow.changes.add(change("one"))
        recorded(uow, row(1))

        with pytest.raises(StoreError):
            recorded(uow, row(1))
