"""What every bench takes and says: a file of data in, a row of figures for each way of doing it out."""

import resource
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer

from taxonomy.errors import InputError
from taxonomy.product import Product
from ui.cli.output import finish

__all__ = ["SEED", "Data", "File", "Row", "Sample", "data_of", "numbers", "of_splits", "sampled", "show"]

SEED = 0

T = TypeVar("T")
Row = dict[str, float]

File = Annotated[Path | None, typer.Argument(help="Products, queries or judgements, as `evaluate` reads.")]
Data = Annotated[Path | None, typer.Option("--data", help="The same as FILE.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="Take this many rows; 0: all.")]


def data_of(file: Path | None, data: Path | None) -> Path:
    """The file, whichever way it was given.

    Raises
    ------
    InputError
        It was not.
    """
    if (found := file or data) is None:
        raise InputError("this bench needs a FILE: see its --help")
    return found


def show(rows: Mapping[str, Row], *, as_json: bool, **more: object) -> None:
    """Print the rows and the most memory that was taken; `more` goes into the JSON alone."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines = [f"{name:26} {_figures(row)}" for name, row in rows.items()]
    text = "\n".join([*lines, f"peak memory {peak_mb} MB"])
    finish({"rows": rows, **more, "peak_mb": peak_mb}, as_json=as_json, text=text)


def of_splits(products: Iterable[Product]) -> list[Product]:
    """Rows that say whether they are to be learnt or judged: peers are judged on `valid` alone, as we are."""
    return [one for one in products if one.part in ("train", "valid")]


def sampled(items: list[T], n: int) -> list[T]:
    """`n` of the items in their order, always the same; all of them for 0."""
    if not n or n >= len(items):
        return items
    chosen = np.sort(np.random.default_rng(SEED).choice(len(items), n, replace=False))
    return [items[at] for at in chosen]


def numbers(report: Mapping[str, object]) -> Row:
    """Those entries that are figures."""
    return {name: float(value) for name, value in report.items() if isinstance(value, int | float)}


def _figures(row: Row) -> str:
    return "  ".join(
        f"{name} {value:.3f}" if abs(value) < 10 else f"{name} {value:.0f}" for name, value in row.items()
    )
