"""`shelftree taxonomy find`: a category by what somebody remembers of its name."""

from typing import Annotated

import typer

from ui.cli.nodes import Name
from ui.cli.options import AsJson
from ui.cli.output import finish
from ui.wiring import App

__all__ = ["find"]


def find(
    text: Annotated[
        str, typer.Argument(help="Part of a name or label, in any language, typing errors and all.")
    ],
    name: Name,
    limit: Annotated[int, typer.Option("--limit", help="How many categories.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the categories with a name or label like the text, the likest first.

    Example: shelftree taxonomy find "hedphones" --name shop
    """
    with App.open() as app, app.uow() as uow:
        found = uow.trees.named(name, text, limit=limit)
        tree = uow.trees.head(name)
    paths = {node.id: tree.label(node.id) for node in found if node.id in tree}
    lines = (f"{path}  [{at}]" for at, path in paths.items())
    finish({"nodes": paths}, as_json=as_json, text="\n".join(lines) or "No category has a name like that.")
