"""What speaks for two categories being kin: their names, their products, what is mistaken for what, and
where a published taxonomy has them.

Each leg is a matrix of unit rows, one a category, centred so that what all categories share says nothing;
stacked with weights, the cosine of two rows is the weighted mean of the legs' cosines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.cluster.confusion import left_out_scores
from ingest.cluster.linkage import Indices
from ingest.cluster.meaning import Encode
from ingest.cluster.reduce import unit
from taxonomy.ports import Floats
from taxonomy.product import Product
from taxonomy.text import normalise
from taxonomy.tree import Tree

__all__ = ["WEIGHTS", "Evidence", "Reference", "join", "legs"]

WEIGHTS: Mapping[str, float] = {"products": 1.0, "names": 0.5, "confusion": 0.5, "reference": 0.5}
"""From three quarters of a grocer's categories, eight times, by AMI with the shop's own upper level; then
held against a general store. Names 0.3 to 1 differ by a point, confusion is worth 1 point, a reference 3 to
4; at 1 it outvotes the shop, and the store loses 5."""

_SHARPNESS = 0.03  # of matches with a reference; 0.05 is as good to half a point, 0.1 loses 1
_LEVELS = (1.0, 0.7, 0.5, 0.3)  # what the same reference node at each depth is worth; deeper: nothing
_UNSEEN = 1e-3  # a probability below it says that the model takes the one for the other never


@dataclass(frozen=True)
class Reference:
    """A published taxonomy: its tree, and a unit row for each node's name, in the order of `descendants`."""

    tree: Tree
    names: Floats


@dataclass(frozen=True)
class Evidence:
    """What is known of n categories.

    Attributes
    ----------
    names : (n, dim) float32
        Unit rows.
    products : (n_products, dim) float32
        Unit rows; none is allowed.
    shelf_of : (n_products,) int64
        The category of each.
    posteriors : (n_products, n_terminals) float32, optional
        What a trained model says of each product, on any tree; else a linear classifier is made up.
    reference : Reference, optional
    """

    names: Floats
    products: Floats
    shelf_of: Indices
    posteriors: Floats | None = None
    reference: Reference | None = None

    @classmethod
    def gather(
        cls,
        names: Sequence[str],
        shelves: Sequence[Sequence[Product]],
        encode: Encode,
        *,
        reference: Tree | None = None,
        posteriors: Callable[[Sequence[Product]], Floats] | None = None,
    ) -> "Evidence":
        """What names and products say; `posteriors` is a trained model's opinion of products."""
        products = [one for shelf in shelves for one in shelf]
        rows = encode([normalise(one) for one in names])
        titles = encode([normalise(one.title) for one in products]) if products else rows[:0]
        shelf_of = np.repeat(np.arange(len(names)), [len(shelf) for shelf in shelves])
        opinion = posteriors(products) if posteriors and products else None
        known = None
        if reference is not None:
            labels = [normalise(reference.nodes[at].name) for at in reference.descendants()]
            known = Reference(reference, encode(labels))
        return cls(rows, titles, shelf_of, opinion, known)

    def centroids(self) -> Floats:
        """(n, dim) unit rows; zero for a category without products."""
        return unit(self._means(self.products))

    def confusion(self) -> Floats:
        """(n, any) float32: alike for categories that are mistaken for the same ones."""
        if self.posteriors is None:
            return left_out_scores(self.products, self.shelf_of, len(self.names))
        profile: Floats = np.log(self._means(self.posteriors) + _UNSEEN)
        profile[self._empty()] = 0
        return profile

    def matches(self) -> Floats:
        """(n, n_nodes) float32: each category shared out among the reference's nodes; rows add up to 1."""
        if self.reference is None:
            return np.zeros((len(self.names), 0), np.float32)
        nodes = _centred(self.reference.names)
        votes = [one @ nodes.T for one in (_centred(self.names), _centred(self.centroids()))]
        sims = np.where(self._empty()[:, None], votes[0], (votes[0] + votes[1]) / 2)
        shares = np.exp((sims - sims.max(axis=1, keepdims=True)) / _SHARPNESS)
        found: Floats = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
        return found

    def _empty(self) -> NDArray[np.bool_]:
        empty: NDArray[np.bool_] = np.bincount(self.shelf_of, minlength=len(self.names)) == 0
        return empty

    def _means(self, rows: Floats) -> Floats:
        sums = np.zeros((len(self.names), rows.shape[1]))
        np.add.at(sums, self.shelf_of, rows)
        counts = np.bincount(self.shelf_of, minlength=len(self.names))
        means: Floats = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
        return means


def legs(evidence: Evidence) -> dict[str, Floats]:
    """Centred unit rows by the leg's name; legs that nothing is known for are left out."""
    found = {"names": _centred(evidence.names)}
    if len(evidence.products):
        found["products"] = _centred(evidence.centroids())
        found["confusion"] = _centred(evidence.confusion())
    if evidence.reference is not None:
        found["reference"] = _centred(_upward(evidence.matches(), evidence.reference.tree))
    return found


def join(found: Mapping[str, Floats], weights: Mapping[str, float] = WEIGHTS) -> Floats:
    """(n, sum of dims) float32, unit rows: the legs side by side; those without a weight count nothing."""
    return unit(np.hstack([weights.get(name, 0.0) * leg for name, leg in found.items()]))


def _upward(shares: Floats, tree: Tree) -> Floats:
    """Shares of the nodes that are matched and of those above them, the higher the more they count."""
    order = list(tree.descendants())
    column = {at: place for place, at in enumerate(order)}
    lineages: Sequence[Sequence[int]] = [[column[one] for one in tree.lineage(at)] for at in order]
    found = np.zeros((shares.shape[1], len(shares)), np.float32)
    for depth, worth in enumerate(_LEVELS):
        deep = [place for place, line in enumerate(lineages) if len(line) > depth]
        np.add.at(found, [lineages[place][depth] for place in deep], worth * shares.T[deep])
    return np.sqrt(found.T)


def _centred(rows: Floats) -> Floats:
    """Unit rows without what all of them share; zero rows say nothing and stay zero."""
    known = np.any(rows != 0, axis=1)
    if not known.any():
        return rows
    units = unit(rows)
    return unit(np.where(known[:, None], units - units[known].mean(axis=0), 0.0))
