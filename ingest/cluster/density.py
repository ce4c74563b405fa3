"""From a binary tree over points to dense groups: hdbscan's condensed tree and its stable clusters.

hdbscan builds its condensed tree over single linkage. On vectors of product titles that calls half of a real
catalogue noise, so by default the same condensed tree is taken over average linkage, where a group is as far
from another as their products are on average. Leaf AMI on 4,000 titles of two catalogues, noise attached:
0.74 and 0.49, against 0.72 and 0.49 for HDBSCAN on UMAP at 20 times the time, 0.70 and 0.45 for it on PCA.
"""

from math import sqrt

import numpy as np
from hdbscan import _hdbscan_tree as hdbscan_tree

from ingest.cluster.linkage import Indices, Merges
from ingest.cluster.reduce import Points

__all__ = ["NOISE", "dense_groups", "divide", "expand", "grain"]

NOISE = -1
_CLOSEST = 1e-3  # hdbscan divides by the distance
_NEAREST = 0.45
"""The coarsest grain. Points are centred, so two products are 1 apart on average: what is less than half of
that apart mostly differs in make or model, and must not outweigh what differs in kind. Leaf AMI on 4,000
titles of two catalogues: 0.61 and 0.43 with a grain of 0.05, 0.74 and 0.45 with 0.2, 0.82 and 0.51 so."""
_PART = 0.75
_TWINS = 36  # 2 products of 4,000, 3 of 12,000
_INSIDE = 0.2
"""What density inside the grain weighs. Leaf AMI is the same without it, but 1 to 4 in 100 fewer of the
shops' own leaves are found; with 0.4 it is 6 points lower on one of the catalogues."""


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


def grain(merges: Merges, *, n: int) -> float:
    """Distance below which what tells products apart is make or model: 3/4 of joins of groups, up to 0.45.

    Without regard to what is common in this catalogue, few and very different departments would stay whole.

    Parameters
    ----------
    merges : (n - 1, 4) float64
    """
    sizes = np.concatenate([np.ones(n), merges[:, 3]])
    # The more products, the more near twins each has: what counts as a group grows with them.
    joins = merges[sizes[merges[:, :2].astype(int)].min(axis=1) >= max(2, round(sqrt(n) / _TWINS)), 2]
    return min(_NEAREST, float(np.quantile(joins, _PART))) if len(joins) else _NEAREST


def dense_groups(merges: Merges, *, n: int, min_size: int, grain: float) -> Indices:
    """The stablest groups of at least `min_size` products that do not overlap.

    Parameters
    ----------
    merges : (n - 1, 4) float64
        The tree over all n products.
    grain : float
        From `grain`.

    Returns
    -------
    (n,) int64
        The group of each product, from 0; `NOISE` where no group is dense enough. All noise for fewer than
        `min_size` products; one group of all where nothing divides them.
    """
    if n < max(min_size, 2):
        return np.full(n, NOISE, np.int64)
    condensed = hdbscan_tree.condense_tree(_with_grain(merges, max(grain, _CLOSEST)), min_size)
    stability = hdbscan_tree.compute_stability(condensed)
    labels, _, _ = hdbscan_tree.get_clusters(condensed, stability, cluster_selection_method="eom")
    groups = np.asarray(labels, np.int64)
    return groups if (groups != NOISE).any() else np.zeros(n, np.int64)


def _with_grain(merges: Merges, grain: float) -> Merges:
    """Distances that hdbscan shall divide by: below the grain, density counts little."""
    distance = np.maximum(merges[:, 2], _CLOSEST)
    density = 1 / np.maximum(distance, grain) + _INSIDE * np.log(np.maximum(grain / distance, 1.0))
    return np.column_stack([merges[:, :2], 1 / density, merges[:, 3]])


def divide(merges: Merges, *, n: int, min_size: int, grain: float, apart: float) -> Indices:
    """The parts of one group of n products, if they are stabler than the group; else the group, all 0.

    Parameters
    ----------
    merges : (n - 1, 4) float64
        The tree over its products.
    grain : float
        Of the tree that the group was found in.
    apart : float
        Distance of the group to the nearest other: the further, the stabler is the whole.

    Returns
    -------
    (n,) int64
        As from `dense_groups`.
    """
    if n < 2 * min_size:
        return np.zeros(n, np.int64)
    beside = _beside(merges, n, min_size, apart)
    groups = dense_groups(beside, n=n + min_size, min_size=min_size, grain=grain)[:n]
    found = np.unique(groups[groups != NOISE])
    if len(found) < 2:
        return np.zeros(n, np.int64)
    return np.where(groups == NOISE, NOISE, np.searchsorted(found, groups))


def _beside(merges: Merges, n: int, size: int, apart: float) -> Merges:
    """The tree with a neighbour of `size` equal products, so that the whole is one group of two."""
    total, inner = n + size, merges.copy()
    inner[:, :2] += np.where(inner[:, :2] >= n, 2 * size - 1, 0)
    ids = np.arange(size - 1)
    firsts = np.where(ids == 0, n, total + ids - 1)
    neighbour = np.column_stack([firsts, n + 1 + ids, np.zeros(size - 1), ids + 2])
    top = [total + size - 2, total + size - 2 + n - 1, max(apart, float(merges[-1, 2])), total]
    return np.vstack([neighbour, inner, [top]])
