"""`shelftree db`: the database that everything is kept in."""

import os
from pathlib import Path
from typing import Annotated

import typer

from store import backup as backups
from store import migrate as migrations
from store.embedded import Cluster
from store.engine import connect, database_url
from taxonomy.errors import DatabaseUnavailable, InputError
from ui.cli.options import AsJson
from ui.cli.output import finish

__all__ = ["db"]

db = typer.Typer(
    no_args_is_help=True,
    help="The database: a Postgres of Shelftree's own, or the one that SHELFTREE_DATABASE_URL names.",
)

BackupFile = Annotated[Path, typer.Argument(help="The backup file.")]


@db.command()
def up(as_json: AsJson = False) -> None:
    """Start the database if it does not run, and bring its tables up to date."""
    url = database_url()
    migrations.upgrade(url)
    finish(_status(), as_json=as_json)


@db.command()
def status(as_json: AsJson = False) -> None:
    """Say whether the database runs, where it is, and whether its tables are up to date."""
    finish(_status(), as_json=as_json)


@db.command()
def migrate(
    down_to: Annotated[
        str,
        typer.Option("--down-to", help="Go back to this revision; `base` drops all tables and their data."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Bring the tables up to date, or back to an older revision."""
    url = database_url()
    if down_to:
        migrations.downgrade(url, down_to)
    else:
        migrations.upgrade(url)
    finish(_status(), as_json=as_json)


@db.command()
def backup(file: BackupFile, as_json: AsJson = False) -> None:
    """Write the whole database, as it is now, to one file; others may go on working."""
    made = backups.backup(database_url(), file)
    finish({"file": file, "revision": made.revision, "made_at": made.made_at}, as_json=as_json)


@db.command()
def restore(
    file: BackupFile,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before replacing what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace everything in the database by a backup; all of it or nothing."""
    backups.read_manifest(file)  # nobody is asked about a file that is none
    if not yes and not typer.confirm(f"Replace everything in the database by {file}?", err=True):
        raise InputError("nothing was restored: say yes, or pass --yes")
    made = backups.restore(database_url(), file)
    finish({"file": file, "revision": made.revision, "made_at": made.made_at}, as_json=as_json)


@db.command()
def down(as_json: AsJson = False) -> None:
    """Stop Shelftree's own Postgres; the data stay. Another server is left alone."""
    if os.environ.get("SHELFTREE_DATABASE_URL"):
        raise InputError(
            "SHELFTREE_DATABASE_URL names a server that Shelftree did not start: stop it where it runs"
        )
    Cluster().stop()
    finish(_status(), as_json=as_json)


def _status() -> dict[str, object]:
    if given := os.environ.get("SHELFTREE_DATABASE_URL"):
        try:
            engine = connect(given)
        except DatabaseUnavailable as error:
            return {"state": "away", "reason": str(error)}
        return {"state": "running", "server": engine.url.render_as_string(), **_tables(given)}
    found = Cluster().status()
    summary: dict[str, object] = {"state": found.state, "home": found.home, "log": found.log}
    return {**summary, "pid": found.pid, **_tables(found.url)} if found.url else summary


def _tables(url: str) -> dict[str, object]:
    return {"revision": migrations.current(url) or "none", "up_to_date": migrations.is_current(url)}
