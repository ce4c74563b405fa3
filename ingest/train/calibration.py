"""The trained head, its words and its memory measured on rows that served for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.classify.bind import Bound, bind
from ingest.classify.calibrate import Calibration, fit_sureness, risk_curve
from ingest.classify.drift import Reference
from ingest.classify.guard import Guard
from ingest.classify.head import Head
from ingest.classify.layout import Indices
from ingest.classify.memory import Memory
from ingest.classify.wording import Wording
from ingest.train.dataset import Row
from ingest.train.mixture import Legs, fit_mixture, fit_settles
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats, Progress
from taxonomy.product import Path, ProductId
from taxonomy.tree import Tree

__all__ = ["HeldOut", "Measured", "Outcome", "calibrate"]

Lineage = tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What calibration rows told.

    Attributes
    ----------
    calibration : Calibration
        Fitted on them; the plain one without rows.
    reference : Reference
        What they look like.
    accuracy : float or None
        Share whose leaf was found; None without rows.
    """

    calibration: Calibration
    reference: Reference
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class _Look:
    product_id: ProductId
    leaf_id: NodeId
    leaf_probability: float
    foreign: float
    n_words: int


def calibrate(
    head: Head,
    memory: Memory,
    wording: Wording | None,
    guard: Guard,
    tree: Tree,
    rows: Sequence[Row],
    encoder: Encoder,
    *,
    progress: Progress,
) -> Measured:
    """All of a `Calibration` from rows that served for nothing else.

    A row whose full path is no terminal still tells whether a node above it was given rightly; one that the
    guard refuses is given none.
    """
    bound = bind(head, tree, encoder, memory=memory, wording=wording)
    held = HeldOut.of(bound, guard, tree, rows, encoder, progress=progress)
    everything = np.arange(len(rows))
    calibration = held.fit(everything)
    found = held.outcome(calibration, everything)
    strange = guard.foreign.scores([row.text for row in rows])
    terminals = bound.layout.terminals
    looks = [
        _Look(ProductId(""), terminals[leaf], float(sure), float(odd), row.text.count(" ") + 1)
        for leaf, sure, odd, row in zip(found.leaf, found.confidence, strange, rows, strict=True)
    ]
    accuracy = float(found.right.mean()) if rows else None
    return Measured(calibration, Reference.of(looks), accuracy)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a calibration makes of some held-out rows.

    Attributes
    ----------
    leaf : (n,) int
        The likeliest terminal of each.
    confidence : (n,) float32
        Its probability.
    right : (n,) bool
        Whether it is the truth.
    paths : (n, levels) float32
        Probabilities down its path; 0 for rows that the guard refuses.
    n_right : (n,) int
        How many nodes of that path, from the top, are the truth or above it.
    """

    leaf: Indices
    confidence: Floats
    right: NDArray[np.bool_]
    paths: Floats
    n_right: Indices


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows seen once, to fit a calibration on any part of them and to look at any other.

    Attributes
    ----------
    legs : Legs
        What head, words and memory say of the rows.
    truth : (n,) int
        Positions of the rows' terminals; -1 where the full path is none.
    lineages : list of tuple of NodeId
        The rows' paths as far as the tree has them.
    refused : (n,) bool
        By the guard.
    """

    legs: Legs
    truth: Indices
    lineages: list[Lineage]
    refused: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        bound: Bound,
        guard: Guard | None,
        tree: Tree,
        rows: Sequence[Row],
        encoder: Encoder,
        *,
        progress: Progress,
    ) -> "HeldOut":
        """Encode the rows and ask head, words, memory and guard."""
        texts = [row.text for row in rows]
        vectors = encoder.encode(texts, progress=progress)
        lineages = [_lineage(tree, row.path) for row in rows]
        whole = [len(chain) == len(row.path) for chain, row in zip(lineages, rows, strict=True)]
        position = bound.layout.position
        truth = [
            position.get(chain[-1], -1) if all_ else -1 for chain, all_ in zip(lineages, whole, strict=True)
        ]
        refused = guard.refused(texts) if guard else np.zeros(len(rows), dtype=np.bool_)
        return cls(
            Legs(bound, bound.head.logits(vectors), bound.scores(texts), bound.votes(vectors)),
            np.array(truth, dtype=np.int64),
            lineages,
            refused,
        )

    def fit(self, at: Indices) -> Calibration:
        """The calibration of the rows at these positions; the plain one without rows."""
        known = at[self.truth[at] >= 0]
        legs, truth = self.legs.of(known), self.truth[known]
        plain = fit_mixture(legs, truth)
        plain = replace(plain, settles=fit_settles(legs, truth, plain))
        if not len(at):
            return plain
        found = self.outcome(plain, at)
        plain = replace(plain, sureness=fit_sureness(found.confidence, found.right.astype(np.float64)))
        found = self.outcome(plain, at)
        return risk_curve(found.paths, found.n_right, plain)

    def outcome(self, calibration: Calibration, at: Indices) -> Outcome:
        """What the calibration makes of the rows at these positions."""
        layout = self.legs.bound.layout
        posteriors = calibration.sure(self.legs.of(at).posteriors(calibration))
        leaf = posteriors.argmax(axis=1)
        paths = layout.path_probabilities(posteriors, leaf)
        paths[self.refused[at]] = 0.0
        shared = [
            _n_shared(layout.lineages[one], self.lineages[row]) for one, row in zip(leaf, at, strict=True)
        ]
        confidence = posteriors[np.arange(len(at)), leaf]
        return Outcome(leaf, confidence, leaf == self.truth[at], paths, np.array(shared, dtype=np.int64))


def _n_shared(one: Lineage, other: Lineage) -> int:
    """How many nodes two lineages share from the top."""
    same = [a == b for a, b in zip(one, other, strict=False)]
    return same.index(False) if False in same else len(same)


def _lineage(tree: Tree, path: Path) -> Lineage:
    """The nodes of a path, from the top, as far as the tree has them."""
    found = (tree.find(path[:end]) for end in range(1, len(path) + 1))
    chain: list[NodeId] = []
    for at in found:
        if at is None:
            break
        chain.append(at)
    return tuple(chain)
