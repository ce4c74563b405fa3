"""How much of the posterior each leg of the classifier gets, read off held-out products."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ingest.classify.bind import Bound
from ingest.classify.calibrate import Calibration
from ingest.classify.head import softmax
from ingest.classify.layout import Indices
from taxonomy.ports import Floats

__all__ = ["Legs", "fit_mixture", "fit_settles"]

_TEMPERATURES = np.geomspace(0.5, 5.0, 48).tolist()  # a factor of 1.05 apart: finer than the data can tell
_SHARPNESS = np.geomspace(1.0, 16.0, 13).tolist()
_SHARES = [0.1 * tenth for tenth in range(10)]  # a tenth stays: words and memory say 0 of what they never saw
_LEAST = 1e-4  # a truth that is given no probability at all is no infinite loss
_SETTLES = (
    0.95,
    0.98,
)  # with 0.9 and below no leaf was lost, but a grocer's products were given 0.01 to 0.09
# levels less: what words say alone is told apart less well near the price of an error than what all legs say
_TELLING = 100  # products that words would settle, or too few to say that they lose nothing by it
_ROUNDS = 8  # at most: it ends where nothing moves


@dataclass(frozen=True)
class Legs:
    """What each leg says of some products.

    Attributes
    ----------
    bound : Bound
        The legs.
    logits : (n, n_rows) float32
        The head's.
    scores : (n, n_choices) float32
        Of words.
    votes : (n, n_terminals) float32
        Of the memory.
    """

    bound: Bound
    logits: Floats
    scores: Floats
    votes: Floats

    def of(self, at: Indices) -> "Legs":
        """The same of the products at these positions."""
        return Legs(self.bound, self.logits[at], self.scores[at], self.votes[at])

    def posteriors(self, by: Calibration) -> Floats:
        """(n, n_terminals) float32, before `Calibration.sure`."""
        head = self.bound.regroup(softmax(self.logits, temperature=by.temperature))
        said = self.bound.said(self.scores, by.sharpness)
        settled = self.bound.settled(said, by)[:, None]
        found: Floats = np.where(settled, said, self.bound.mixed(head, said, self.votes, by))
        return found


def fit_mixture(legs: Legs, truth: Indices) -> Calibration:
    """The mixture under which the truth, (n,) positions of terminals, is likeliest; the usual without any.

    One part is fitted after the other, until none moves. Of the temperature: Guo, Pleiss, Sun and Weinberger,
    *On Calibration of Modern Neural Networks* (arXiv:1706.04599).
    """
    n_words, n_known = legs.bound.worded.any(), len(legs.bound.memory)
    best = Calibration(
        wording_share=Calibration.wording_share if n_words else 0.0,
        memory_share=Calibration.memory_share if n_known else 0.0,
    )
    if not len(truth):
        return best
    for _ in range(_ROUNDS):
        before = best
        best = _likeliest(legs, truth, (replace(best, temperature=one) for one in _TEMPERATURES))
        if n_words:
            best = _likeliest(legs, truth, (replace(best, sharpness=one) for one in _SHARPNESS))
        best = _likeliest(
            legs,
            truth,
            (
                replace(best, wording_share=one, memory_share=other)
                for one in (_SHARES if n_words else [0.0])
                for other in (_SHARES if n_known else [0.0])
            ),
        )
        if best == before:
            break
    return best


def fit_settles(legs: Legs, truth: Indices, by: Calibration) -> float:
    """From which probability on words answer alone: the least at which, and above which, no product is lost.

    On a marketplace and a grocer they then answer for two in three and for half of the products: these are
    not encoded.
    """
    if not by.wording_share:
        return Calibration.settles
    said = legs.bound.said(legs.scores, by.sharpness)
    both = (legs.posteriors(replace(by, settles=1.0)).argmax(axis=1), said.argmax(axis=1))
    lost = np.subtract(*(at == truth for at in both), dtype=np.int64)
    least = Calibration.settles
    for one in sorted(_SETTLES, reverse=True):
        settled = said.max(axis=1) > one
        if lost[settled].sum() > 0:
            break
        least = one if settled.sum() >= _TELLING else least
    return least


def _likeliest(legs: Legs, truth: Indices, choices: Iterable[Calibration]) -> Calibration:
    """The choice with the least mean surprise at the truth, the first of several."""
    known = _Known(legs, truth)
    return min(choices, key=known.surprise)


class _Known:
    """The parts of posteriors that a surprise at the truth is made of; what stays between choices is kept."""

    def __init__(self, legs: Legs, truth: Indices) -> None:
        self.legs, self.truth, self.at = legs, truth, np.arange(len(truth))
        self.worded, self.remembered = legs.bound.worded, legs.bound.remembered
        self.voted = legs.votes[self.at, truth]
        self._heads: dict[float, tuple[Floats, ...]] = {}
        self._said: dict[float, tuple[Floats, Floats]] = {}

    def surprise(self, by: Calibration) -> float:
        """The mean of -log of the truth's probability; as `Bound.mixed`, of the truth alone."""
        own, to_words, to_memory, to_both = self._head(by.temperature)
        said, said_of_known = self._words(by.sharpness)
        one, other = by.wording_share, by.memory_share
        worded = own - one * own * self.worded[self.truth] + one * to_words * said
        known = to_memory - one * to_both + one * to_words * said_of_known
        mixed = worded - other * worded * self.remembered[self.truth] + other * known * self.voted
        return float(-np.log(np.maximum(mixed, _LEAST)).mean())

    def _head(self, temperature: float) -> tuple[Floats, ...]:
        """The head's probability of the truth, and of terminals with words, a memory, and both: (n,) each."""
        if temperature not in self._heads:
            bound = self.legs.bound
            head = bound.regroup(softmax(self.legs.logits, temperature=temperature))
            masks = np.stack([self.worded, self.remembered, self.worded * self.remembered], axis=1)
            self._heads[temperature] = (head[self.at, self.truth], *(head @ masks).T)
        return self._heads[temperature]

    def _words(self, sharpness: float) -> tuple[Floats, Floats]:
        """What words make of the truth, and of all terminals with a memory: (n,) each."""
        if sharpness not in self._said:
            said = self.legs.bound.said(self.legs.scores, sharpness)
            self._said[sharpness] = (said[self.at, self.truth], said @ self.remembered)
        return self._said[sharpness]
