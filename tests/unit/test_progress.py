"""Progress in a log: a line a task, and one each half minute; hardly a word where a program listens."""

import pytest

from ui.cli.progress import EVERY_S, Bar


class Clock:
    """Seconds that pass when told so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    streams = capsys.readouterr()
    assert streams.out == ""  # results alone go there
    return [line.strip() for line in streams.err.splitlines()]


def test_a_task_is_told_at_once_and_then_each_half_minute(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    with Bar(clock=clock) as bar:
        bar.start("training", 4000)
        for _ in range(6):
            clock.now += EVERY_S / 3
            bar.advance(200)
    assert said(capsys) == [
        "training …",
        "training: 600 of 4,000, 20 a second",
        "training: 1,200 of 4,000, 20 a second",
    ]


def test_short_work_says_no_more_than_its_name(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with Bar(clock=clock) as bar:
        bar.start("reading")
        clock.now += EVERY_S - 1
        bar.advance(10_000)
    assert said(capsys) == ["reading …"]


def test_quiet_says_how_far_long_work_is_and_nothing_else(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    with Bar(quiet=True, clock=clock) as bar:
        bar.start("reading")
        bar.note("a note")
        bar.heading("A heading")
        clock.now += EVERY_S
        bar.advance(1_500_000)
        clock.now += EVERY_S
        bar.start("looking for [twins]", 10)
    assert said(capsys) == ["reading: 1,500,000, 50,000 a second", "looking for [twins] …"]


def test_each_task_is_timed_by_itself(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    with Bar(clock=clock) as bar:
        bar.start("first", 10)
        clock.now += 1000
        bar.start("second", 90)
        clock.now += EVERY_S
        bar.advance(90)
    assert said(capsys)[-1] == "second: 90 of 90, 3 a second"
