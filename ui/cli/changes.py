"""Commands under `shelftree taxonomy` that make, judge and talk about change sets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from taxonomy.changes import OPEN, ChangeSet
from taxonomy.codec import edit_from_json
from taxonomy.edits import Edit
from taxonomy.errors import FileError, InputError
from taxonomy.impact import Impact, Way
from taxonomy.product import join_path
from taxonomy.service import editing
from taxonomy.service.handing_in import hand_in
from taxonomy.service.previewing import impact_of_change
from taxonomy.values import to_json
from ui.cli.nodes import Apply, ChangeId, Draft, Name, Propose, stage, summary
from ui.cli.options import AsJson, Author
from ui.cli.output import finish
from ui.web.words import Names, describe, many, per_cent, when
from ui.wiring import App

__all__ = ["COMMANDS", "changes"]

_SHOWN = 50  # edits, redirects and queries printed for people; --json gives all

changes = typer.Typer(no_args_is_help=True, help="Change sets: what is in one, and what it would do.")

Key = Annotated[
    str, typer.Option("--key", help="Of your choice: repeated with the same key, a command has one effect.")
]
Catalogs = Annotated[
    list[str] | None,
    typer.Option("--catalog", help="Count products of this catalogue only; may be repeated."),
]


def edit(
    file: Annotated[Path, typer.Argument(help="Edits as JSON: one a line, or one array.")],
    name: Name,
    base_version: Annotated[
        int | None,
        typer.Option("--base-version", help="The version that was looked at; the head if not given."),
    ] = None,
    key: Key = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    draft: Draft = False,
    propose: Propose = False,
    apply: Apply = False,
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Make a change set of edits in a file.

    An edit is an object with its kind and fields: {"kind": "rename", "node_id": "…", "name": "Outdoor"}.
    Edits made on an older version go in where nobody wrote the same since.

    Example: shelftree taxonomy edit edits.json --name shop --apply
    """
    state, edits = stage(draft=draft, propose=propose, apply=apply), list(_edits(file))
    with App.open() as app, app.uow() as uow:
        change = hand_in(
            uow,
            name,
            edits,
            state=state,
            author=author,
            reason=reason or f"edits in {file.name}",
            base_version=base_version,
            key=key,
        )
    finish(summary(change), as_json=as_json)


def impact(change_id: ChangeId, catalog: Catalogs = None, as_json: AsJson = False) -> None:
    """Say what an open change set would do to products, links and pinned queries; nothing is changed.

    Example: shelftree taxonomy impact 1f0c… --catalog shop
    """
    with App.open() as app, app.uow() as uow:
        found = impact_of_change(uow, change_id, catalogs=catalog or ())
    finish(to_json(found), as_json=as_json, text="\n".join(_told(found)))


def submit(change_id: ChangeId, as_json: AsJson = False) -> None:
    """Propose a draft, or what a newer tree did not take."""
    with App.open() as app, app.uow() as uow:
        finish(summary(editing.submit(uow, change_id)), as_json=as_json)


def approve(change_id: ChangeId, author: Author = "merchandiser", as_json: AsJson = False) -> None:
    """Say that a proposal may be applied."""
    with App.open() as app, app.uow() as uow:
        finish(summary(editing.approve(uow, change_id, author=author)), as_json=as_json)


def comment(
    change_id: ChangeId,
    text: Annotated[str, typer.Argument(help="What you have to say.")],
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Say something about a change set."""
    with App.open() as app, app.uow() as uow:
        editing.comment(uow, change_id, author=author, text=text)
    finish({"id": change_id, "author": author, "text": text.strip()}, as_json=as_json)


def comments(change_id: ChangeId, as_json: AsJson = False) -> None:
    """List what was said about a change set, oldest first."""
    with App.open() as app, app.uow() as uow:
        uow.changes.get(change_id)
        said = uow.changes.comments(change_id)
    rows = [{"author": one.author, "at": one.at.isoformat(), "text": one.text} for one in said]
    text = "\n".join(f"{one.author}, {when(one.at)}: {one.text}" for one in said)
    finish({"comments": rows}, as_json=as_json, text=text or "Nobody said anything yet.")


@changes.command()
def show(change_id: ChangeId, catalog: Catalogs = None, as_json: AsJson = False) -> None:
    """Show a change set: its edits in words, its conflicts, what was said, and what it would do."""
    with App.open() as app, app.uow() as uow:
        change = uow.changes.get(change_id)
        names = Names(uow.trees.head(change.taxonomy), change.edits, change.inverse)
        said = uow.changes.comments(change_id)
        found = impact_of_change(uow, change_id, catalogs=catalog or ()) if change.state in OPEN else None
    sentences = [describe(one, names) for one in change.edits]
    parts: dict[str, object] = {
        **summary(change),
        "taxonomy": change.taxonomy,
        "base_version": change.base_version,
        "rest_of": change.rest_of,
        "conflicts": to_json(change.conflicts),
        "sentences": sentences,
        "comments": [{"author": one.author, "text": one.text} for one in said],
        "impact": None if found is None else to_json(found),
    }
    lines = [*_head(change), *_first(sentences), *(f"{one.author}: {one.text}" for one in said)]
    lines += [f"conflict at edit {one.ordinal}: {one.message}" for one in change.conflicts]
    finish(parts, as_json=as_json, text="\n".join([*lines, *(_told(found) if found else ())]))


@changes.callback()
def _changes() -> None:
    """Keep `show` a command of its own: Typer makes a group of one command that command."""


COMMANDS = (edit, impact, submit, approve, comment, comments)


def _edits(file: Path) -> Iterator[Edit]:
    """The edits in a file of JSON lines or of one array."""
    for place, value in _values(file):
        if not isinstance(value, dict):
            raise InputError(f"{place}: an object with kind and fields is expected, not {value!r}")
        yield edit_from_json(value, where=place)


def _values(file: Path) -> Iterator[tuple[str, object]]:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise FileError(file, f"{reason}: give edits as JSON") from error
    if text.lstrip().startswith("["):
        values = _parsed(file, text, 1)
        for at, one in enumerate(values if isinstance(values, list) else [], 1):
            yield f"{file}, edit {at}", one
        return
    for at, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{file}, line {at}", _parsed(file, line, at)


def _parsed(file: Path, text: str, line: int) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        at = line + error.lineno - 1 if isinstance(error, json.JSONDecodeError) else line
        raise FileError(file, f"this is not JSON: {error}", line=at) from error
    return value


def _head(change: ChangeSet) -> list[str]:
    why = f": {change.reason}" if change.reason else ""
    of = f", the rest of {change.rest_of}" if change.rest_of else ""
    on = f"on version {change.base_version}"
    return [f"{change.state} by {change.author} {on}{of}{why}"]


def _told(found: Impact) -> list[str]:
    """An impact in lines for people."""
    lines = [f"conflict at edit {one.ordinal}: {one.message}" for one in found.conflicts]
    lines.append(
        f"{many(found.n_moved, 'product')} would move, {found.n_unplaced:,} of them to no category; "
        f"the path of {found.n_repathed:,} more would change; {found.n_retag:,} would be stale and re-tagged."
    )
    lines.append(
        f"{many(len(found.created), 'category')} would come, {len(found.retired):,} go, "
        f"{len(found.moved):,} move, {len(found.renamed):,} be renamed."
    )
    if len(found.catalogs) > 1:
        lines += [
            f"  in {one.catalog}: {one.n_moved:,} move, {one.n_repathed:,} change path, {one.n_retag:,} stale"
            for one in found.catalogs
        ]
    lines += _first(
        [
            f"edit {one.ordinal} ({one.kind}): {one.n_moved:,} move, {one.n_repathed:,} change path, "
            f"{one.n_retag:,} stale, {many(one.n_rerouted, 'pinned query')}"
            for one in found.effects
        ]
    )
    lines += _first([f"redirect: {join_path(one.path)} -> {_ends(one)}" for one in found.redirects])
    return lines + _first(
        [
            f"pinned query {one.query!r}: {join_path(one.path_before) or 'not pinned'} -> "
            f"{join_path(one.path_after) or 'not pinned'}"
            + "".join(f"; or {join_path(other.path)}" for other in one.candidates[1:])
            for one in found.rerouted
        ]
    )


def _ends(way: Way) -> str:
    if len(way.targets) == 1:
        return join_path(way.targets[0].path)
    shares = (f"{join_path(one.path)} ({per_cent(one.share)})" for one in way.targets)
    return ", ".join(shares) or "nowhere"


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"... and {more:,} more: --json gives all"] if more > 0 else [])]
