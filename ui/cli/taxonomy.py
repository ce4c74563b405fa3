"""`shelftree taxonomy`: trees under names, their history and their releases."""

from pathlib import Path
from typing import Annotated

import typer

from taxonomy.node import NodeId
from taxonomy.records import Release
from taxonomy.service import editing, releasing
from taxonomy.tree import Tree
from ui.cli import changes, history, pins
from ui.cli.audit import lint
from ui.cli.exchange import crosswalk, export, import_, upload
from ui.cli.find import find
from ui.cli.nodes import ChangeId, Name, kinds, named_in, summary
from ui.cli.options import AsJson, Author
from ui.cli.output import finish
from ui.cli.split import split
from ui.wiring import App

__all__ = ["taxonomy"]

taxonomy = typer.Typer(
    no_args_is_help=True, help="Trees: import, look at, change history, publish for search."
)
taxonomy.command()(lint)
taxonomy.command("import")(import_)
taxonomy.command()(export)
taxonomy.command()(upload)
taxonomy.command()(crosswalk)
for _command in (*history.COMMANDS, *changes.COMMANDS, split, *pins.COMMANDS, find):
    taxonomy.command()(_command)
taxonomy.add_typer(changes.changes, name="changes")


@taxonomy.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the taxonomies with version, size and release."""
    with App.open() as app, app.uow() as uow:
        found = {name: (uow.trees.head(name), uow.releases.in_effect(name)) for name in uow.trees.names()}
    lines = [f"{name}  {_state(tree, release)}" for name, (tree, release) in found.items()]
    rows: dict[str, object] = {
        name: {
            "version": tree.version,
            "categories": len(tree),
            "release": release.id if release else None,
            "released_version": release.tree_version if release else None,
        }
        for name, (tree, release) in found.items()
    }
    finish(rows, as_json=as_json, text="\n".join(lines) or "No taxonomies yet.")


@taxonomy.command()
def show(
    name: Name,
    depth: Annotated[int, typer.Option("--depth", help="How many levels to print.", min=1)] = 3,
    lang: Annotated[str, typer.Option("--lang", help="Print names in this language, as in zh-CN.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print the tree."""
    with App.open() as app, app.uow() as uow:
        tree = uow.trees.head(name)
    tree = named_in(tree, lang, name)
    shown = [at for at in tree.descendants() if tree.depth(at) <= depth]
    lines = [f"{'  ' * (tree.depth(at) - 1)}{tree.nodes[at].name}  [{at}]" for at in shown]
    if deeper := len(tree) - len(shown):
        lines.append(f"… and {deeper:,} deeper: --depth shows more")
    parts: dict[str, object] = {"version": tree.version, "nodes": {at: tree.label(at) for at in shown}}
    finish(parts, as_json=as_json, text="\n".join(lines) or "The tree is empty.")


@taxonomy.command()
def log(
    name: Name,
    limit: Annotated[int, typer.Option("--limit", help="How many change sets.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List change sets, newest first."""
    with App.open() as app, app.uow() as uow:
        changes = uow.changes.log(name, limit=limit)
    text = "\n".join(
        f"{one.id}  {one.state:9} v{one.applied_version or '-':<4} {one.author}: {one.reason or kinds(one)}"
        for one in changes
    )
    finish({"changes": [summary(one) for one in changes]}, as_json=as_json, text=text or "No changes yet.")


@taxonomy.command()
def apply(change_id: ChangeId, author: Author = "merchandiser", as_json: AsJson = False) -> None:
    """Apply a proposed change set."""
    with App.open() as app, app.uow() as uow:
        outcome = editing.accept(uow, change_id, author=author)
    done = outcome.applied or outcome.rest
    said = summary(done) if done else {}
    if outcome.rest:
        said |= {"left_as": outcome.rest.id, "conflicts": [one.message for one in outcome.rest.conflicts]}
    finish(said, as_json=as_json)


@taxonomy.command()
def reject(
    change_id: ChangeId,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept as a comment.")] = "",
    node: Annotated[
        str, typer.Option("--node", help="Only what becomes of the category with this id; the rest waits.")
    ] = "",
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Put an open change set away, or one category's part of it."""
    with App.open() as app, app.uow() as uow:
        if node:
            left, out = editing.refuse(uow, change_id, NodeId(node), author=author, reason=reason)
            said = summary(out) | {"left": summary(left)}
        else:
            said = summary(editing.reject(uow, change_id, author=author, reason=reason))
        finish(said, as_json=as_json)


@taxonomy.command()
def revert(change_id: ChangeId, author: Author = "merchandiser", as_json: AsJson = False) -> None:
    """Take an applied change set back, if nothing later rests on it."""
    with App.open() as app, app.uow() as uow:
        finish(summary(editing.revert(uow, change_id, author=author)), as_json=as_json)


@taxonomy.command()
def publish(
    name: Name,
    model: Annotated[Path | None, typer.Option("--model", help="The model that search is to use.")] = None,
    at: Annotated[
        str, typer.Option("--at", help="When it takes effect, as in 2026-03-01T08:00; at once if not given.")
    ] = "",
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Make the head the release that search and re-tagging use, at once or at a time to come."""
    takes_effect_at = history.parse_time(at) if at else None
    with App.open() as app, app.uow() as uow:
        revision = app.model_revision(model, uow.trees.head(name)) if model else ""
        release = releasing.publish(
            uow,
            name,
            author=author,
            model_revision=revision,
            model_dir=str(model.resolve()) if model else "",
            takes_effect_at=takes_effect_at,
        )
    finish(history.release_summary(release), as_json=as_json)


def _state(tree: Tree, release: Release | None) -> str:
    published = f"release {release.id} at version {release.tree_version}" if release else "not published"
    return f"version {tree.version}, {len(tree)} categories, {published}"
