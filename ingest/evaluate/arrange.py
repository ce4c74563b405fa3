"""How far families of categories agree with the upper level that a shop made itself, which was hidden."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.cluster.shelves import Shelves
from taxonomy.changes import apply
from taxonomy.edits import Create, Move
from taxonomy.metrics.clusters import adjusted_mutual_information, dendrogram_purity
from taxonomy.node import Node, NodeId
from taxonomy.ports import Floats
from taxonomy.product import Product, Source
from taxonomy.tree import Tree, path_id

__all__ = ["ArrangeScore", "grouped", "nearest_top", "score_tree", "true_parents", "ward"]


@dataclass(frozen=True, slots=True)
class ArrangeScore:
    """Agreement with the hidden level.

    Attributes
    ----------
    n_top : int
        Top categories, those included that stand alone.
    ami, purity : float
        Each category counts once; what most of its products say is true of it. AMI of the top categories,
        dendrogram purity of the whole tree.
    ami_products, purity_products : float
        Each product counts once, with what it says itself.
    """

    n_top: int
    ami: float
    purity: float
    ami_products: float
    purity_products: float


def true_parents(shelves: Shelves) -> dict[NodeId, str]:
    """The top category of most products of each shelf; the first met wins a tie."""
    return {
        at: Counter(one.category_path[0] for one in held).most_common(1)[0][0]
        for at, held in shelves.items()
        if held
    }


def score_tree(
    tree: Tree, truth: Mapping[NodeId, Hashable], shelves: Mapping[NodeId, Sequence[Product]]
) -> ArrangeScore:
    """Score where categories stand in a tree.

    Parameters
    ----------
    truth : mapping of NodeId to hashable
        Of the categories that count.
    shelves : mapping of NodeId to sequence of Product
        Without any, the figures by products are those by category.
    """
    top = {at: tree.lineage(at)[0] for at in truth}
    places = [(at, one.category_path[0]) for at in truth for one in shelves.get(at, ())]
    where = [at for at, _ in places] or list(truth)
    said: list[Hashable] = [name for _, name in places] or list(truth.values())
    return ArrangeScore(
        len(set(top.values())),
        adjusted_mutual_information(list(truth.values()), list(top.values())),
        dendrogram_purity(tree, list(truth), list(truth.values())),
        adjusted_mutual_information(said, [top[at] for at in where]),
        dendrogram_purity(tree, where, said),
    )


def grouped(flat: Tree, groups: Mapping[NodeId, Hashable]) -> Tree:
    """The categories of a flat tree below one parent for each group, ids kept."""
    parents = {group: path_id((str(group),), "group") for group in groups.values()}
    creates = [Create(Node(at, f"group {place}")) for place, at in enumerate(parents.values())]
    moves = [Move(at, parents[group]) for at, group in groups.items()]
    return apply(flat, [*creates, *moves], Source.IMPORT).tree


def nearest_top(names: Floats, reference: Tree, labels: Floats) -> list[NodeId]:
    """The top category of the reference's node whose name is nearest to each name."""
    order = list(reference.descendants())
    return [reference.lineage(order[at])[0] for at in np.argmax(names @ labels.T, axis=1)]


def ward(rows: Floats, *, k: int) -> list[int]:
    """Groups of scikit-learn's agglomerative clustering as it comes."""
    from sklearn.cluster import AgglomerativeClustering

    return [int(at) for at in AgglomerativeClustering(min(k, len(rows))).fit_predict(rows)]
