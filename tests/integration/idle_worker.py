"""What processes of `run_local` do in its tests; it imports little, for each of them starts anew."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from taxonomy.errors import StoreError

__all__ = ["fail", "killed", "until_told"]


def until_told(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Say in a file that we are there, and work until told to stop; then say that."""
    mine = Path(folder) / name
    mine.write_text("here")
    while not stop():
        time.sleep(0.05)
    mine.write_text("told")


def fail(name: str, stop: Callable[[], bool]) -> None:
    """End with an error that is meant for people."""
    raise StoreError("it is full")


def killed(name: str, stop: Callable[[], bool]) -> None:
    """End as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)
