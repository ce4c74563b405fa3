"""The data folder: made whole or not at all, and reached by the server's account wherever it lies."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.embedded.account import Account
from store.embedded.binaries import Binaries
from store.embedded.premises import NAME, Premises
from taxonomy.errors import DatabaseUnavailable


def create_data(premises: Premises, account: Account, binaries: Binaries) -> None:
    """Make the data where there are none: initdb in a folder of another name, renamed when it is whole.

    Raises
    ------
    DatabaseUnavailable
        When initdb fails (a full disk, a user id without a name); its words are in the message.
    """
    if premises.data.exists():
        return
    if not account.has_name():
        raise DatabaseUnavailable(
            f"user id {account.uid} has no name on this machine, and initdb needs one: add a line for it to"
            " /etc/passwd, or set SHELFTREE_DATABASE_URL to another Postgres"
        )
    _sweep(premises)
    part = Path(tempfile.mkdtemp(prefix="data.part-", dir=premises.home))
    try:
        account.adopt(part)
        with seen_by(account, part) as (seen, pass_fds):
            # The locale is Postgres's own, so that indexes survive an upgrade of the C library.
            options = f"--username={NAME} --auth=trust --encoding=UTF8 --locale=C --no-instructions"
            locale = "--locale-provider=builtin --builtin-locale=C.UTF-8"
            command = [binaries.program("initdb"), "-D", seen, *options.split(), *locale.split()]
            done = account.run(command, pass_fds=pass_fds)
        if done.code != 0:
            raise DatabaseUnavailable(
                f"cannot make a database at {premises.home}: {telling_lines(done.output)}"
            )
        part.rename(premises.data)
        _sweep(premises)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sweep(premises: Premises) -> None:
    """Remove what killed starts have left; before for its space, and after for what was still being written.

    An initdb outlives its killed parent by a second, and adds files to a folder that is being removed.
    """
    for leftover in premises.home.glob("data.part-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def check_version(premises: Premises, binaries: Binaries) -> None:
    """Refuse data of another major version, which this server cannot read."""
    if premises.data_major() != binaries.major:
        raise DatabaseUnavailable(
            f"{premises.data} was written by Postgres {premises.data_major()}, and this is {binaries.major}:"
            " set SHELFTREE_HOME to a new folder and restore a backup there (shelftree db restore)"
        )


@contextmanager
def seen_by(account: Account, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path by which the account reaches its folder, and the open files to hand over for it.

    Where a folder above is closed to the account, root opens the folder for it; see `store.embedded.cluster`.
    """
    if account.enters(folder):
        yield str(folder), ()
        return
    if not Path("/proc/self/fd").exists():
        raise DatabaseUnavailable(
            f"the server runs as user id {account.uid}, which cannot reach {folder}:"
            " set SHELFTREE_HOME to a folder below ones that all may enter"
        )
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}", (handle,)
    finally:
        os.close(handle)


def telling_lines(output: str) -> str:
    """What a program said, in one line: errors where there are any, else the last three lines."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "error" in line.lower() or "HINT" in line]
    return " | ".join((errors or lines)[-3:]) or "it says nothing"
