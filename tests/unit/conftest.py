"""What the tests of commands without a store share."""

from pathlib import Path

import pytest

from tests.command import Shelftree


@pytest.fixture
def shelftree(folder: Path, command: Shelftree, monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command in the module's `folder`, whose `tiny` is the base model."""
    monkeypatch.setenv("SHELFTREE_HOME", str(folder / "home"))
    monkeypatch.setenv("SHELFTREE_BASE_MODEL", str(folder / "tiny"))
    monkeypatch.setenv("SHELFTREE_DEVICE", "cpu")
    monkeypatch.chdir(folder)
    return command
