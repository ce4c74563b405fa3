"""Commands under `shelftree taxonomy` about what was, and about what is released."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import write_table
from taxonomy.compare import Comparison, aligned, compare
from taxonomy.errors import InputError, StoreError
from taxonomy.formats.spreadsheet import neutralise
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import join_path
from taxonomy.records import Release
from taxonomy.service import events, releasing
from taxonomy.service import history as past
from taxonomy.tree import Tree
from ui.cli.options import AsJson, Author, OutFile
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.wiring import App

__all__ = ["COMMANDS", "parse_time", "release_summary", "version_option"]

Name = Annotated[str, typer.Option("--name", help="The taxonomy.")]
ReleaseArgument = Annotated[
    int, typer.Argument(help="A release, as `shelftree taxonomy releases` lists them.")
]
Spec = Annotated[
    str, typer.Argument(help="NAME (its head), NAME@VERSION, NAME@release:ID, or a file of categories.")
]

_COLUMNS = ("old_path", "new_path", "node_id", "share")
_SHOWN = 200  # differences printed for people; --json gives all


def diff(before: Spec, after: Spec, as_json: AsJson = False) -> None:
    """Say what changed from one tree to another.

    Of a file, categories are matched by their ids, else by path.

    Example: shelftree taxonomy diff shop@release:3 shop
    """
    with App.open() as app:
        found = _compared(app, before, after)
    sentences = found.sentences()
    more = [f"... and {len(sentences) - _SHOWN} more: --json gives all"] if len(sentences) > _SHOWN else []
    text = "\n".join([*sentences[:_SHOWN], *more])
    finish(found.to_json(), as_json=as_json, text=text or "Nothing differs.")


def history(
    name: Name,
    node: Annotated[str, typer.Option("--node", help="The id of one category.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="How many versions, or edits of a node.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the versions of a taxonomy, or what was done to one category, newest first."""
    with App.open() as app, app.uow() as uow:
        rows = _of_node(uow, name, node, limit) if node else _versions(uow, name, limit)
    text = "\n".join(
        f"v{row['version']:<5} {row['at']}  {row['author']}: {row['said']}"
        + (f" ({row['reason']})" if node and row["reason"] else "")
        for row in rows
    )
    finish({"history": rows}, as_json=as_json, text=text or "No versions yet.")


def verify(name: Name, as_json: AsJson = False) -> None:
    """Replay the whole log and compare it with every recorded version, every release and the head."""
    with App.open() as app, app.uow() as uow, Bar(quiet=as_json) as progress:
        found = past.verify(uow, name, progress=progress)
    if found.difference:
        raise StoreError(
            f"taxonomy {name!r}: {found.difference}; restore a backup, and keep this one to look at"
        )
    finish(
        {"versions": found.n_versions, "compared": found.n_compared, "without_digest": found.n_skipped},
        as_json=as_json,
    )


def resolve(
    node_id: Annotated[str, typer.Argument(help="An id of a category, of whatever time.")],
    name: Name,
    version: Annotated[
        str | None, typer.Option("--version", help="Where the id was seen: a version, or release:ID.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what an id was and where it leads now, for any id that was ever given out."""
    with App.open() as app, app.uow() as uow:
        seen = past.version_of(uow, name, version) if version is not None else None
        found = past.resolve(uow, name, NodeId(node_id), version=seen)
    leads = [
        {"node_id": one.node_id, "category_path": join_path(one.path), "share": one.share}
        for one in found.leads
    ]
    ends = ", ".join(
        f"{one['category_path'] or '(nothing took its place)'} ({one['share']:.0%})" for one in leads
    )
    summary: dict[str, object] = {
        "node_id": node_id,
        "version": found.version,
        "category_path": join_path(found.path),
        "lived": found.lived,
        "lives": found.lives,
        "leads": leads if as_json else ends,
    }
    finish(summary, as_json=as_json)


def redirects(
    name: Name,
    out: OutFile,
    since: Annotated[
        str, typer.Option("--since", help="Only paths that were left since this version, or release:ID.")
    ] = "0",
    as_json: AsJson = False,
) -> None:
    """Write where old category paths lead now: old_path, new_path, node_id, share.

    An empty new_path says that nothing took its place; of a split category there is a row for each part.
    """
    with App.open() as app, app.uow() as uow:
        version = past.version_of(uow, name, since)
        found = past.redirects(uow, name, since=version)
    cell = neutralise if {".csv", ".tsv"} & set(out.suffixes) else str  # what a spreadsheet would open
    rows = (
        (cell(join_path(one.old_path)), cell(join_path(one.new_path)), one.node_id, one.share)
        for one in found
    )
    finish({"written": write_table(out, _COLUMNS, rows), "since": version, "file": out}, as_json=as_json)


def releases(
    name: Name,
    limit: Annotated[int, typer.Option("--limit", help="How many releases.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List releases, newest published first, with what is current, scheduled or cancelled."""
    with App.open() as app, app.uow() as uow:
        found = releasing.releases(uow, name, limit=limit)
    text = "\n".join(
        f"{one.release.id:<5} {one.state:9} v{one.release.tree_version:<5} "
        f"{one.release.takes_effect_at:%Y-%m-%d %H:%M %Z}  {one.release.author}{_rollback_words(one.release)}"
        for one in found
    )
    rows = [release_summary(one.release) | {"state": one.state} for one in found]
    finish({"releases": rows}, as_json=as_json, text=text or "No releases yet.")


def rollback(
    name: Name,
    to: Annotated[int | None, typer.Option("--to", help="A release; the one before when not given.")] = None,
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Publish an earlier release again, with its tree and its model."""
    with App.open() as app, app.uow() as uow:
        release = releasing.roll_back(uow, name, author=author, to=to)
    finish(release_summary(release), as_json=as_json)


def unschedule(release: ReleaseArgument, as_json: AsJson = False) -> None:
    """Cancel a release before it takes effect."""
    with App.open() as app, app.uow() as uow:
        finish(release_summary(releasing.unschedule(uow, release)), as_json=as_json)


COMMANDS = (diff, history, verify, resolve, redirects, releases, rollback, unschedule)
"""What is registered under `shelftree taxonomy`."""


def parse_time(said: str) -> datetime:
    """A time such as 2026-03-01T08:00, of this machine's time zone unless it says another.

    Raises
    ------
    InputError
        It is no time.
    """
    try:
        return datetime.fromisoformat(said).astimezone()
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{said!r} is no time: write it as 2026-03-01T08:00 or 2026-03-01T08:00+01:00"
        ) from error


def release_summary(release: Release) -> dict[str, object]:
    """A release as commands print it."""
    return {
        "release": release.id,
        "tree_version": release.tree_version,
        "model": release.model_revision or None,
        "author": release.author,
        "takes_effect_at": release.takes_effect_at.isoformat(),
        "restores": release.restores,
        "rolls_back": release.rolls_back,
        "cancelled_at": release.cancelled_at and release.cancelled_at.isoformat(),
    }


def version_option(uow: UnitOfWork, name: str, version: int | None, release: int | None) -> Tree:
    """The tree of a version or of a release, the head when neither is given; InputError for both."""
    if version is not None and release is not None:
        raise InputError("give either --version or --release, and not both")
    return past.at(uow, name, version) if release is None else uow.releases.get(name, release)[1]


def _compared(app: App, before: str, after: str) -> Comparison:
    """A file takes the ids of what it is compared with."""
    first, second = _tree(app, before), _tree(app, after)
    if Path(after).is_file():
        second = aligned(second, first)
    elif Path(before).is_file():
        first = aligned(first, second)
    return compare(first, second)


def _tree(app: App, said: str) -> Tree:
    file = Path(said)
    if file.is_file():
        return app.tree(file=file)
    name, marked, version = said.partition("@")
    with app.uow() as uow:
        if name.lower() not in (there := uow.trees.names()):
            raise InputError(f"{said!r} is neither a file nor one of the taxonomies {', '.join(there)}")
        return past.at(uow, name, past.version_of(uow, name, version) if marked else None)


def _of_node(uow: UnitOfWork, name: str, node: str, limit: int) -> list[dict[str, object]]:
    return [
        {
            "version": one.version,
            "at": one.at.isoformat(timespec="seconds"),
            "author": one.author,
            "reason": one.reason,
            "change_set": one.change_set_id,
            "said": "; ".join(one.sentences),
        }
        for one in events.of_node(uow, name, NodeId(node), limit=limit)
    ]


def _versions(uow: UnitOfWork, name: str, limit: int) -> list[dict[str, object]]:
    recent = {
        one.id: one.reason for one in uow.changes.log(name, limit=2 * limit)
    }  # the few others go without
    return [
        {
            "version": one.number,
            "at": one.at.isoformat(timespec="seconds"),
            "author": one.author,
            "change_set": one.change_set_id,
            "digest": one.digest,
            "said": recent.get(one.change_set_id) or f"change set {one.change_set_id}",
        }
        for one in uow.changes.versions(name, limit=limit)
    ]


def _rollback_words(release: Release) -> str:
    return f", restores {release.restores}, rolls back {release.rolls_back}" if release.restores else ""
