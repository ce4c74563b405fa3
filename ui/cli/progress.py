"""Progress on stderr: a moving bar on a terminal, a line a task elsewhere."""

import sys
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


class Bar:
    """A `taxonomy.ports.Progress` for people; use it as a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(file=sys.stderr, quiet=quiet, soft_wrap=True, highlight=False)
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
        if self._task is None:
            return
        if not self.console.is_terminal:
            self.console.print(f"  {task} …")
        self._bar.reset(self._task, description=task, total=total, visible=True)

    def advance(self, n: int = 1) -> None:
        """`n` more units are done."""
        if self._task is not None:
            self._bar.advance(self._task, n)

    def heading(self, title: str) -> None:
        """The name of a step, above what it says."""
        self.console.print(title, style="bold", markup=False)

    def note(self, message: str) -> None:
        """One line above the bar."""
        self.console.print(f"  {message}", markup=False)
