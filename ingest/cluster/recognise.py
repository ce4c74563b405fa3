"""Which products are of a known kind and which are strangers, told by the products whose kind is known.

Each of these shows how near a product of a known kind lies to its like, and with its own kind taken away, how
near one lies whose kind nobody knows. So what counts as near is learnt from the catalogue itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ingest.cluster.density import NOISE
from ingest.cluster.groups import MOST_DIVIDED, MOST_JOINED
from ingest.cluster.kinds import Kinds
from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import sample
from taxonomy.ports import Floats

__all__ = ["recognise"]

_BLOCK_ROWS = 1024
_FREE = 100.0  # the odds are what the products show: held back, those of a single shelf say nothing
_ROUNDS = 50  # of estimating how many strangers there are
_RAREST = 0.02  # share of known kinds, and of strangers, that is thought possible at least


def recognise(points: Floats, groups: Indices, loose: Indices) -> Indices:
    """(n_loose,) int64: the shelf of each product that is likely of a known kind; `NOISE` for a stranger.

    Parameters
    ----------
    points : (n, dim) float32, unit rows, centred: two products that share nothing have a cosine of 0
    groups : (n,) int64
        The shelves of known products, from 0; `NOISE` for all others.
    loose : (n_loose,) int64
        Positions of the products to judge.

    Notes
    -----
    How many strangers there are is estimated from the judgements themselves (Saerens, Latinne and
    Decaestecker 2002), and believed as far as known products tell strangers apart: at a tenth of a grocer's
    labels they hardly do, and all products would be taken for known.
    """
    known = np.flatnonzero(groups != NOISE)
    if not len(known) or not len(loose):
        return np.full(len(loose), NOISE, np.int64)
    near = _Near.of(points, groups, known)
    examples = near.examples[sample(len(near.examples), MOST_DIVIDED, 0)]
    own, others = near.seen(examples, hide=False), near.seen(examples, hide=True)
    own = own[near.kinds.sizes[groups[examples]] > 1]  # one of its kind alone shows nothing of its like
    if not len(own):
        return np.full(len(loose), NOISE, np.int64)
    seen = np.vstack([own, others])
    is_known = np.arange(len(seen)) < len(own)
    weight = len(seen) / 2 / np.where(is_known, len(own), len(others))
    middle, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    judge = LogisticRegression(C=_FREE, max_iter=500).fit(
        (seen - middle) / spread, is_known, sample_weight=weight
    )
    told_apart = 2 * roc_auc_score(is_known, judge.decision_function((seen - middle) / spread)) - 1
    trust = max(0.0, told_apart) * len(own) / len(others)
    odds = judge.decision_function((near.seen(loose) - middle) / spread)
    return np.where(odds + trust * _prior(odds) > 0, near.shelves(loose), NOISE)


def _prior(odds: NDArray[np.float64]) -> float:
    """The log odds of a known kind, where `odds` take known kinds and strangers to be as many."""
    prior = 0.0
    for _ in range(_ROUNDS):
        share = float(np.mean(1 / (1 + np.exp(-np.clip(odds + prior, -500, 500)))))
        share = min(max(share, _RAREST), 1 - _RAREST)
        prior = float(np.log(share / (1 - share)))
    return prior


@dataclass(frozen=True)
class _Near:
    """How near products lie to shelves: to the nearest product of each, and to its centre."""

    points: Floats
    groups: Indices
    kinds: Kinds
    examples: Indices
    starts: Indices

    @classmethod
    def of(cls, points: Floats, groups: Indices, known: Indices) -> "_Near":
        """With as many products of each shelf as 20,000 examples have room for, ordered by shelf."""
        kinds = Kinds.of(points, groups, int(groups.max()) + 1)
        mixed = np.random.default_rng(0).permutation(known)
        mixed = mixed[np.argsort(groups[mixed], kind="stable")]
        starts = np.searchsorted(groups[mixed], np.arange(len(kinds.sizes)))
        most = len(known) if len(known) <= MOST_JOINED else max(1, MOST_JOINED // len(kinds.sizes))
        examples = mixed[np.arange(len(mixed)) - starts[groups[mixed]] < most]
        return cls(points, groups, kinds, examples, np.searchsorted(groups[examples], np.arange(len(starts))))

    def shelves(self, rows: Indices) -> Indices:
        """The shelf of the nearest known product."""
        blocks = [self._nearest(block).argmax(axis=1) for block in _blocks(rows)]
        return np.concatenate(blocks).astype(np.int64)

    def seen(self, rows: Indices, *, hide: bool = False) -> NDArray[np.float64]:
        """(n_rows, 4): to the nearest shelf, and how much nearer than to the second; by product, by centre.

        A known product is not seen beside itself; with `hide`, nor is any other of its shelf.
        """
        return np.vstack([self._seen(block, hide) for block in _blocks(rows)])

    def _seen(self, rows: Indices, hide: bool) -> NDArray[np.float64]:
        held = np.flatnonzero(self.groups[rows] != NOISE)
        own = self.groups[rows[held]]
        by_product, by_centre = self._nearest(rows), self.points[rows] @ self.kinds.centres.T
        by_centre[held, own] = self.kinds.to_others(self.points[rows[held]], own)
        if hide:
            by_product[held, own] = by_centre[held, own] = 0.0
        return np.hstack([_first_and_lead(by_product), _first_and_lead(by_centre)])

    def _nearest(self, rows: Indices) -> Floats:
        sims = self.points[rows] @ self.points[self.examples].T
        sims[rows[:, None] == self.examples] = -1.0
        return np.asarray(np.maximum.reduceat(sims, self.starts, axis=1), np.float32)


def _blocks(rows: Indices) -> list[Indices]:
    return [rows[at : at + _BLOCK_ROWS] for at in range(0, len(rows), _BLOCK_ROWS)]


def _first_and_lead(sims: Floats) -> NDArray[np.float64]:
    """(n, 2): the largest, and its lead over the second; where there is none, over what shares nothing."""
    padded = np.hstack([sims, np.zeros((len(sims), 2), np.float32)])
    best = np.partition(padded, -2, axis=1)[:, -2:]
    return np.column_stack([best[:, 1], best[:, 1] - best[:, 0]]).astype(np.float64)
