"""Stops the servers of a test folder and removes it, as soon as whoever opened our stdin is done or dead.

`python tests/watchdog.py FOLDER`, started by `tests.database.guarded_folder`. A pipe is closed by the system
even after kill -9, when no code of the tests runs any more.
"""

import shutil
import sys
import time
from pathlib import Path

from store.embedded import Cluster

STARTING_S = 2.0
"""How long after a kill we look again: a server on its way up has not yet written who it is."""


def stop_all(folder: Path) -> None:
    """Stop every server whose home lies in the folder."""
    for log in folder.rglob("server.log"):
        Cluster(log.parent).stop()


def main(folder: Path) -> None:
    """Wait for the end of stdin; the word `done` there says that nothing is still starting."""
    patience_s = 0.0 if sys.stdin.read() == "done" else STARTING_S
    deadline = time.monotonic() + patience_s
    stop_all(folder)
    while time.monotonic() < deadline:
        time.sleep(0.2)
        stop_all(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
