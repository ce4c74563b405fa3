"""What an editor asked for and what it was told, on disk before anything else happens."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request: an edit, a revert, or a proposal that is accepted at once; `key` makes it repeatable."""

    key: str
    verb: str
    edits: tuple[dict[str, Any], ...] = ()
    base_version: int = 0
    change_id: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of it: applied in a version, or refused; `n_tries` counts how often it was asked."""

    key: str
    change_id: str = ""
    version: int = 0
    refusal: str = ""
    fault: str = ""
    n_tries: int = 1
    edits: tuple[dict[str, Any], ...] = field(default=())


class Journal:
    """The requests and answers of one editor, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        whole = path.read_bytes().rpartition(b"\n")[0] + b"\n" if path.exists() else b""
        path.write_bytes(whole.lstrip())  # what a kill cut off was never said
        self._file = path.open("a")

    def ask(self, request: Request) -> None:
        """Keep a request, before it is sent."""
        self._keep("ask", asdict(request))

    def tell(self, answer: Answer) -> None:
        """Keep an answer, as soon as it is there."""
        self._keep("tell", asdict(answer))

    def _keep(self, what: str, values: dict[str, Any]) -> None:
        self._file.write(json.dumps({"what": what, **values}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read(path: Path) -> tuple[list[Request], list[Answer]]:
    """All requests and answers of a journal, a line that a kill cut off left out."""
    asked, told = list[Request](), list[Answer]()
    for values in _lines(path):
        if values.pop("what") == "ask":
            asked.append(Request(**values | {"edits": tuple(values["edits"])}))
        else:
            told.append(Answer(**values | {"edits": tuple(values["edits"])}))
    return asked, told


def n_answers(path: Path) -> int:
    """How many answers a journal holds, for whoever asks often."""
    return path.read_bytes().count(b'{"what": "tell"') if path.exists() else 0


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_bytes().rpartition(b"\n")[0].splitlines())
