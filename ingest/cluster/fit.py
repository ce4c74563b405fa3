"""Whether a product fits a category: as near to its centre as nearly all of its own products are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import sample, unit
from taxonomy.formats.tree_json import Fit, Nowhere
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["Fitting", "measure"]

_OUTERMOST = 0.05  # of a category's own products would not fit it if they were new
_BLOCK_ROWS = 4096
_JUDGED = 20_000  # products by which it is known how many fit nowhere: a share to within 0.3%


@dataclass(frozen=True)
class Fitting:
    """The categories of a tree as a place to look for a fit.

    Attributes
    ----------
    ids : sequence of NodeId
    centres : (n_nodes, dim) float32, unit rows
    reach : (n_nodes,) float32
        Cosine to the centre from which a product fits.
    best : (n_nodes,) float32
        That of its most typical product.
    depths : (n_nodes,) int64
    is_leaf : (n_nodes,) bool
    """

    ids: Sequence[NodeId]
    centres: Floats
    reach: Floats
    best: Floats
    depths: Indices
    is_leaf: NDArray[np.bool_]

    @classmethod
    def of(cls, tree: Tree, centroids: Mapping[NodeId, Floats], fits: Mapping[NodeId, Fit]) -> "Fitting":
        """Of the nodes whose centroid and fit are known; without any, nothing fits anywhere."""
        ids = [at for at in tree.descendants() if at in centroids and at in fits]
        dim = len(centroids[ids[0]]) if ids else 0
        leaves = set(tree.leaves())
        return cls(
            ids,
            np.array([centroids[at] for at in ids], np.float32).reshape(len(ids), dim),
            np.array([fits[at].reach for at in ids], np.float32),
            np.array([fits[at].best for at in ids], np.float32),
            np.array([tree.depth(at) for at in ids], np.int64),
            np.array([at in leaves for at in ids], bool),
        )

    def above_leaves(self) -> "Fitting":
        """The same without leaves: what fits nowhere may fit a department."""
        return replace(self, reach=np.where(self.is_leaf, np.float32(np.inf), self.reach))

    def place(self, vectors: Floats, *, inner: bool = False) -> list[tuple[NodeId | None, float]]:
        """The node that each product fits, and how typical of it the product is, 0..1; None and 0 for none.

        Parameters
        ----------
        vectors : (n, dim) float32, unit rows
        inner : bool
            A product that does not fit its nearest leaf may go to the deepest node that it does fit.
        """
        found: list[tuple[NodeId | None, float]] = []
        for start in range(0, len(vectors), _BLOCK_ROWS):
            block = vectors[start : start + _BLOCK_ROWS]
            found += self._placed(block @ self.centres.T, inner) if self.ids else [(None, 0.0)] * len(block)
        return found

    def _placed(self, sims: Floats, inner: bool) -> list[tuple[NodeId | None, float]]:
        nearest = np.where(self.is_leaf, sims, -np.inf).argmax(axis=1)
        rows = np.arange(len(sims))
        fits = sims[rows, nearest] >= self.reach[nearest]
        if inner:
            fitting = (sims >= self.reach) & ~self.is_leaf
            deepest = np.where(fitting, self.depths + sims / 4, -np.inf).argmax(axis=1)  # cosines are below 2
            nearest, fits = np.where(fits, nearest, deepest), fits | fitting.any(axis=1)
        shares = np.clip(sims[rows, nearest] / np.maximum(self.best[nearest], 1e-6), 0.0, 1.0)
        return [
            (self.ids[at], round(float(share), 4)) if fit else (None, 0.0)
            for at, fit, share in zip(nearest, fits, shares, strict=True)
        ]


def measure(
    tree: Tree, node_of: Sequence[NodeId | None], vectors: Floats, centroids: Mapping[NodeId, Floats]
) -> tuple[dict[NodeId, Fit], Nowhere]:
    """What fits each node, and how many of the products would fit nowhere if they were new.

    Parameters
    ----------
    tree : Tree
    node_of : sequence of NodeId or None, length n
        Where each product stands.
    vectors : (n, dim) float32, unit rows
    centroids : mapping of NodeId to (dim,) float32
        A node without one, or without products, has no fit.
    """
    below: dict[NodeId, list[int]] = {}
    for product, at in enumerate(node_of):
        for node_id in tree.lineage(at) if at is not None else ():
            below.setdefault(node_id, []).append(product)
    alone = {at: _without_self(vectors, np.array(rows)) for at, rows in below.items() if at in centroids}
    fits = {
        at: Fit(round(float(np.quantile(sims, _OUTERMOST)), 4), round(float(sims.max()), 4))
        for at, sims in alone.items()
    }
    own = np.full(len(node_of), np.nan, np.float32)  # to the leaf that a product stands in, itself left out
    for at in set(alone) & set(tree.leaves()):
        own[below[at]] = alone[at]
    return fits, _nowhere(Fitting.of(tree, centroids, fits), node_of, vectors, own)


def _without_self(vectors: Floats, members: Indices) -> Floats:
    """Cosine of each member to the centre of the others; 1 for a member without others."""
    if len(members) == 1:
        return np.ones(1, np.float32)
    blocks = [members[at : at + _BLOCK_ROWS] for at in range(0, len(members), _BLOCK_ROWS)]
    total = np.sum([vectors[block].sum(axis=0, dtype=np.float64) for block in blocks], axis=0)
    sims = [(unit(total - vectors[block]) * vectors[block]).sum(axis=1) for block in blocks]
    return np.concatenate(sims).astype(np.float32, copy=False)


def _nowhere(fitting: Fitting, node_of: Sequence[NodeId | None], vectors: Floats, own: Floats) -> Nowhere:
    chosen = sample(len(vectors), _JUDGED, 0)
    leaves = np.flatnonzero(fitting.is_leaf)
    column = {fitting.ids[int(at)]: i for i, at in enumerate(leaves)}
    n_lost = 0
    for start in range(0, len(chosen), _BLOCK_ROWS):
        rows = chosen[start : start + _BLOCK_ROWS]
        if not len(leaves):
            n_lost += len(rows)
            continue
        sims = vectors[rows] @ fitting.centres[leaves].T
        for i, row in enumerate(rows):
            if (at := node_of[row]) in column:
                sims[i, column[at]] = own[row]
        nearest = sims.argmax(axis=1)
        n_lost += int((sims.max(axis=1) < fitting.reach[leaves][nearest]).sum())
    return Nowhere(n_lost, len(chosen))
