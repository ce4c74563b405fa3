"""A small chaos run: what `make chaos` does at length, and that it notices when the tree lock is gone."""

from tests.chaos.director import Plan
from tests.chaos.report import chaos


def test_nothing_acknowledged_is_lost_when_an_editor_and_the_server_are_killed() -> None:
    report = chaos(Plan(n_editors=2, n_edits=100, n_kills=2))

    assert report.faults == ()
    assert sum(bool(one.version) for one in report.answers) == 100
    assert sum(report.run.killed.values()) == 2


def test_without_the_tree_lock_the_damage_is_seen() -> None:
    report = chaos(Plan(n_editors=4, n_edits=40, n_kills=1, lock=False))

    assert report.damage, report.text()
