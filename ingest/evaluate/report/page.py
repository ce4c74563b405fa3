"""The report as one HTML file that needs nothing but itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.evaluate.classify import ClassifyReport
from ingest.evaluate.report.branches import Branch
from ingest.evaluate.report.chart import coverage_chart, reliability_chart
from ingest.evaluate.report.doubts import Suspect
from ingest.evaluate.report.examine import Report

__all__ = ["Limits", "render"]

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows of each table; the page says where more were left out, and the JSON has all of them."""

    branches: int = 200
    confusions: int = 40
    suspects: int = 60
    apart: int = 40
    queues: int = 30


def render(report: Report, *, limits: Limits | None = None) -> str:
    """The page: UTF-8 text, style and drawings within, no script, nothing fetched from anywhere.

    Whatever comes from the catalogue is escaped: titles may hold markup.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"percent": _percent, "count": _count, "leaf": _leaf, "above": _above}
    return pages.get_template("report.html.j2").render(
        report=report,
        figures=report.figures,
        sorted_branches=_largest(report, (limits or Limits()).branches),
        limits=limits or Limits(),
        suspects=_alike(report.suspects),
        coverage=coverage_chart(report.curve),
        reliability=reliability_chart(report.figures.bins),
        verdict=_verdict(report.figures),
    )


def _largest(report: Report, n: int) -> list[Branch]:
    """The branches with most products, in the order of the tree."""
    wanted = set(sorted(report.branches, key=lambda one: -one.n_products)[:n])
    return [one for one in report.branches if one in wanted]


def _alike(suspects: Sequence[Suspect]) -> list[tuple[Suspect, int]]:
    """Suspects of one title, label and suggestion as one, with their number."""
    found: dict[tuple[object, ...], list[Suspect]] = {}
    for one in suspects:
        found.setdefault((one.title, one.label, one.suggested, one.trained), []).append(one)
    return [(alike[0], len(alike)) for alike in found.values()]


def _verdict(figures: ClassifyReport) -> str:
    """Whether the promise was kept, as a word for the page: within what chance does to so many products."""
    n = figures.coverage * figures.leaf.n_products
    if not n:
        return "empty"
    asked = figures.precision_asked
    noise = 2 * (asked * (1 - asked) / n) ** 0.5
    if figures.precision_kept >= asked:
        return "kept"
    return "near" if figures.precision_kept >= asked - noise else "broken"


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}%"


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _leaf(path: str) -> str:
    """The last name of a path."""
    return path.rpartition(" > ")[2]


def _above(path: str) -> str:
    """The names above the last, with what parts them; empty for a top category."""
    above, parted, _ = path.rpartition(" > ")
    return f"{above} › ".replace(" > ", " › ") if parted else ""
