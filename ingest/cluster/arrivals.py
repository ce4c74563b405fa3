"""New products into a tree that was built, without building it again; and whether it is time to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact

from ingest.classify.drift import ALARM
from ingest.cluster.fit import Fitting
from ingest.cluster.reduce import unit
from taxonomy.errors import InputError
from taxonomy.formats.tree_json import Membership, Nowhere, TreeFile
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId

__all__ = ["Arrivals", "Drift", "drift", "place"]

_LEAST_RISE = 1.5
"""Times as many that fit nowhere as there were; a tree fits best what it was made of, so a few more do."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Whether more arrivals fit nowhere than products did when the tree was built.

    Attributes
    ----------
    expected, seen : float
        Share of products that fit no leaf: at build time, judged as if each were new, and now.
    p_value : float
        The chance of so many where nothing has changed: Fisher's exact test (Fisher 1934), one-sided.
    is_significant : bool
        The chance is below 0.005 and the share at least 1.5 times what was expected: build again.
    """

    expected: float
    seen: float
    p_value: float
    is_significant: bool


@dataclass(frozen=True)
class Arrivals:
    """Where new products stand.

    Attributes
    ----------
    memberships : mapping of ProductId to Membership
        In the order given; `node_id` is None for what fits nowhere.
    drift : Drift
    """

    memberships: dict[ProductId, Membership]
    drift: Drift

    @property
    def noise(self) -> tuple[ProductId, ...]:
        """What fits nowhere."""
        return tuple(one for one, at in self.memberships.items() if at.node_id is None)


def place(products: Sequence[Product], vectors: Floats, file: TreeFile, *, inner: bool = False) -> Arrivals:
    """Each product in the leaf whose centre is nearest, if it fits as the leaf's own products do.

    Parameters
    ----------
    products : sequence of Product
    vectors : (n, dim) float32
        One per product, of the encoder that made the file's centroids.
    file : TreeFile
        As a build wrote it.
    inner : bool
        What fits no leaf goes to the deepest node that it fits, if there is one. Drift is counted before.

    Raises
    ------
    InputError
        The file has no centroids with fits, or they are of another length.
    """
    fitting = Fitting.of(file.tree, file.centroids, file.fits)
    if not fitting.ids or file.nowhere is None:
        raise InputError("the tree file does not say what fits its nodes: write it with `build --tree`")
    if vectors.shape[1:] != fitting.centres.shape[1:]:
        raise InputError(
            f"the vectors have {vectors.shape[1]} dimensions, the tree's centroids "
            f"{fitting.centres.shape[1]}: take the encoder that the tree was built with"
        )
    rows = unit(np.asarray(vectors, np.float32))
    leaves = fitting.place(rows)
    n_lost = sum(at is None for at, _ in leaves)
    placed = fitting.place(rows, inner=True) if inner else leaves
    memberships = {one.id: Membership(*at) for one, at in zip(products, placed, strict=True)}
    return Arrivals(memberships, drift(file.nowhere, Nowhere(n_lost, len(products))))


def drift(then: Nowhere, now: Nowhere) -> Drift:
    """What changed; nothing, with chance 1, where there are no products on one side."""
    table = [[now.n_lost, now.n_products - now.n_lost], [then.n_lost, then.n_products - then.n_lost]]
    known = then.n_products > 0 and now.n_products > 0
    p_value = float(fisher_exact(table, alternative="greater").pvalue) if known else 1.0
    rise = now.share >= _LEAST_RISE * then.share
    return Drift(round(then.share, 4), round(now.share, 4), p_value, p_value < ALARM and rise)
