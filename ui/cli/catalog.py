"""`shelftree catalog`: the products of a shop."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from ingest.readers import open_catalog
from taxonomy.service.importing import import_catalog
from taxonomy.service.placing import place_by_label
from ui.cli.options import AsJson, File, Map, parse_map
from ui.cli.output import finish
from ui.cli.progress import Bar
from ui.wiring import App

__all__ = ["catalog"]

catalog = typer.Typer(no_args_is_help=True, help="Catalogues: import a file of products, list what is there.")


@catalog.command("import")
def import_(
    file: File,
    name: Annotated[str, typer.Option("--name", help="The catalogue; made if it is new.")],
    map_: Map = None,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Where refused rows go; FILE.rejects.csv by default.")
    ] = None,
    taxonomy: Annotated[
        str,
        typer.Option("--taxonomy", help="Place products in this taxonomy where their own category says."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Import a file of products; again to update it.

    Columns are recognised by their names. Products are matched by id: new ones are added, changed ones
    updated, those that the file no longer has retire. Rows that cannot be read go to the rejects file with
    line and reason. Stop it at any time: the same command goes on where it stopped.

    Example: shelftree catalog import products.csv --name shop --map title=Artikel
    """
    mapping = parse_map(map_)
    refused = rejects or Path.cwd() / f"{file.name}.rejects.csv"
    with App.open() as app, Bar(quiet=as_json) as bar, app.uow() as uow:
        rows = open_catalog(file, mapping=mapping, rejects=refused)
        done = import_catalog(uow, name, rows, digest=_digest(file, mapping), progress=bar)
        placed = place_by_label(uow, name, taxonomy) if taxonomy else None
    counts, upserted = rows.counts, done.upserted
    summary: dict[str, object] = {
        "read": counts.read,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "new": upserted.new,
        "changed": upserted.changed,
        "unchanged": upserted.unchanged,
        "retired": done.n_retired,
    }
    if counts.rejected:
        summary["rejects"] = refused
    elif rejects is None:
        refused.unlink(missing_ok=True)
    if placed:
        summary |= {"placed": placed[0], "unknown_category": placed[1]}
    finish(summary, as_json=as_json)


@catalog.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the catalogues and how many products each has."""
    with App.open() as app, app.uow() as uow:
        finish({one.name: one.n_products for one in uow.catalogs.names()}, as_json=as_json)


def _digest(file: Path, mapping: dict[str, str]) -> str:
    """Identifies the content and how it is read, so that an import never goes on with another file."""
    digest = hashlib.sha256(repr(sorted(mapping.items())).encode())
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
