"""What a command says when it is done, and what it says when it cannot."""

import json
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from taxonomy.errors import InputError, ModelError, TaxonomyError

__all__ = ["explain", "finish"]

DONE, FAILED, INPUT_AT_FAULT = 0, 1, 2


def finish(summary: Mapping[str, object], *, as_json: bool, text: str = "") -> None:
    """Print the summary as one JSON object, or as text for people, on stdout."""
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, default=str))
    else:
        Console(soft_wrap=True, highlight=False).print(text or _lines(summary), markup=False, emoji=False)


def explain(error: BaseException) -> int:
    """Print one clear error on stderr and return the exit code.

    What nobody foresaw is a fault of ours: its traceback goes to a file that can be sent in.
    """
    if isinstance(error, KeyboardInterrupt):
        _say("stopped; what is done is kept: run the same command again to go on")
        return FAILED
    if isinstance(error, TaxonomyError):
        _say(f"error: {error}")
        return INPUT_AT_FAULT if isinstance(error, InputError | ModelError) else FAILED
    with tempfile.NamedTemporaryFile(
        "w", prefix="shelftree-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.writelines(traceback.format_exception(error))
    _say(
        f"error: {type(error).__name__}: {error}\nThis is a fault in Shelftree; {Path(file.name)} says more."
    )
    return FAILED


def _say(message: str) -> None:
    Console(file=sys.stderr, soft_wrap=True, highlight=False).print(
        message, style="bold", markup=False, emoji=False
    )


def _lines(summary: Mapping[str, object]) -> str:
    width = max(map(len, summary), default=0)
    return "\n".join(f"{name.replace('_', ' '):{width}}  {_said(value)}" for name, value in summary.items())


def _said(value: object) -> object:
    """A value as a person reads it; JSON has it as it is."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        counts = all(isinstance(n, int) for n in value.values())
        pairs = ((n, name) if counts else (name, _said(n)) for name, n in value.items())
        return ", ".join(f"{one} {other}" for one, other in pairs) or "nothing"
    if isinstance(value, list | tuple):
        if any(isinstance(one, Mapping) for one in value):  # a row of several things has a line of its own
            return "".join(f"\n  {_said(one)}" for one in value)
        return "; ".join(map(str, value)) or "nothing"
    return value
