"""Everything that Shelftree raises on purpose.

::

    TaxonomyError                 base; its message says what to do next
    ├── InputError                the input is at fault and says where (exit code 2)
    │   ├── FileError             a file as a whole: missing, unreadable, foreign format
    │   ├── UnknownId             an id or a name that was never given out
    │   └── EditError             an edit that cannot be applied
    │       ├── RuleBroken        it would break a rule of the tree (cycle, sibling names, root)
    │       ├── NodeLocked        a machine tried to change what a person locked
    │       └── StaleEdit         the tree has moved on where the edit touches it
    ├── StoreError                the database refused or holds something unexpected
    │   └── DatabaseUnavailable   it cannot be started or reached
    └── ModelError                a model folder is missing, damaged or of another tree
"""

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "DatabaseUnavailable",
    "EditError",
    "FileError",
    "InputError",
    "ModelError",
    "NodeLocked",
    "RuleBroken",
    "StaleEdit",
    "StoreError",
    "TaxonomyError",
    "UnknownId",
]


class TaxonomyError(Exception):
    """Base of all errors that a caller may want to show to a user."""


class InputError(TaxonomyError):
    """What was given is at fault; the message says where and what to do."""


class FileError(InputError):
    """A file as a whole cannot be used.

    Parameters
    ----------
    path : Path
        The file.
    reason : str
        What is wrong and what to do.
    line : int, optional
        The line (from 1) where it was seen.
    """

    def __init__(self, path: Path | str, reason: str, *, line: int | None = None) -> None:
        self.path, self.reason, self.line = Path(path), reason, line
        place = f"{path}, line {line}" if line is not None else f"{path}"
        super().__init__(f"{place}: {reason}")


class UnknownId(InputError):
    """An id (or name) that does not exist.

    Parameters
    ----------
    kind : str
        What was looked for: "node", "product", "taxonomy", ...
    value : str
        The id as it was received.
    hint : str
        What to do next.
    """

    def __init__(self, kind: str, value: str, hint: str = "") -> None:
        self.kind, self.value = kind, value
        super().__init__(f"no {kind} {value!r}" + (f": {hint}" if hint else ""))


class EditError(InputError):
    """An edit that cannot be applied.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    node_ids : sequence of str
        The nodes concerned.
    """

    def __init__(self, message: str, node_ids: Sequence[str] = ()) -> None:
        self.node_ids = tuple(node_ids)
        super().__init__(message)


class RuleBroken(EditError):
    """The tree that would result breaks a rule of `taxonomy.invariants`."""


class NodeLocked(EditError):
    """A locked node can be changed by people only, after unlocking it."""


class StaleEdit(EditError):
    """Somebody else changed, since the version the editor saw, what the edit touches."""


class StoreError(TaxonomyError):
    """The database refused, or holds something that this version cannot read."""


class DatabaseUnavailable(StoreError):
    """The database cannot be started or reached."""


class ModelError(TaxonomyError):
    """A model folder is missing, damaged, or belongs to another tree."""
