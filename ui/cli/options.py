"""Options that several commands share, so that each is worded once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from taxonomy.errors import InputError

__all__ = [
    "CATALOGUES",
    "AsJson",
    "Author",
    "CatalogName",
    "Device",
    "File",
    "Map",
    "MaybeModel",
    "ModelDir",
    "OutFile",
    "TaxonomyName",
    "parse_map",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on stdout.")]
Author = Annotated[
    str, typer.Option("--author", envvar="SHELFTREE_AUTHOR", help="The name under which edits are recorded.")
]
CatalogName = Annotated[str, typer.Option("--catalog", help="A catalogue in the store, in place of a file.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(
        "--device", envvar="SHELFTREE_DEVICE", help="Where to compute; auto takes a GPU if there is one."
    ),
]
CATALOGUES = "CSV, TSV, JSON lines, Parquet or a product feed in XML; `.gz` allowed."
File = Annotated[Path, typer.Argument(help=CATALOGUES)]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="FIELD=COLUMN where the header does not say it, as in title='Artikel'."),
]
MaybeModel = Annotated[
    Path | None, typer.Option("--model", help="Folder that `train` wrote; adds what it learnt.")
]
ModelDir = Annotated[Path, typer.Option("--model", help="Folder that `shelftree train --out` wrote.")]
OutFile = Annotated[Path, typer.Option("--out", help="Where to write; the ending says the format.")]
TaxonomyName = Annotated[str, typer.Option("--taxonomy", help="A taxonomy in the store.")]


def parse_map(pairs: Sequence[str] | None) -> dict[str, str]:
    """`title=Product Name` pairs as a mapping.

    Raises
    ------
    InputError
        A pair has no equals sign.

    Examples
    --------
    >>> parse_map(["title=Product Name"])
    {'title': 'Product Name'}
    """
    mapping = {}
    for pair in pairs or ():
        field, equals, column = pair.partition("=")
        if not equals:
            raise InputError(
                f"--map {pair}: write it as FIELD=COLUMN, for example --map title='Product Name'"
            )
        mapping[field.strip()] = column.strip()
    return mapping
