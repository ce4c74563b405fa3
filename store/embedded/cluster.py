"""The server's life: its data made once, started under a lock, probed by connecting, stopped.

The server outlives the command that started it and runs until `Cluster.stop`. Any step may be killed: data
and programs appear by renaming what is whole, and the lock dies with the process that holds it.

Who may connect: whoever may enter the socket's folder, which is the account of the server, and root. So
`trust` is enough inside; a password would have to lie in a file that the same two can read. There is no
network port.

**A home that the server's account cannot reach** (as root, below a folder of mode 0700): the data stay where
they were asked for, for a home is often a mounted volume and data put elsewhere would be lost with the
container. Root opens the data folder and hands the open folder to the server, which enters it as
`/proc/self/fd/N` and names every file relative to it from then on. The programs, which can be copied again
at any time, then lie below `/var/lib/shelftree` instead. Loosening the folders above is not ours to do.
"""

import os
import shutil
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import psutil
import psycopg
from filelock import FileLock, Timeout

from store.embedded.account import Account, make_folder, server_account
from store.embedded.binaries import Binaries, install
from store.embedded.data import check_version, create_data, seen_by, telling_lines
from store.embedded.premises import NAME, SYSTEM_HOME, Premises, first_number, home
from taxonomy.errors import DatabaseUnavailable

SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "256MB",  # a laptop's share; Postgres's default, 128MB, is meant for 1 GB of memory
    "max_connections": "100",
    "fsync": "on",
    "timezone": "UTC",
}
START_TIMEOUT_S: Final = 300.0
"""For a start with crash recovery, which replays 1 GB of log at most (max_wal_size)."""

STOP_TIMEOUT_S: Final = 60.0
"""For the last checkpoint; then the server is told to leave at once and recovers at its next start."""

LOCK_TIMEOUT_S: Final = START_TIMEOUT_S + 2 * STOP_TIMEOUT_S
POLL_S: Final = 0.02
LOG_LIMIT_BYTES: Final = 10_000_000
"""A longer log is put aside as `server.log.1` at the next start."""

TRANSIENT: Final = ("pre-existing shared memory block", '.pid" already exists', '.lock" already exists')
"""What Postgres says while the children of a killed server are still leaving (it waits for none of them), or
when a server that a killed command had begun to start comes first."""


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What there is at a home: nothing yet, a stopped server's data, or a running server."""

    state: Literal["absent", "stopped", "running"]
    home: Path
    log: Path
    pid: int | None = None
    url: str | None = None
    postgres_major: int | None = None


class Cluster:
    """The embedded server of one home.

    Parameters
    ----------
    folder : Path, optional
        The home; `home()` when not given.
    spare_folder : Path, optional
        Where root puts the programs when the server's account cannot enter the home.

    Examples
    --------
    >>> Cluster(Path("/srv/shop")).status().state
    'absent'
    """

    def __init__(self, folder: Path | None = None, *, spare_folder: Path = SYSTEM_HOME) -> None:
        self.place = Premises((folder or home()).absolute())
        self._spare_folder = spare_folder

    def ensure_running(self) -> str:
        """The URL of the running database, for SQLAlchemy with psycopg; started, and made, where needed.

        Raises
        ------
        DatabaseUnavailable
            When there is no server afterwards; the message says why and what to do.
        """
        with self._explained(), self._locked():
            account = server_account(self.place.home, self.place.data)
            if not self.place.accepts():
                self._start(account)
            self._create_database()
            return self.place.url()

    def status(self) -> ClusterStatus:
        """What there is now; changes nothing.

        Raises
        ------
        DatabaseUnavailable
            When the home cannot be read.
        """
        with self._explained():
            found = ClusterStatus("absent", self.place.home, self.place.log)
            if not self.place.data.exists():
                return found
            found = replace(found, state="stopped", postgres_major=self.place.data_major())
            pid = self.place.postmaster()
            return found if pid is None else replace(found, state="running", pid=pid, url=self.place.url())

    def stop(self) -> bool:
        """Whether a server was running; none is afterwards. Open transactions are rolled back.

        Raises
        ------
        DatabaseUnavailable
            When it is somebody else's, or does not end in time.
        """
        with self._explained():
            if not self.place.data.exists():
                return False
            with self._locked():
                was_running = self.place.postmaster() is not None
                # Fast: sessions are ended; immediate: no last checkpoint either.
                if not (self._ends_after(signal.SIGINT) or self._ends_after(signal.SIGQUIT)):
                    raise DatabaseUnavailable(
                        f"the server at {self.place.home} does not stop: see {self.place.log}"
                    )
                shutil.rmtree(self.place.socket_folder(), ignore_errors=True)  # what stays there is reused
                return was_running

    def _start(self, account: Account) -> None:
        binaries = install(self._programs_folder(account))
        create_data(self.place, account, binaries)
        check_version(self.place, binaries)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.place.accepts():
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"the server at {self.place.home} lets nobody in after {START_TIMEOUT_S:.0f} s: if it is"
                    f" recovering ({self.place.log} tells), try again in a while"
                )
            if self.place.postmaster() is None:
                self._launch(account, binaries)
            time.sleep(POLL_S)

    def _programs_folder(self, account: Account) -> Path:
        """Where the programs go: into the home, unless the account cannot enter it."""
        if account.enters(self.place.home):
            return self.place.home / "binaries"
        make_folder(self._spare_folder)
        if not account.enters(self._spare_folder):
            raise DatabaseUnavailable(
                f"the server runs as user id {account.uid}, which can enter neither {self.place.home} nor"
                f" {self._spare_folder}: set SHELFTREE_HOME to a folder below ones that all may enter"
            )
        return self._spare_folder / "binaries"

    def _launch(self, account: Account, binaries: Binaries) -> None:
        """Start the server once; comes back when it is up, or recovering, or may be tried again."""
        self._clear_stale_pid()
        self._make_socket_folder(account)
        log = self.place.log
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_name("server.log.1"))
        log_start = log.stat().st_size if log.exists() else 0
        settings = SETTINGS | {"unix_socket_directories": str(self.place.socket_folder())}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        with seen_by(account, self.place.data) as (seen, pass_fds):
            command = [binaries.program("pg_ctl"), "start", "-w", "-t", "60", "-D", seen, "-o", options]
            done = account.run(command, pass_fds=pass_fds, log=log)
        said = log.read_bytes()[log_start:].decode(errors="replace")
        if (
            done.code != 0
            and self.place.postmaster() is None
            and not any(words in said for words in TRANSIENT)
        ):
            raise DatabaseUnavailable(
                f"the server at {self.place.home} does not start: {telling_lines(said)} (see {log})"
            )

    def _clear_stale_pid(self) -> None:
        """Remove a pid file that names a living process which is not our server.

        Postgres sorts out the pid of a dead process by itself, and more carefully; a pid given anew to
        another process of the same user stops it. Its check of shared memory still keeps a second server
        off the data.
        """
        for path in (self.place.pid_file, self.place.socket_folder() / ".s.PGSQL.5432.lock"):
            pid = first_number(path)
            if pid is not None and psutil.pid_exists(pid):
                path.unlink()

    def _make_socket_folder(self, account: Account) -> None:
        folder = self.place.socket_folder()
        if not folder.exists():
            folder.mkdir(mode=0o700)
            account.adopt(folder)
        found = folder.lstat()
        if (found.st_uid, found.st_mode) != (account.uid, stat.S_IFDIR | 0o700):
            raise DatabaseUnavailable(f"{folder} is no private folder of user id {account.uid}: remove it")

    def _create_database(self) -> None:
        with psycopg.connect(self.place.maintenance_dsn(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,)).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")

    def _ends_after(self, number: signal.Signals) -> bool:
        """Whether the server is gone after this signal, in good time."""
        if (pid := self.place.postmaster()) is not None:
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.place.postmaster() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self.place.home)
        lock = self.place.home / "lock"
        if not lock.exists():
            lock.touch()
            server_account(self.place.home, self.place.data).adopt(lock)
        try:
            with FileLock(lock, timeout=LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise DatabaseUnavailable(
                f"another process has been starting or stopping the server at {self.place.home} for"
                f" {LOCK_TIMEOUT_S:.0f} s: see {self.place.log}"
            ) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the system or the server refuses into one sentence."""
        try:
            yield
        except OSError as error:
            raise DatabaseUnavailable(
                f"cannot use {error.filename or self.place.home} ({error.strerror or error}):"
                " set SHELFTREE_HOME to a folder that you can write, with 200 MB free"
            ) from error
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"the server at {self.place.home} refuses: {error} (see {self.place.log})"
            ) from error
