"""Who the server runs as: Postgres refuses to run as root.

As an ordinary user it runs as that user. As root it runs as the owner of the data, else as the owner of the
home, else (both are root's or new) as the first of `ACCOUNTS` that the machine knows. No account is made:
changing /etc/passwd is not a library's business, and often not possible. A bare number without a name would
need no account at all, but initdb stops when it cannot look its user up.
"""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taxonomy.errors import DatabaseUnavailable

ACCOUNTS = ("shelftree", "postgres", "nobody")
"""Tried in this order by root: one made for Shelftree by an administrator, one made for Postgres, and one
that every system has."""

PROGRAM_TIMEOUT_S = 180.0
"""Well above what initdb (2 s on a laptop) or one wait of pg_ctl take on a slow disk."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code, and what it said on stdout and stderr together."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the data and run the server."""

    uid: int
    gid: int

    def run(
        self, command: Sequence[str], *, pass_fds: tuple[int, ...] = (), log: Path | None = None
    ) -> Finished:
        """How `command` ended, run by this account in a session of its own.

        A session of its own keeps the Ctrl-C meant for us away from the server. The environment is bare, so
        that no PGDATA or PGOPTIONS of the caller reaches it. With `log`, output is appended to that file
        (and a server left running goes on writing there).

        Raises
        ------
        DatabaseUnavailable
            When the program cannot be run, or does not end in time.
        """
        switch = {"user": self.uid, "group": self.gid, "extra_groups": ()} if os.geteuid() == 0 else {}
        with tempfile.TemporaryFile() if log is None else os.fdopen(_open_log(log, self), "ab") as out:
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd="/",
                    env={"PATH": os.defpath, "LC_ALL": "C"}, start_new_session=True, pass_fds=pass_fds,
                    timeout=PROGRAM_TIMEOUT_S, check=False, **switch,  # type: ignore[call-overload]
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise DatabaseUnavailable(f"{command[0]} takes over {PROGRAM_TIMEOUT_S:.0f} s") from error
            except (OSError, subprocess.SubprocessError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                raise DatabaseUnavailable(
                    f"{command[0]} cannot be run as user id {self.uid} ({reason}): set SHELFTREE_HOME to"
                    " a folder on a disk that allows programs, or SHELFTREE_DATABASE_URL to another Postgres"
                ) from error
            if log is not None:
                return Finished(done.returncode, "")
            out.seek(0)
            return Finished(done.returncode, out.read().decode(errors="replace"))

    def enters(self, folder: Path) -> bool:
        """Whether this account may enter the folder; asked of the system, which knows ACLs and the like."""
        return self.run(["/bin/sh", "-c", 'cd -- "$0"', str(folder)]).code == 0

    def has_name(self) -> bool:
        """Whether the system knows this user by a name, which only initdb asks for."""
        try:
            pwd.getpwuid(self.uid)
        except KeyError:
            return False
        return True

    def adopt(self, path: Path) -> None:
        """Give a file or folder that we have just made to this account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account(home: Path, data: Path) -> Account:
    """The account for the server whose data are, or will be, in `data`.

    Raises
    ------
    DatabaseUnavailable
        When the data are somebody else's, or root finds no unprivileged account.
    """
    if os.name != "posix":
        raise DatabaseUnavailable("no server of our own on this system: set SHELFTREE_DATABASE_URL")
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        return _own_account(data, owner.st_uid if owner else os.geteuid())
    if owner is None and home.exists() and home.stat().st_uid != 0:
        owner = home.stat()
    if owner is None:
        return _first_account()
    if owner.st_uid == 0:
        raise DatabaseUnavailable(
            f"{data} belongs to root, and Postgres does not run as root:"
            f" give that folder, with all in it, to an unprivileged user (chown -R nobody {data})"
        )
    return Account(owner.st_uid, owner.st_gid)


def make_folder(folder: Path) -> None:
    """Make the folder where it is missing; made by root, the server's account may enter it.

    What lies in it is private or public by itself (`data` is private). Folders that were there stay as they
    are, and so does the umask of an ordinary user, who runs the server as well.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for path in missing:
            path.chmod(0o755)


def _own_account(data: Path, owner_uid: int) -> Account:
    if owner_uid != os.geteuid():
        raise DatabaseUnavailable(
            f"{data} belongs to user id {owner_uid}, and this is user id {os.geteuid()}:"
            " run as that user or as root, or set SHELFTREE_HOME to a folder of your own"
        )
    return Account(os.geteuid(), os.getegid())


def _first_account() -> Account:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known and known[name].pw_uid != 0:
            return Account(known[name].pw_uid, known[name].pw_gid)
    raise DatabaseUnavailable(
        f"Postgres does not run as root, and none of the users {', '.join(ACCOUNTS)} exists:"
        " make one (useradd --system shelftree), or set SHELFTREE_DATABASE_URL"
    )


def _open_log(log: Path, account: Account) -> int:
    """A file descriptor that appends to the log; a link laid in its place is not followed."""
    new = not log.exists()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if new:
        account.adopt(log)
    return handle
