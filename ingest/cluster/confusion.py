"""Which categories a classifier takes for which: ridge regression, each product left out in its turn."""

import numpy as np

from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import unit
from taxonomy.ports import Floats

__all__ = ["left_out_scores"]

_RIDGE = 10.0
"""Of 1, 10 and 100, on products of two catalogues: what is mistaken for what says most of the shops' own
upper levels at 10 to 100, and 1 is 4 points of AMI behind."""
_BLOCK_ROWS = 4096


def left_out_scores(vectors: Floats, shelf_of: Indices, n_shelves: int) -> Floats:
    """What a linear classifier says, on average, of a category's products when it has not seen them.

    The score that a product would get from a classifier trained on all others has a closed form (PRESS), so
    nothing is drawn at random and nothing is trained twice.

    Parameters
    ----------
    vectors : (n, dim) float32
    shelf_of : (n,) int64
        The category of each product, 0..n_shelves - 1.

    Returns
    -------
    (n_shelves, n_shelves) float32
        Row: the true category, column: the one given. Rows of categories without products are zero.
    """
    sums = np.zeros((n_shelves, n_shelves))
    counts = np.bincount(shelf_of, minlength=n_shelves)
    if not len(vectors):
        return sums.astype(np.float32)
    points = unit(vectors - vectors.mean(axis=0)).astype(np.float64)
    prior = counts / len(points)
    targets = np.zeros((n_shelves, points.shape[1]))
    np.add.at(targets, shelf_of, points)
    inverse = np.linalg.inv(points.T @ points + _RIDGE * np.eye(points.shape[1]))
    weights = inverse @ (targets - np.outer(prior, points.sum(axis=0))).T
    for start in range(0, len(points), _BLOCK_ROWS):
        rows, own = points[start : start + _BLOCK_ROWS], shelf_of[start : start + _BLOCK_ROWS]
        leverage = np.einsum("nd,de,ne->n", rows, inverse, rows, optimize=True)[:, None]
        truth = np.eye(n_shelves)[own] - prior
        np.add.at(sums, own, (rows @ weights - leverage * truth) / (1 - leverage) + prior)
    scores: Floats = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    return scores
