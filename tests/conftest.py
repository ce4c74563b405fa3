"""Fixtures that many tests share."""

import pytest

from tests.command import Shelftree, run
from tests.database import database_url, engine, migrated_template, migrated_url, server_url

__all__ = ["command", "database_url", "engine", "migrated_template", "migrated_url", "server_url"]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Contents of files are no names of tests: some hold the time, and workers must agree on names."""
    return "bytes" if isinstance(val, bytes) else None


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shelftree:
    """The command line, in this process."""
    return lambda *words: run(capsys, monkeypatch, *words)
