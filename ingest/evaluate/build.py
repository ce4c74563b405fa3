"""How far a tree that was built without labels agrees with a shop's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.cluster.build import Built
from taxonomy.metrics.clusters import adjusted_mutual_information, dendrogram_purity
from taxonomy.node import NodeId
from taxonomy.product import Path, Product, ProductId
from taxonomy.tree import Tree

__all__ = ["BuildReport", "LevelScore", "evaluate_build", "score_places"]


@dataclass(frozen=True, slots=True)
class LevelScore:
    """Agreement with one level of the shop's tree.

    Attributes
    ----------
    level : int
        From 1; a product whose path is shorter counts with its whole path.
    n_categories : int
    ami : float
        Of the built leaves, noise counted as one group of its own.
    ami_placed : float
        The same over the placed products alone.
    ami_same_depth : float
        Of the built tree cut at this depth, noise as one group.
    purity : float
        Dendrogram purity of the built tree, noise hanging on the root.
    """

    level: int
    n_categories: int
    ami: float
    ami_placed: float
    ami_same_depth: float
    purity: float


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Scores by level, the deepest last, over products that have a path.

    `noise_share` is over all products, labelled or not.
    """

    n_labelled: int
    n_nodes: int
    n_leaves: int
    noise_share: float
    levels: tuple[LevelScore, ...]


def evaluate_build(built: Built, products: Sequence[Product]) -> BuildReport:
    """Score a tree on the labels that its build did not see.

    Parameters
    ----------
    built : Built
    products : sequence of Product
        Those it was built from, in any order; without any path there are no levels.
    """
    return score_places(built.tree, built.places, products)


def score_places(
    tree: Tree, places: Mapping[ProductId, NodeId | None], products: Sequence[Product]
) -> BuildReport:
    """Score where products stand in a tree; a product without a place, or with None, counts as noise."""
    labelled = [product for product in products if product.category_path]
    found = [places.get(product.id) for product in labelled]
    depth = max((len(product.category_path) for product in labelled), default=0)
    levels = (
        _score(tree, found, [p.category_path[:level] for p in labelled], level)
        for level in range(1, depth + 1)
    )
    noise_share = 1 - sum(1 for one in products if places.get(one.id)) / max(len(products), 1)
    n_leaves = sum(1 for _ in tree.leaves())
    return BuildReport(len(labelled), len(tree), n_leaves, noise_share, tuple(levels))


def _score(tree: Tree, places: Sequence[NodeId | None], truth: Sequence[Path], level: int) -> LevelScore:
    lineage = {at: tree.lineage(at) for at in set(places) if at is not None}
    cut = [None if at is None else lineage[at][:level][-1] for at in places]
    placed = [(true, at) for true, at in zip(truth, places, strict=True) if at is not None]
    return LevelScore(
        level,
        len(set(truth)),
        adjusted_mutual_information(truth, places),
        adjusted_mutual_information([true for true, _ in placed], [at for _, at in placed]),
        adjusted_mutual_information(truth, cut),
        dendrogram_purity(tree, places, truth),
    )
