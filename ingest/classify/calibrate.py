"""Probabilities that mean what they say, and the price of an error that keeps a promised precision."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.optimize import minimize

from ingest.classify.layout import Indices
from taxonomy.ports import Floats

__all__ = ["Calibration", "deepest_safe", "fit_sureness", "risk_curve"]

WORDING_SHARE, SHARPNESS, MEMORY_SHARE = 0.3, 5.0, 0.5
"""Where nothing is fitted. On two public catalogues the truth was likeliest with 0.2 and 0.5 of words at
sharpness 5, and with 0.5 and 0.7 of the memory."""

_FIRST_STEP = 1.0
"""Giving a product any node at all is worth as much as one more level. At a promise of 0.95, a catalogue
judged by halves got 0.90, 0.93, 0.94 and 0.95 of its products a node for 0, 1, 2 and 3, which lay 0.35, 0.40,
0.44 and 0.48 levels above the truth."""

Doubles = NDArray[np.float64]

_PRICES = np.geomspace(0.25, 4000.0, 240)  # a factor of 1.04 between two: finer than the data can tell
_LASTING = 24  # prices, a factor of 2.6; 100 calibration products then keep 0.95 on average, else 0.94
_EDGE = 1e-6  # probabilities are kept this far from 0 and 1 where their logarithm is taken
_LEAD = 1.0001  # of the likeliest terminal over the next, at least
_PRIOR = 10.0  # of the sureness map towards saying nothing, in products


@dataclass(frozen=True)
class Calibration:
    """What was learnt from products that served for nothing else.

    Attributes
    ----------
    temperature : float
        The head's logits are divided by it.
    wording_share, sharpness : float
        How much of the head's probability words give out anew, in 0..1, and what their scores are multiplied
        by on the way to probabilities.
    memory_share : float
        How much of what comes of that the remembered products give out anew, in 0..1.
    settles : float
        Where words give a terminal more than this, nothing else is asked; 1 for never.
    sureness : tuple of float
        (a, b, c) of the map ``logit p' = a log p - b log(1 - p) + c`` of the likeliest terminal's
        probability; the others share what is left as before. Kull, Silva Filho and Flach, *Beta calibration*
        (AISTATS 2017).
    prices : tuple of float
        Ascending prices of a wrong node, in levels; see `deepest_safe`.
    given, wrong : tuple of int
        At each price: calibration products that got a node, and those among them that got a wrong one.
    """

    temperature: float = 1.0
    wording_share: float = WORDING_SHARE
    sharpness: float = SHARPNESS
    memory_share: float = MEMORY_SHARE
    settles: float = 1.0
    sureness: tuple[float, float, float] = (1.0, 1.0, 0.0)
    prices: tuple[float, ...] = ()
    given: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()

    def price(self, precision: float) -> float:
        """The least price of an error at which the promise holds; infinite where none does.

        A given node is right if it is the truth or an ancestor of it. The promise, wrong <= (1 - precision) x
        given, bounds the risk of the loss ``1[wrong] - (1 - precision) 1[given]`` by 0; this loss is at most
        `precision`. With the finite-sample margin for bounded losses of split conformal risk control
        (Angelopoulos, Bates, Fisch, Lei and Schuster, *Conformal Risk Control*, arXiv:2208.02814, eq. 4),
        a price keeps the promise if ``(wrong + 1) / (given + 1) <= 1 - precision`` on the calibration
        products. It then holds for new products exchangeable with these, on average over calibration sets.
        Their theorem wants a loss that never rises with the price, which this one does only nearly: the least
        price would often be a lucky one. So the least is taken from which the promise goes on to hold up to
        2.6 times that price, else the greatest at which it holds; a test measures what is kept. Without
        calibration data nothing is promised, and so nothing given.
        """
        if not self.prices:
            return float("inf")
        risk = (np.array(self.wrong) + 1) / (np.array(self.given) + 1)
        holds = risk <= 1 - precision + 1e-12
        lasting = np.flatnonzero(sliding_window_view(holds, min(_LASTING, len(holds))).all(axis=1))
        if len(lasting):
            return self.prices[int(lasting[0])]
        return self.prices[int(np.flatnonzero(holds)[-1])] if holds.any() else float("inf")

    def sure(self, posteriors: Floats) -> Floats:
        """(n, n_terminals) float32 posteriors with the likeliest terminal's probability put right.

        It stays the likeliest: that it is the best guess is no question of how good a guess it is.
        """
        if not len(posteriors) or self.sureness == (1.0, 1.0, 0.0):
            return posteriors
        at, best = np.arange(len(posteriors)), posteriors.argmax(axis=1)
        before = posteriors[at, best].astype(np.float64)
        mended = posteriors / np.maximum(1 - before, _EDGE)[:, None].astype(np.float32)
        mended[at, best] = 0.0
        rival = _LEAD * mended.max(axis=1).astype(np.float64)
        after = np.maximum(_sure(before, np.array(self.sureness)), rival / (1 + rival))
        mended *= (1 - after)[:, None].astype(np.float32)
        mended[at, best] = after
        rows: Floats = mended / mended.sum(axis=1, keepdims=True)
        return rows


def deepest_safe(path_probabilities: Floats, price: float) -> Indices:
    """How deep to go on each path, 0 for not at all: (n,) int.

    A right node at level `d` is worth ``d`` and 1 for being one at all, a wrong one costs `price`; the level
    of the greatest expected worth is taken, if that is above 0. So a product stops where going on would risk
    more than it gains, not where a probability passes a mark: that keeps the same precision at more depth
    (Deng, Krause, Berg and Fei-Fei, *Hedging Your Bets: Optimizing Accuracy-Specificity Trade-offs in Large
    Scale Visual Recognition*, CVPR 2012).

    Parameters
    ----------
    path_probabilities : (n, levels) float32
        Falling from left to right, 0 past the end of a path.
    price : float
        Of an error, in levels.

    >>> paths = np.array([[0.99, 0.97, 0.6], [0.4, 0.4, 0.4]], dtype=np.float32)
    >>> deepest_safe(paths, 10.0).tolist()
    [2, 0]
    """
    if not path_probabilities.shape[1] or not np.isfinite(price):
        return np.zeros(len(path_probabilities), dtype=np.int64)
    worth = _FIRST_STEP + np.arange(1, path_probabilities.shape[1] + 1)
    expected = path_probabilities * worth - price * (1 - path_probabilities)
    depths: Indices = np.where(expected.max(axis=1) > 0, expected.argmax(axis=1) + 1, 0)
    return depths


def fit_sureness(confidence: Floats, right: Doubles) -> tuple[float, float, float]:
    """The map of `Calibration.sureness` under which (n,) answers' rightness, 0 or 1, is likeliest.

    Few answers move it little: ten answers' worth of belief hold it to saying nothing.
    """
    if not len(confidence):
        return (1.0, 1.0, 0.0)
    probability = np.asarray(confidence, dtype=np.float64)

    def loss(at: Doubles) -> float:
        sure = np.clip(_sure(probability, at), _EDGE, 1 - _EDGE)
        fit = -(right * np.log(sure) + (1 - right) * np.log(1 - sure)).sum()
        return float(fit + _PRIOR / 2 * ((at - (1.0, 1.0, 0.0)) ** 2).sum())

    bounds = [(0.0, None), (0.0, None), (None, None)]
    a, b, c = minimize(loss, np.array([1.0, 1.0, 0.0]), bounds=bounds, method="L-BFGS-B").x
    return float(a), float(b), float(c)


def _sure(probability: Doubles, at: Doubles) -> Doubles:
    clipped = np.clip(probability, _EDGE, 1 - _EDGE)
    logit = at[0] * np.log(clipped) - at[1] * np.log1p(-clipped) + at[2]
    sure: Doubles = 1 / (1 + np.exp(-logit))
    return sure


def risk_curve(
    path_probabilities: Floats, n_right: Indices, calibration: Calibration | None = None
) -> Calibration:
    """How many products get a node, and a wrong one, at each price of an error.

    Parameters
    ----------
    path_probabilities : (n, levels) float32
        Of the likeliest terminal's path, falling from left to right, 0 past the terminal.
    n_right : (n,) int
        How many nodes of that path, from the top, are the truth or above it.
    calibration : Calibration, optional
        What else was learnt; the curve is added to it.
    """
    calibration = calibration or Calibration()
    if not len(path_probabilities):
        return calibration
    depths = [deepest_safe(path_probabilities, price) for price in _PRICES]
    return replace(
        calibration,
        prices=tuple(map(float, _PRICES)),
        given=tuple(int((depth > 0).sum()) for depth in depths),
        wrong=tuple(int((depth > n_right).sum()) for depth in depths),
    )
