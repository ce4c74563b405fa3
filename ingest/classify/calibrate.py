"""Probabilities that mean what they say, and the threshold that keeps a promised precision."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.classify.head import softmax
from ingest.classify.layout import Indices
from taxonomy.ports import Floats

__all__ = ["Calibration", "fit_temperature", "risk_curve"]

_TEMPERATURES = np.geomspace(0.5, 5.0, 48)  # a factor of 1.05 between two: finer than the data can tell
_MAX_POINTS = 400  # of the curve that is kept


@dataclass(frozen=True)
class Calibration:
    """What was learnt from products that served for nothing else.

    Attributes
    ----------
    temperature : float
        Logits are divided by it.
    thresholds : tuple of float
        Ascending node probabilities.
    given, wrong : tuple of int
        At each threshold: calibration products that got a node, and those among them that got a wrong one.
    """

    temperature: float = 1.0
    thresholds: tuple[float, ...] = ()
    given: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()

    def threshold(self, precision: float) -> float:
        """The least node probability at which the promise holds; infinite where none does.

        A given node is right if it is the truth or an ancestor of it. The promise, wrong <= (1 - precision) x
        given, is the risk of the loss ``1[wrong] - (1 - precision) 1[given]``, which is at most `precision`.
        With the finite-sample margin for bounded losses of Angelopoulos, Bates, Fisch, Lei and Schuster,
        *Conformal Risk Control* (arXiv:2208.02814, eq. 4), its bound is
        ``(wrong + 1) / (given + 1) <= 1 - precision``. It holds for new products of the same kind, on average
        over calibration sets; their theorem wants a loss that falls as the threshold rises, which this one
        does only nearly, so a test measures what is kept. Without calibration data the probability itself
        must reach `precision`.
        """
        if not self.thresholds:
            return precision
        risk = (np.array(self.wrong) + 1) / (np.array(self.given) + 1)
        kept = np.flatnonzero(risk <= 1 - precision + 1e-12)
        return self.thresholds[kept[0]] if len(kept) else float("inf")


def fit_temperature(logits: Floats, truth: Indices) -> float:
    """The temperature under which (n, n_rows) logits make the (n,) true rows likeliest; 1 without data.

    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks* (arXiv:1706.04599).
    """
    if not len(truth):
        return 1.0
    at = np.arange(len(truth))

    def loss(temperature: float) -> float:
        return float(-np.log(np.maximum(softmax(logits, temperature=temperature)[at, truth], 1e-12)).mean())

    return float(min(_TEMPERATURES, key=loss))


def risk_curve(path_probabilities: Floats, n_right: Indices, temperature: float) -> Calibration:
    """How many products get a node, and a wrong one, at each threshold.

    Parameters
    ----------
    path_probabilities : (n, levels) float32
        Of the likeliest terminal's path, falling from left to right, 0 past the terminal.
    n_right : (n,) int
        How many nodes of that path, from the top, are the truth or above it.
    temperature : float
        Kept beside the curve.
    """
    levels = np.unique(path_probabilities[path_probabilities > 0])
    if not len(levels):
        return Calibration(temperature)
    picked = np.unique(np.linspace(0, len(levels) - 1, min(len(levels), _MAX_POINTS)).round().astype(int))
    # The gap between two seen probabilities is safe to the same degree; its upper end errs on the safe side.
    thresholds = levels[picked]
    given, wrong = zip(*(_count(path_probabilities, n_right, at) for at in thresholds), strict=True)
    return Calibration(temperature, tuple(map(float, thresholds)), given, wrong)


def _count(paths: Floats, n_right: Indices, threshold: np.float32) -> tuple[int, int]:
    depth: NDArray[np.int64] = (paths >= threshold).sum(axis=1)
    return int((depth > 0).sum()), int((depth > n_right).sum())
