"""Commands under `shelftree taxonomy` that send a query to a category by a person's word."""

from typing import Annotated

import typer

from taxonomy.edits import Pin
from taxonomy.errors import InputError
from taxonomy.service import editing
from taxonomy.text import fold
from ui.cli.nodes import Name, node_of, summary
from ui.cli.options import AsJson, Author
from ui.cli.output import finish
from ui.wiring import App

__all__ = ["COMMANDS"]

QueryArgument = Annotated[str, typer.Argument(help="What customers type; case and accents do not matter.")]


def pin(
    query: QueryArgument,
    to: Annotated[str, typer.Option("--to", help="The category: its id or its path.")],
    name: Name,
    author: Author = "merchandiser",
    as_json: AsJson = False,
) -> None:
    """Send a query to a category, whatever the machine says; search follows once it is published.

    Example: shelftree taxonomy pin "mulch" --to "Garden > Soil" --name shop
    """
    with App.open() as app, app.uow() as uow:
        node_id = node_of(uow.trees.head(name), to)
        change = editing.edit(uow, name, [Pin(query, node_id)], author=author)
    finish(summary(change), as_json=as_json)


def unpin(query: QueryArgument, name: Name, author: Author = "merchandiser", as_json: AsJson = False) -> None:
    """Let the machine decide on a query again."""
    with App.open() as app, app.uow() as uow:
        if fold(query) not in uow.trees.head(name).pins:
            raise InputError(
                f"the query {query!r} is not pinned: `shelftree taxonomy pins` lists those that are"
            )
        change = editing.edit(uow, name, [Pin(query, None)], author=author)
    finish(summary(change), as_json=as_json)


def pins(name: Name, as_json: AsJson = False) -> None:
    """List the pinned queries of the head, each with where it goes now."""
    with App.open() as app, app.uow() as uow:
        tree = uow.trees.head(name)
    held = {query: tree.pinned(query) for query in sorted(tree.pins)}
    paths = {query: "" if at is None else tree.label(at) for query, at in held.items()}
    text = "\n".join(f"{query} -> {path or 'nowhere: its category is gone'}" for query, path in paths.items())
    finish({"pins": paths}, as_json=as_json, text=text or "No query is pinned.")


COMMANDS = (pin, unpin, pins)
