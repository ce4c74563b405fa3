"""What the tests of commands with a store share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Shelftree
from tests.database import guarded_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where a module's commands keep everything, with an embedded server of its own."""
    with guarded_folder() as folder:
        yield folder


@pytest.fixture
def shelftree(home: Path, tmp_path: Path, command: Shelftree, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command in an empty folder, with the store of the module."""
    monkeypatch.setenv("SHELFTREE_HOME", str(home))
    monkeypatch.delenv("SHELFTREE_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return command


@pytest.fixture
def on_postgres(
    files: Path, migrated_url: str, command: Shelftree, monkeypatch: pytest.MonkeyPatch
) -> Shelftree:
    """The command on a server's empty store, with the encoder of the module's `files`; processes find us."""
    monkeypatch.setenv("SHELFTREE_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(files / "tiny"))
    monkeypatch.setenv("SHELFTREE_CACHE", str(files / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]))
    return command
