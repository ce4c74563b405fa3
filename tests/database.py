"""Fixtures: a Postgres for the tests, and in it a fresh migrated database for each test that asks.

SHELFTREE_TEST_DATABASE_URL names a server to use (its user may create databases); without it an embedded one
is started, in a home of its own, and gone after the tests, even when they were killed.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from store.embedded import Cluster
from store.engine import connect, normalised

ROOT = Path(__file__).parent.parent
MEMORY_NEEDED_BYTES = 4 << 30


@contextmanager
def guarded_folder() -> Iterator[Path]:
    """A new folder, for homes of embedded servers; afterwards servers and folder are gone, come what may."""
    # Not pytest's tmp_path, which no other user may enter: as root, the server runs as another.
    folder = Path(tempfile.mkdtemp(prefix="shelftree-test-", dir=_fast_place()))
    folder.chmod(0o755)
    watchdog = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "watchdog.py"), str(folder)],
        stdin=subprocess.PIPE, text=True, start_new_session=True, env=child_environment(),
    )  # fmt: skip
    try:
        yield folder
    finally:
        watchdog.communicate("done")
        if watchdog.returncode != 0:
            raise RuntimeError(f"the watchdog failed: servers may be left in {folder}")


def child_environment() -> dict[str, str]:
    """Our environment, in which a child Python finds the modules that we find."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def _fast_place() -> Path:
    """Memory where there is plenty: a home has a thousand files, which some disks remove in seconds only."""
    memory = Path("/dev/shm")
    if memory.is_dir():
        found = os.statvfs(memory)
        if found.f_bavail * found.f_frsize > MEMORY_NEEDED_BYTES and not found.f_flag & os.ST_NOEXEC:
            return memory
    return Path("/tmp")


@contextmanager
def fresh_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """The URL of a new database on a server; it is dropped afterwards."""
    name = f"shelftree_test_{uuid4().hex[:12]}"
    maintenance = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server that may be used, by a database on it that is not to be touched."""
    if given := os.environ.get("SHELFTREE_TEST_DATABASE_URL"):
        yield normalised(given)
        return
    with guarded_folder() as folder:
        yield Cluster(folder / "home").ensure_running()


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """An empty database of this session's own; it is dropped at the end."""
    with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> Iterator[str]:
    """The name of a database with the newest schema and no rows, which is only ever copied."""
    from store.migrate import upgrade

    with fresh_database(server_url) as url:
        upgrade(url)
        yield str(make_url(url).database)


@pytest.fixture
def migrated_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A migrated database for one test."""
    with fresh_database(server_url, template=migrated_template) as url:
        yield url


@pytest.fixture
def engine(migrated_url: str) -> Iterator[Engine]:
    """An engine on a migrated database for one test."""
    made = connect(migrated_url)
    yield made
    made.dispose()
