"""The trained head measured on rows that served for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.classify.bind import bind
from ingest.classify.calibrate import Calibration, fit_temperature, risk_curve
from ingest.classify.head import Head, softmax
from ingest.train.dataset import Row
from taxonomy.node import NodeId
from taxonomy.ports import Encoder, Progress
from taxonomy.product import Path
from taxonomy.tree import Tree

__all__ = ["Measured", "calibrate"]

Lineage = tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A calibration, and the leaf accuracy seen on the way; None without rows."""

    calibration: Calibration
    accuracy: float | None


def calibrate(
    head: Head, tree: Tree, rows: Sequence[Row], encoder: Encoder, *, progress: Progress
) -> Measured:
    """Temperature and risk curve from rows that served for nothing else; the plain ones without rows.

    A row whose full path is no terminal still tells whether a node above it was given rightly.
    """
    if not rows:
        return Measured(Calibration(), None)
    bound = bind(head, tree, encoder)
    logits = bound.head.logits(encoder.encode([row.text for row in rows], progress=progress))
    lineages = [_lineage(tree, row.path) for row in rows]
    position = {at: index for index, at in enumerate(bound.head.ids)}
    ends = [
        position.get(chain[-1], -1) if len(chain) == len(row.path) else -1
        for row, chain in zip(rows, lineages, strict=True)
    ]
    known = np.array(ends) >= 0
    temperature = fit_temperature(logits[known], np.array(ends)[known])
    posteriors = bound.regroup(softmax(logits, temperature=temperature))
    best = posteriors.argmax(axis=1)
    paths = bound.layout.path_probabilities(posteriors, best)
    n_right = [_n_shared(bound.layout.lineages[at], chain) for at, chain in zip(best, lineages, strict=True)]
    found = [
        bound.layout.lineages[at] == chain and len(chain) == len(row.path)
        for at, chain, row in zip(best, lineages, rows, strict=True)
    ]
    return Measured(risk_curve(paths, np.array(n_right), temperature), float(np.mean(found)))


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
