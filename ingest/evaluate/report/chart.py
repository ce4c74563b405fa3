"""Where the lines and dots of the report's charts are drawn, in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.evaluate.report.curve import Point
from taxonomy.metrics.calibration import Bin

__all__ = ["Chart", "Dot", "Tick", "coverage_chart", "reliability_chart"]

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 24, 28, 40


@dataclass(frozen=True, slots=True)
class Dot:
    """A place, and what is said about it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `WIDTH` by `HEIGHT`, y growing downwards.

    Attributes
    ----------
    lines : tuple of tuple of Dot
        One a series.
    guide : tuple of float
        x and y of the two ends of the line where all would be well.
    """

    title: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[tuple[Dot, ...], ...]
    guide: tuple[float, float, float, float] | None
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, n: int) -> tuple[Tick, ...]:
        values = [self.low + (self.high - self.low) * step / n for step in range(n + 1)]
        return tuple(Tick(self.at(value), _percent(value)) for value in values)


def coverage_chart(points: Sequence[Point]) -> Chart:
    """The share of products that get a category against the precision kept, least asked first."""
    x = _across(_floor([one.kept for one in points]), 1.0)
    y = _up(_floor([one.coverage for one in points]), 1.0)
    dots = tuple(
        Dot(
            x.at(one.kept),
            y.at(one.coverage),
            f"asked {_percent(one.asked)}: {_percent(one.kept)} right, {_percent(one.coverage)} of products",
        )
        for one in points
    )
    return Chart(
        "Share of products that get a category, by the share of these that is right",
        "right", "get a category", x.ticks(5), y.ticks(5), (dots,), None,
    )  # fmt: skip


def reliability_chart(bins: Sequence[Bin]) -> Chart:
    """How often answers of like confidence are right; on the guide, probabilities mean what they say."""
    x, y = _across(0.0, 1.0), _up(0.0, 1.0)
    dots = tuple(
        Dot(
            x.at(one.confidence),
            y.at(one.accuracy),
            f"{one.n} products, {_percent(one.confidence)} sure, {_percent(one.accuracy)} right",
        )
        for one in bins
    )
    return Chart(
        "Share that is right, by how sure the model is", "sure", "right", x.ticks(5), y.ticks(5), (dots,),
        (x.at(0), y.at(0), x.at(1), y.at(1)),
    )  # fmt: skip


def _across(low: float, high: float) -> _Axis:
    return _Axis(low, high, _LEFT, WIDTH - _RIGHT)


def _up(low: float, high: float) -> _Axis:
    return _Axis(low, high, HEIGHT - _BOTTOM, _TOP)


def _floor(values: Sequence[float]) -> float:
    """Where an axis up to 1 begins: below all values, and so that five steps are round figures."""
    return next(low for low in (0.9, 0.75, 0.5, 0.0) if low <= min(values, default=0.0))


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%" if value < 0.9995 else "100%"
