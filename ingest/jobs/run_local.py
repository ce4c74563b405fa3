"""Processes of this machine that do the same work side by side, each on what the others left."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from time import monotonic
from types import FrameType

from taxonomy.errors import TaxonomyError

__all__ = ["Stop", "run_local"]

Stop = Callable[[], bool]
"""Whether a worker should give back what it has, and end."""

POLL_S = 0.3
PATIENCE_S = 60.0  # for a worker that was told to stop: a batch on a slow processor takes some seconds


def run_local(
    work: Callable[[str, Stop], None], n_workers: int, *, tick: Callable[[], None] = lambda: None
) -> list[str]:
    """Run `work` in so many new processes until all have ended; what went wrong in those that failed.

    Ctrl-C tells the workers to stop, waits for them, and goes on as KeyboardInterrupt. They stop as well when
    this process is killed.

    Parameters
    ----------
    work : callable
        Gets a name that no other worker has, ever, and when to stop; must be picklable.
    tick : callable
        Called a few times a second meanwhile.
    """
    context = get_context("spawn")  # a fork would carry the caller's database connections along
    crew: list[tuple[BaseProcess, Connection]] = []
    try:
        with _deaf():  # until each has said for itself what Ctrl-C means
            for _ in range(n_workers):
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_run, args=(work, theirs, os.getpid()))
                process.start()
                theirs.close()
                crew.append((process, ours))
        while any(process.is_alive() for process, _ in crew):
            tick()
            next((one for one, _ in crew if one.is_alive()), crew[0][0]).join(POLL_S)
        tick()
        return [why for process, said in crew if (why := _why(process, said))]
    finally:
        _end([process for process, _ in crew])


def _run(work: Callable[[str, Stop], None], said: Connection, parent: int) -> None:
    """The body of a worker's process."""
    told: list[int] = []

    def tell(number: int, frame: FrameType | None) -> None:
        told.append(number)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells everybody; only the parent decides
    signal.signal(signal.SIGTERM, tell)
    try:
        work(
            f"{os.uname().nodename}:{os.getpid()}:{monotonic()}", lambda: bool(told) or os.getppid() != parent
        )
    except TaxonomyError as error:
        with suppress(BrokenPipeError):  # the parent was killed: nobody is left to hear it
            said.send(str(error))
        raise SystemExit(1) from error


def _why(process: BaseProcess, said: Connection) -> str:
    if process.exitcode == 0:
        return ""
    try:
        return str(said.recv())
    except EOFError:
        code = process.exitcode or 0
        return f"a worker was killed by signal {-code}" if code < 0 else "a worker failed: see above"


def _end(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(PATIENCE_S)
        process.kill()
        process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """A block during which Ctrl-C is put off for new processes only: they inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
