"""Where arrivals get to in a tree that was built without them, and whether it says that they drift."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.cluster.arrivals import place
from ingest.cluster.linkage import Indices
from taxonomy.formats.tree_json import TreeFile
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import Path, Product, ProductId

__all__ = ["Placing", "placing"]

BATCHES = 10


@dataclass(frozen=True, slots=True)
class Placing:
    """How arrivals of the kinds that a tree was built of fare in it, and products of another catalogue.

    Attributes
    ----------
    right : float
        Share of the arrivals with a category that get to a node in which most products of the build are of
        it; what is called noise is not right.
    right_built : float
        The same of the products of the build themselves: no more can be hoped for.
    nowhere : float
        Share of the arrivals that are called noise.
    drift : float
        Share of ten batches of arrivals of which drift is said, though there is none.
    drift_of_others : float or None
        The same of the other catalogue, where there is one.
    """

    right: float
    right_built: float
    nowhere: float
    drift: float
    drift_of_others: float | None = None


def placing(
    file: TreeFile,
    products: Sequence[Product],
    vectors: Floats,
    *,
    others: Floats | None = None,
    seed: int = 0,
) -> Placing:
    """Place the products that the file does not know.

    Parameters
    ----------
    file : TreeFile
        Of a build on some of the products.
    products : sequence of Product
        With their paths, the products of the build among them.
    vectors : (n, dim) float32
    others : (n_others, dim) float32, optional
        Of another catalogue, made by the same encoder.
    seed : int
        Of the batches.
    """
    truth = {one.id: one.category_path for one in products if one.category_path}
    kind = _majorities(file.places, truth)
    late = np.array([at for at, one in enumerate(products) if one.id not in file.members], np.int64)
    arrivals = place([products[at] for at in late], vectors[late], file)
    places = {product_id: at.node_id for product_id, at in arrivals.memberships.items()}
    order = np.random.default_rng(seed).permutation(late)
    return Placing(
        _right(places, truth, kind),
        _right(file.places, truth, kind),
        len(arrivals.noise) / max(len(places), 1),
        _alarms(file, vectors, np.array_split(order, BATCHES)),
        None if others is None else _alarms(file, others, _batches(len(others), len(late) // BATCHES, seed)),
    )


def _majorities(
    places: Mapping[ProductId, NodeId | None], truth: Mapping[ProductId, Path]
) -> dict[NodeId, Path]:
    held: dict[NodeId, Counter[Path]] = {}
    for product_id, at in places.items():
        if at is not None and product_id in truth:
            held.setdefault(at, Counter())[truth[product_id]] += 1
    return {at: min(own.items(), key=lambda pair: (-pair[1], pair[0]))[0] for at, own in held.items()}


def _right(
    places: Mapping[ProductId, NodeId | None], truth: Mapping[ProductId, Path], kind: Mapping[NodeId, Path]
) -> float:
    judged = [(at, truth[product_id]) for product_id, at in places.items() if product_id in truth]
    return sum(at is not None and kind.get(at) == path for at, path in judged) / max(len(judged), 1)


def _batches(n: int, size: int, seed: int) -> list[Indices]:
    rng = np.random.default_rng(seed)
    return [rng.choice(n, min(n, max(size, 1)), replace=False) for _ in range(BATCHES)]


def _alarms(file: TreeFile, vectors: Floats, batches: Sequence[Indices]) -> float:
    said = [
        place([Product(ProductId(str(at)), "") for at in batch], vectors[batch], file).drift.is_significant
        for batch in batches
        if len(batch)
    ]
    return sum(said) / max(len(said), 1)
