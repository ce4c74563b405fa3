"""What lies at a home, and which process is its server: looking only, nothing is changed here."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs
import psutil
import psycopg
from sqlalchemy import URL

SYSTEM_HOME: Final = Path("/var/lib/shelftree")
NAME: Final = "shelftree"
"""Of the database and of its user."""

SOCKET_FOLDERS: Final = Path("/tmp")
"""Fixed and short: a socket's path has at most 107 bytes, and TMPDIR differs between one's sessions."""

PROBE_TIMEOUT_S: Final = 5


def home() -> Path:
    """The folder of the embedded server: SHELFTREE_HOME, else the platform's data folder.

    As root the default is `/var/lib/shelftree`. It need not exist.
    """
    if given := os.environ.get("SHELFTREE_HOME"):
        return Path(given).expanduser().absolute()
    return SYSTEM_HOME if os.geteuid() == 0 else platformdirs.user_data_path("shelftree")


@dataclass(frozen=True, slots=True)
class Premises:
    """The files of one home, and the process that serves them."""

    home: Path

    @property
    def data(self) -> Path:
        """The data; there as soon as they are whole."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.home / "server.log"

    @property
    def pid_file(self) -> Path:
        """Written by the server; left behind when it is killed."""
        return self.data / "postmaster.pid"

    def data_major(self) -> int | None:
        """The Postgres version that wrote the data, such as 18; None when there are none."""
        return first_number(self.data / "PG_VERSION")

    def socket_folder(self) -> Path:
        """A folder for this home and these data alone: a copied or remade home gets another."""
        with (self.data / "global" / "pg_control").open("rb") as control:
            system_identifier = control.read(8)
        key = hashlib.blake2s(os.fsencode(self.home.resolve()) + system_identifier, digest_size=8).hexdigest()
        return SOCKET_FOLDERS / f"shelftree-{self.data.stat().st_uid}-{key}"

    def url(self) -> str:
        """The database, for SQLAlchemy with psycopg."""
        place = {"host": str(self.socket_folder())}
        return URL.create("postgresql+psycopg", username=NAME, database=NAME, query=place).render_as_string()

    def maintenance_dsn(self) -> str:
        """The database `postgres` of the same server, for libpq: it is there before ours is."""
        return f"host={self.socket_folder()} user={NAME} dbname=postgres"

    def postmaster(self) -> int | None:
        """The server's pid, when the process of that pid is this very server.

        Asked of its command line, which is readable for everybody (not its working folder, which in a
        container even root may not see) and empty once it has ended but nobody has collected it.
        """
        pid = first_number(self.pid_file)
        if pid is None:
            return None
        try:
            command: list[str] = psutil.Process(pid).cmdline()
        except psutil.Error:
            return None
        return pid if f"unix_socket_directories={self.socket_folder()}" in command else None

    def accepts(self) -> bool:
        """Whether the server runs and lets us in now."""
        if self.postmaster() is None:
            return False
        try:
            psycopg.connect(self.maintenance_dsn(), connect_timeout=PROBE_TIMEOUT_S).close()
        except psycopg.OperationalError:
            return False
        return True


def first_number(path: Path) -> int | None:
    """The number in a file's first line; None when there is no file, or (half written) no number."""
    try:
        return int(path.read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
