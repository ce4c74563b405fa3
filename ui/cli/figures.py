"""Figures as people read them: names beside values, and what comes in rows as a table."""

from collections.abc import Mapping, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["readable"]

_WIDTH = 160  # of a table that is wider the terminal breaks the lines


def readable(figures: Mapping[str, object]) -> str:
    """The figures as text: single ones first, then a table for each group of rows.

    >>> print(readable({"products": 2, "leaf": {"f1": 0.5}, "levels": (0.75, 1.0)}))
    products  2
    leaf f1   0.5000
    levels    0.7500, 1.0000
    """
    single, tables = Table.grid(padding=(0, 2)), list[Table]()
    for name, value in _flat(figures).items():
        rows = _rows(value)
        if rows:
            tables.append(_table(name, rows))
        else:
            single.add_row(Text(name), Text(_cell(value)))
    shown: list[Table] = [single] if single.row_count else []
    console = Console(file=StringIO(), width=_WIDTH, color_system=None)
    with console.capture() as text:
        console.print(*shown, *tables, sep="\n")
    return "\n".join(line.rstrip() for line in text.get().splitlines()).strip("\n")


def _flat(figures: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Groups of single figures go into names; groups of like groups stay, as rows."""
    found: dict[str, object] = {}
    for name, value in figures.items():
        full = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping) and not _rows(value):
            found |= _flat(value, f"{full} ")
        else:
            found[full] = value
    return found


def _rows(value: object) -> list[dict[str, object]]:
    """What is one group of figures after the other; empty for anything else."""
    if isinstance(value, Mapping):
        named = [{"": name, **one} if isinstance(one, Mapping) else {} for name, one in value.items()]
        return [_flat(one) for one in named] if all(named) else []
    if isinstance(value, Sequence) and not isinstance(value, str):
        groups = [_flat(one) if isinstance(one, Mapping) else {} for one in value]
        return groups if all(groups) else []
    return []


def _table(title: str, rows: Sequence[Mapping[str, object]]) -> Table:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        is_figure = all(isinstance(row.get(name, 0), int | float) for row in rows)
        table.add_column(Text(name), justify="right" if is_figure else "left")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name, ""))) for name in names))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_cell, value))
    return str(value)
