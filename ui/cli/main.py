"""The command `shelftree`."""

import sys
import warnings

import typer
from typer.exceptions import Abort, TyperException

from ui.cli import (
    arrange,
    attributes,
    bench,
    build,
    catalog,
    db,
    demo,
    evaluate,
    models,
    promote,
    queries,
    retag,
    review,
    serving,
    taxonomy,
)
from ui.cli.output import explain

__all__ = ["app", "run"]

INTERRUPTED = 130  # what Typer makes of Ctrl-C

app = typer.Typer(
    name="shelftree",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""A category tree for a shop's catalogue: it builds itself, people own it, search runs on it.

Files in and out are CSV, TSV, JSON lines or Parquet by their ending, `.gz` allowed; product feeds
are read, too. Ctrl-C stops any command without loss. Exit code 0 means done, 2 that the input was at
fault, 1 anything else.""",
)
app.command()(demo.demo)
app.add_typer(db.db, name="db")
app.add_typer(catalog.catalog, name="catalog")
app.add_typer(taxonomy.taxonomy, name="taxonomy")
app.command()(models.train)
app.command()(evaluate.evaluate)
app.command()(models.classify)
app.command()(attributes.attributes)
app.add_typer(review.review, name="review")
app.command()(promote.promote)
app.command()(build.build)
app.command()(arrange.arrange)
app.command()(queries.route)
app.command()(queries.rerank)
app.command()(queries.search)
app.add_typer(retag.retag, name="retag")
app.command()(serving.ui)
app.command()(serving.serve)
app.add_typer(bench.bench, name="bench")


def run() -> None:
    """Run the command line; every error becomes one clear message and an exit code."""
    warnings.filterwarnings("ignore")  # libraries' advice to programmers is no news to a user
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            code = explain(KeyboardInterrupt())
    except TyperException as misuse:
        misuse.show() if hasattr(misuse, "show") else explain(misuse)
        code = misuse.exit_code
    except Abort:
        code = explain(KeyboardInterrupt())
    except (Exception, KeyboardInterrupt) as error:
        code = explain(error)
    sys.exit(code)
