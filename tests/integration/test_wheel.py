"""The wheel carries the migrations: a database is made from it alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.database import ROOT, fresh_database

MIGRATE = """
import sys
import store.migrate
url, home = sys.argv[1:]
assert store.migrate.__file__.startswith(home), store.migrate.__file__
store.migrate.upgrade(url)
print(store.migrate.is_current(url), store.migrate._folder())
store.migrate.downgrade(url, "base")
print(store.migrate.current(url))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel holds, as an installer lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_a_database_is_migrated_from_the_wheel_alone(unpacked: Path, server_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    with fresh_database(server_url) as url:
        run = [sys.executable, "-B", "-c", MIGRATE, url, str(unpacked)]  # leaves no bytecode behind
        done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", str(unpacked / "store" / "alembic"), "None"]


def test_the_wheel_puts_only_our_packages_at_the_top(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}

    assert tops == {"taxonomy", "ingest", "store", "ui"}
    assert not list(unpacked.rglob("__pycache__"))
