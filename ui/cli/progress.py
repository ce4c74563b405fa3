"""Progress on stderr: a moving bar on a terminal; elsewhere a line a task, and one each half minute."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

__all__ = ["Bar"]


EVERY_S = 30.0  # between two lines of a log: half an hour of training makes sixty


class Bar:
    """A `taxonomy.ports.Progress` for people; use it as a context manager.

    Parameters
    ----------
    quiet : bool
        Say nothing but how far long work is, a line each half minute: for commands that a program calls.
    clock : callable
        Seconds; only their differences count.
    """

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = Console(file=sys.stderr, quiet=quiet, soft_wrap=True, highlight=False)
        self._log = None if self.console.is_terminal and not quiet else _Log(clock)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self._task = None if quiet else self._bar.add_task("", visible=False)

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, task: str, total: int | None = None) -> None:
        """A task begins; on anything but a terminal this is one line."""
        if self._log is not None:
            self._log.start(task, total, announced=self._task is not None)
        if self._task is None:
            return
        if not self.console.is_terminal:
            self.console.print(f"  {task} …", markup=False)
        self._bar.reset(self._task, description=task, total=total, visible=True)

    def advance(self, n: int = 1) -> None:
        """`n` more units are done."""
        if self._log is not None:
            self._log.advance(n)
        if self._task is not None:
            self._bar.advance(self._task, n)

    def heading(self, title: str) -> None:
        """The name of a step, above what it says."""
        self.console.print(title, style="bold", markup=False)

    def note(self, message: str) -> None:
        """One line above the bar."""
        self.console.print(f"  {message}", markup=False)


class _Log:
    """Says how far a task is, when nothing was said for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
        self._clock = clock
        self._task, self._done = "", 0
        self._total: int | None = None
        self._started = self._said = clock()

    def start(self, task: str, total: int | None, *, announced: bool) -> None:
        self._task, self._total, self._done = task, total, 0
        self._started = self._clock()
        if announced:
            self._said = self._started
        else:
            self._say_if_due()

    def advance(self, n: int) -> None:
        self._done += n
        self._say_if_due()

    def _say_if_due(self) -> None:
        now = self._clock()
        if now - self._said < EVERY_S:
            return
        self._said, took = now, now - self._started
        parts = [f"{self._done:,} of {self._total:,}" if self._total else f"{self._done:,}"]
        if self._done and took > 0:
            rate = self._done / took
            parts.append(f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.2g} a second")
        self._console.print(
            f"  {self._task}: {', '.join(parts)}" if self._done else f"  {self._task} …", markup=False
        )
