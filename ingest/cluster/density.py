"""From a binary tree over points to dense groups: hdbscan's condensed tree and its stable clusters.

hdbscan builds its condensed tree over single linkage. On vectors of product titles that calls half of a real
catalogue noise, so by default the same condensed tree is taken over average linkage, where a group is as far
from another as their products are on average. Leaf AMI on 4,000 titles of two catalogues, noise attached:
0.74 and 0.49, against 0.72 and 0.49 for HDBSCAN on UMAP at 20 times the time, 0.70 and 0.45 for it on PCA.
"""

import numpy as np
from hdbscan import _hdbscan_tree as hdbscan_tree
from numpy.typing import NDArray

from ingest.cluster.linkage import Indices, Merges
from ingest.cluster.reduce import Points

__all__ = ["NOISE", "dense_groups", "expand"]

NOISE = -1
_NEAREST = (
    0.05  # closer than this are variants of one product; unbounded, their density would outweigh all else
)


def expand(merges: Merges, points: Points) -> Merges:
    """The tree over products, equal ones joined first at distance 0.

    Parameters
    ----------
    merges : (n_points - 1, 4) float64
        A tree over `points`.

    Returns
    -------
    (n_products - 1, 4) float64
    """
    n, first = len(points.point_of), np.full(len(points.weights), -1)
    rows: list[tuple[float, float, float, float]] = []
    size = np.zeros(len(points.weights), np.int64)
    for product, point in enumerate(points.point_of):
        if first[point] >= 0:
            size[point] += 1
            rows.append((first[point], product, 0.0, size[point]))
            first[point] = n + len(rows) - 1
        else:
            first[point], size[point] = product, 1
    place = np.concatenate([first, n + len(rows) + np.arange(len(merges))])
    above = merges.copy()
    above[:, :2] = place[merges[:, :2].astype(int)]
    return np.vstack([np.array(rows, np.float64).reshape(-1, 4), above])


def dense_groups(merges: Merges, *, n: int, min_size: int) -> Indices:
    """The stablest groups of at least `min_size` products that do not overlap.

    Parameters
    ----------
    merges : (n - 1, 4) float64
        The tree over all n products.

    Returns
    -------
    (n,) int64
        The group of each product, from 0; `NOISE` where no group is dense enough. All noise for fewer than
        `min_size` products; one group of all where nothing divides them.
    """
    if n < max(min_size, 2):
        return np.full(n, NOISE, np.int64)
    floored = merges.copy()
    floored[:, 2] = np.maximum(merges[:, 2], _NEAREST)
    condensed = hdbscan_tree.condense_tree(floored, min_size)
    groups = _stable(condensed)
    return groups if (groups != NOISE).any() else np.zeros(n, np.int64)


def _stable(condensed: NDArray[np.void]) -> Indices:
    stability = hdbscan_tree.compute_stability(condensed)
    labels, _, _ = hdbscan_tree.get_clusters(condensed, stability, cluster_selection_method="eom")
    return np.asarray(labels, np.int64)
