"""Frozen dataclasses as JSON values and back: one rule for nodes, edits and all that is kept of them."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from taxonomy.errors import InputError

__all__ = ["from_json", "to_json"]

T = TypeVar("T")


def to_json(value: object) -> Any:
    """JSON values of a dataclass, or of sequences and mappings of them; fields at their default are left out.

    >>> from taxonomy.node import Node, NodeId
    >>> to_json(Node(NodeId("a"), "Tools"))
    {'id': 'a', 'name': 'Tools'}
    """
    kind: type = type(value)
    if kind in _AS_IS:
        return value
    if (defaults := _defaults(kind)) is not None:
        return {
            name: held if type(held) in _AS_IS else to_json(held)
            for name, default in defaults
            if (held := getattr(value, name)) is not default and held != default
        }
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(one) for key, one in value.items()}
    return value.value if isinstance(value, Enum) else value


def from_json(kind: type[T], value: object, *, where: str = "") -> T:
    """The value that `to_json` gave.

    Parameters
    ----------
    kind : type
        A dataclass.
    where : str
        What the value is, for messages: "edit 3".

    Raises
    ------
    InputError
        A field is missing, superfluous or of another type; the message names it.
    """
    made: T = _thaw(cast(Hashable, kind))(value, where or kind.__name__)
    return made


Thaw = Callable[[object, str], Any]


_AS_IS = frozenset((str, int, float, bool, NoneType))
"""Looked at first: of a large import's time, half went into telling what values are."""


@cache
def _defaults(kind: type) -> tuple[tuple[str, object], ...] | None:
    """The fields of a dataclass with their defaults; None for any other type."""
    if not is_dataclass(kind):
        return None
    return tuple((one.name, _default(one)) for one in fields(kind))


def _default(one: "Field[Any]") -> object:
    return one.default if one.default_factory is MISSING else one.default_factory()


@cache
def _thaw(kind: Any) -> Thaw:
    """What turns JSON values into this type, found once a type."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType
    if is_dataclass(kind):
        return _record(kind)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return _many(_thaw(get_args(kind)[0]))
    if get_origin(kind) in (Union, UnionType):
        one = _thaw(next(arm for arm in get_args(kind) if arm is not NoneType))
        return lambda value, where: None if value is None else one(value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice(kind)
    return _plain(kind)


def _record(kind: type) -> Thaw:
    hints = get_type_hints(kind)
    known = {one.name: _thaw(hints[one.name]) for one in fields(kind)}
    needed = {name for name, default in _defaults(kind) or () if default is MISSING}

    def thaw(value: object, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise InputError(f"{where}: an object with {', '.join(known)} is expected")
        if odd := sorted(set(map(str, value)) - known.keys()):
            raise InputError(f"{where}: unknown field {odd[0]!r}; there are {', '.join(known)}")
        if missing := sorted(needed - value.keys()):
            raise InputError(f"{where}: the field {missing[0]!r} is missing")
        return kind(**{name: known[name](one, f"{where}.{name}") for name, one in value.items()})

    return thaw


def _many(one: Thaw) -> Thaw:
    def thaw(value: object, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise InputError(f"{where}: a list is expected, not {value!r}")
        return tuple(one(each, f"{where}[{at}]") for at, each in enumerate(value))

    return thaw


def _choice(kind: type[Enum]) -> Thaw:
    def thaw(value: object, where: str) -> Any:
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(one.value) for one in kind)
            raise InputError(f"{where}: {value!r} is not one of {allowed}") from None

    return thaw


def _plain(kind: type) -> Thaw:
    def thaw(value: object, where: str) -> Any:
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise InputError(f"{where}: {_WORDS.get(kind, kind.__name__)} is expected, not {value!r}")
        return value

    return thaw


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
