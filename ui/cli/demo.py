"""`shelftree demo`: the main job on the bundled store."""

import time
from typing import Annotated

import typer

from ui.cli.options import AsJson
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.cli.serving import PORT, Port, open_app
from ui.demo.steps import CATALOG, TREE, Demo
from ui.wiring import App

__all__ = ["demo"]


def demo(
    show: Annotated[bool, typer.Option("--ui/--no-ui", help="Open the app at the end.")] = True,
    port: Port = PORT,
    as_json: AsJson = False,
) -> None:
    """Run everything on the bundled sample store, then open the app.

    A database is started, 400 products are imported, a tree is built from their text alone, a classifier is
    trained on their labels, both are scored, and queries are routed. Stop it anywhere and it goes on; a
    second run only tells what is there.
    """
    summary: dict[str, object] = {}
    with App.open() as app, Bar(quiet=as_json) as bar:
        job = Demo(app, bar)
        for number, (title, action) in enumerate(job.steps, 1):
            bar.heading(f"{number}/{len(job.steps)} {title}")
            started = time.monotonic()
            said = action()
            summary[title] = said
            for line in said.splitlines():
                bar.note(line)
            bar.note(f"[{time.monotonic() - started:.1f} s]")
    width = max(map(len, summary))
    lines = (f"{title:{width}}  {line}" for title, said in summary.items() for line in str(said).splitlines())
    finish(summary, as_json=as_json, text="\n".join(("", "Summary", *lines)))
    if show:
        open_app(port=port, catalog=CATALOG, taxonomy=TREE)
