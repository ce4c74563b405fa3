"""The trained head and its memory measured on rows that served for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.classify.bind import Bound, bind
from ingest.classify.calibrate import Calibration, fit_sureness, risk_curve
from ingest.classify.drift import Reference
from ingest.classify.guard import Guard
from ingest.classify.head import Head, softmax
from ingest.classify.layout import Indices
from ingest.classify.memory import Memory
from ingest.train.dataset import Row
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Floats, Progress
from taxonomy.product import Path, ProductId
from taxonomy.tree import Tree

__all__ = ["Measured", "calibrate", "fit_mixture"]

_TEMPERATURES = np.geomspace(0.5, 5.0, 48)  # a factor of 1.05 between two: finer than the data can tell
_SHARES = tuple(
    0.1 * tenth for tenth in range(10)
)  # the head keeps a tenth: the memory says 0 of what it never saw
_LEAST = 1e-4  # a truth that is given no probability at all is no infinite loss

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
    bound = bind(head, tree, encoder, memory=memory)
    texts = [row.text for row in rows]
    vectors = encoder.encode(texts, progress=progress)
    lineages = [_lineage(tree, row.path) for row in rows]
    truth = np.array(
        [
            bound.layout.position.get(chain[-1], -1) if len(chain) == len(row.path) else -1
            for row, chain in zip(rows, lineages, strict=True)
        ],
        dtype=np.int64,
    )
    known = truth >= 0
    temperature, share = fit_mixture(bound, vectors[known], truth[known])
    plain = Calibration(temperature, share)
    if not rows:
        return Measured(plain, Reference.of(()), None)
    posteriors = bound.posteriors(vectors, temperature=temperature, memory_share=share)
    best, at = posteriors.argmax(axis=1), np.arange(len(rows))
    right = (best == truth).astype(np.float64)
    plain = replace(plain, sureness=fit_sureness(posteriors[at, best], right))
    sure = plain.sure(posteriors)
    paths = bound.layout.path_probabilities(sure, best)
    paths[guard.refused(texts)] = 0.0
    n_right = [_n_shared(bound.layout.lineages[at], chain) for at, chain in zip(best, lineages, strict=True)]
    strange = guard.foreign.scores(texts)
    looks = [
        _Look(
            ProductId(""),
            bound.layout.terminals[best[row]],
            float(sure[row, best[row]]),
            float(strange[row]),
            text.count(" ") + 1,
        )
        for row, text in enumerate(texts)
    ]
    curve = risk_curve(paths, np.array(n_right), plain)
    return Measured(curve, Reference.of(looks), float(right.mean()))


def fit_mixture(bound: Bound, vectors: Floats, truth: Indices) -> tuple[float, float]:
    """The temperature and the memory's share under which the truth is likeliest; the usual without data.

    For the temperature: Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*
    (arXiv:1706.04599).

    Parameters
    ----------
    bound : Bound
        The head and its memory.
    vectors : (n, dim) float32
        Unit rows.
    truth : (n,) int
        Positions among the terminals.
    """
    usual = Calibration().memory_share if len(bound.memory) else 0.0
    if not len(truth):
        return 1.0, usual
    shares = _SHARES if len(bound.memory) else _SHARES[:1]
    logits, votes = bound.head.logits(vectors), bound.votes(vectors)
    losses = [_losses(bound, softmax(logits, temperature=one), votes, truth, shares) for one in _TEMPERATURES]
    row, column = np.unravel_index(int(np.argmin(losses)), (len(losses), len(shares)))
    return float(_TEMPERATURES[row]), float(shares[column])


def _losses(
    bound: Bound, row_probabilities: Floats, votes: Floats, truth: Indices, shares: Sequence[float]
) -> list[float]:
    """The mean surprise at the truth, for each of the memory's shares."""
    head = bound.regroup(row_probabilities)
    at = np.arange(len(truth))
    mixed = (bound.mixed(head, votes, share)[at, truth] for share in shares)
    return [float(-np.log(np.maximum(one, _LEAST)).mean()) for one in mixed]


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
