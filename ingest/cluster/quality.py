"""How good a tree is by itself, without knowing the right one."""

from dataclasses import dataclass

import numpy as np

from ingest.cluster.density import NOISE
from ingest.cluster.leftovers import centroids
from ingest.cluster.linkage import Indices
from taxonomy.ports import Floats

__all__ = ["Quality", "judge"]


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures to compare two builds of one catalogue by.

    Attributes
    ----------
    n_products, n_leaves : int
    cohesion : float
        Mean cosine of the placed products to the centre of their leaf.
    separation : float
        Mean over leaves of 1 - cosine to the nearest other leaf's centre; 1 for a single leaf.
    balance : float
        Entropy of leaf sizes over its maximum: 1 for equal sizes.
    noise_share : float
        Part of the products that no leaf took.
    """

    n_products: int
    n_leaves: int
    cohesion: float
    separation: float
    balance: float
    noise_share: float


def judge(vectors: Floats, leaves: Indices) -> Quality:
    """Quality of a partition into leaves.

    Parameters
    ----------
    vectors : (n, dim) float32, unit rows
    leaves : (n,) int64
        A leaf from 0, or `NOISE`. No products give zeros.
    """
    held = leaves != NOISE
    middle = centroids(vectors, leaves)
    if not held.any():
        return Quality(len(vectors), 0, 0.0, 0.0, 0.0, float(len(vectors) > 0))
    cohesion = float((vectors[held] * middle[leaves[held]]).sum(axis=1).mean())
    sims = middle @ middle.T
    np.fill_diagonal(sims, -np.inf)
    separation = float((1 - sims.max(axis=1)).mean()) if len(middle) > 1 else 1.0
    shares = np.bincount(leaves[held]) / held.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    balance = entropy / float(np.log(len(middle))) if len(middle) > 1 else 1.0
    return Quality(len(vectors), len(middle), cohesion, separation, balance, float(1 - held.mean()))
