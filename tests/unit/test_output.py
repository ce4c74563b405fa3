"""What commands print at their end."""

import pytest

from taxonomy.proposal import Fate
from ui.cli.output import finish


def test_numbers_are_rounded_for_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    finish({"share": 1 / 3, "noise": {"n": 2, "share": 1 / 7, "examples": ["a", "b"]}}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "share  0.3333",
        "noise  n 2, share 0.1429, examples a; b",
    ]
    finish({"share": 1 / 3}, as_json=True)
    assert str(1 / 3) in capsys.readouterr().out


def test_a_table_in_a_summary_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    finish({"n_train": 3, "learnt_from": {"Ann": 2, "a file": 1}, "none": {}}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "n train      3",
        "learnt from  2 Ann, 1 a file",
        "none         nothing",
    ]
    finish({"learnt_from": {"Ann": 2}}, as_json=True)
    assert capsys.readouterr().out == '{"learnt_from": {"Ann": 2}}\n'


def test_rows_of_a_summary_are_said_line_by_line_and_without_python(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = {"node_id": "a1", "fate": Fate.NEW, "into": (), "n_after": 3}
    finish({"changes": [row, row]}, as_json=False)
    assert capsys.readouterr().out.splitlines() == ["changes  "] + 2 * [
        "  node_id a1, fate new, into nothing, n_after 3"
    ]
