"""Edits as JSON and back, for the change log, for files and for HTTP."""

from collections.abc import Mapping

from taxonomy import edits
from taxonomy.edits import Edit
from taxonomy.errors import InputError
from taxonomy.values import from_json, to_json

__all__ = ["edit_from_json", "edit_to_json", "kinds"]

_KINDS: dict[str, type[Edit]] = {
    kind.kind: kind
    for kind in map(vars(edits).get, edits.__all__)
    if isinstance(kind, type) and hasattr(kind, "kind")
}


def kinds() -> Mapping[str, type[Edit]]:
    """Every kind of edit by its name."""
    return dict(_KINDS)


def edit_to_json(edit: Edit) -> dict[str, object]:
    """The edit as JSON values, with its kind; fields at their default are left out.

    >>> from taxonomy.edits import Rename
    >>> edit_to_json(Rename("a", "Tools"))
    {'kind': 'rename', 'node_id': 'a', 'name': 'Tools'}
    """
    return {"kind": edit.kind, **to_json(edit)}


def edit_from_json(values: Mapping[str, object], *, where: str = "") -> Edit:
    """The edit that `edit_to_json` gave.

    Parameters
    ----------
    where : str
        What the edit is called in messages, by default its kind.

    Raises
    ------
    InputError
        The kind is unknown, or a field is missing, superfluous or of another type.
    """
    kind = str(values.get("kind"))
    if kind not in _KINDS:
        raise InputError(
            f"{where or 'an edit'}: unknown kind {kind!r}; there are {', '.join(sorted(_KINDS))}"
        )
    fields = {name: value for name, value in values.items() if name != "kind"}
    return from_json(_KINDS[kind], fields, where=f"{where} ({kind})" if where else kind)
