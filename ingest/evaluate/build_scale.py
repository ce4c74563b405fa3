"""Catalogues of any size to time a build on: real titles as far as they go, then noisy copies of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingest.cluster.linkage import Indices
from ingest.cluster.reduce import sample, unit
from taxonomy.ports import Floats
from taxonomy.product import Product, ProductId

__all__ = ["COPY_COSINE", "Grown", "grow"]

COPY_COSINE = 0.9
"""Of a copy to the product it was made from: about that of two variants of one thing."""


@dataclass(frozen=True)
class Grown:
    """Products and vectors of the size asked for.

    Attributes
    ----------
    n_real : int
        The first so many are real; the vectors of the others were generated.
    """

    products: tuple[Product, ...]
    vectors: Floats
    n_real: int


def grow(products: Sequence[Product], vectors: Floats, n: int, *, seed: int = 0) -> Grown:
    """n products: a random sample where there are more, all and noisy copies of them where there are fewer.

    Parameters
    ----------
    products : sequence of Product, at least one
    vectors : (n_real, dim) float32, unit rows

    Returns
    -------
    Grown
        A copy has its source's title and category; its vector has a cosine of about `COPY_COSINE` to it.
    """
    real: Indices = sample(len(products), n, seed)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(products), max(n - len(products), 0))
    noise = unit(rng.standard_normal((len(drawn), vectors.shape[1]), np.float32))
    away = np.float32(np.sqrt(1 / COPY_COSINE**2 - 1))  # noise is at right angles to nearly everything
    copies = [replace(products[at], id=ProductId(f"copy-{i}")) for i, at in enumerate(drawn)]
    grown = np.concatenate([vectors[real], unit(vectors[drawn] + away * noise)])
    return Grown((*(products[at] for at in real), *copies), grown, len(real))
