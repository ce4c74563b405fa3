"""The report on a classifier as one HTML file."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.classify import ClassifyReport
from ingest.evaluate.report.branches import Branch
from ingest.evaluate.report.chart import coverage_chart, reliability_chart
from ingest.evaluate.report.doubts import Suspect
from ingest.evaluate.report.examine import Report
from ingest.evaluate.report.template import fill

__all__ = ["Limits", "render"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows of each table; the page says where more were left out, and the JSON has all of them."""

    branches: int = 200
    confusions: int = 40
    suspects: int = 60
    apart: int = 40
    queues: int = 30


def render(report: Report, *, limits: Limits | None = None) -> str:
    """The page; what it leaves out for want of room it says."""
    return fill(
        "report.html.j2",
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
