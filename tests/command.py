"""The command line as a user has it, in a process of its own or in this one."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.database import child_environment
from ui.cli import main

__all__ = ["Outcome", "Shelftree", "run", "start"]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """What `--json` printed."""
        return dict(json.loads(self.out))


Shelftree = Callable[..., Outcome]
"""The command with its words, as a fixture gives it."""


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> Outcome:
    """Run a command in this process."""
    monkeypatch.setattr(sys, "argv", ["shelftree", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main.run()
    caught = capsys.readouterr()
    return Outcome(int(stop.value.code or 0), caught.out, caught.err)


def start(*words: object, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a command in a process of its own, to be killed."""
    return subprocess.Popen(
        [sys.executable, "-c", "from ui.cli.main import run; run()", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**child_environment(), **environment},
        preexec_fn=_hear_ctrl_c,
    )


def _hear_ctrl_c() -> None:
    """A shell's background jobs, which the tests may be one of, are started deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
