"""Edits as JSON and back, for the change log and for files."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from taxonomy.edits import Edit, Part
from taxonomy.errors import InputError
from taxonomy.node import Node

__all__ = ["edit_from_json", "edit_to_json"]

_KINDS: dict[str, type[Edit]] = {cls.kind: cls for cls in Edit.__subclasses__()}


def edit_to_json(edit: Edit) -> dict[str, object]:
    """The edit as JSON values, with its kind.

    >>> from taxonomy.edits import Rename
    >>> edit_to_json(Rename("a", "Tools"))
    {'kind': 'rename', 'node_id': 'a', 'name': 'Tools'}
    """
    return {"kind": edit.kind, **asdict(edit)}  # type: ignore[call-overload]


def edit_from_json(values: Mapping[str, object]) -> Edit:
    """The edit that `edit_to_json` gave.

    Raises
    ------
    InputError
        The kind is unknown, or a field is missing or superfluous.
    """
    fields = {name: _thaw(name, value) for name, value in values.items() if name != "kind"}
    kind = str(values.get("kind"))
    if kind not in _KINDS:
        raise InputError(f"unknown kind of edit {kind!r}: one of {', '.join(sorted(_KINDS))} is expected")
    try:
        return _KINDS[kind](**fields)
    except TypeError as error:
        raise InputError(f"a broken {kind} edit: {error}") from error


def _thaw(name: str, value: object) -> object:
    if name == "node":
        return Node(**_tuples(cast(Mapping[str, object], value)))  # type: ignore[arg-type]
    if name == "parts":
        return tuple(Part(**_tuples(part)) for part in cast(list[Mapping[str, object]], value))  # type: ignore[arg-type]
    return tuple(value) if isinstance(value, list) else value


def _tuples(values: Mapping[str, object]) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
