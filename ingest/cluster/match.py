"""Which node of one tree is which of another: by the products that both hold, then by what these mean."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.product import ProductId
from taxonomy.tree import Tree

__all__ = ["SAME", "Match", "kept_share", "match"]

SAME = 0.8
"""Jaccard from which on a node is said to have stayed what it was."""

_NEAR = 0.9  # cosine of centroids that makes two nodes without shared products one
Places = Mapping[ProductId, NodeId | None]


@dataclass(frozen=True, slots=True)
class Match:
    """A node, the one that it became, and how far they agree.

    `jaccard` is over the products that both trees know, what stands below a node counted in; 0 where
    centroids alone say that they are one. `cosine` is of the centroids, 0 where one is not known.
    """

    node_id: NodeId
    other_id: NodeId
    jaccard: float
    cosine: float


def match(
    tree: Tree,
    places: Places,
    other: Tree,
    other_places: Places,
    *,
    centroids: Mapping[NodeId, Floats] | None = None,
    other_centroids: Mapping[NodeId, Floats] | None = None,
) -> dict[NodeId, Match]:
    """The counterpart of each node, every node taken at most once, the surest pairs first.

    Nodes that share no product are matched by their centroids alone, and only where these say the same.
    """
    one_side, other_side = centroids or {}, other_centroids or {}
    shared = {at for at in places if at in other_places}
    pairs = [
        Match(a, b, jaccard, _cosine(one_side, a, other_side, b))
        for (a, b), jaccard in _jaccards(tree, places, other, other_places, shared).items()
    ]
    found: dict[NodeId, Match] = {}
    taken: set[NodeId] = set()
    for pair in sorted(pairs, key=lambda one: (-one.jaccard, -one.cosine, one.node_id, one.other_id)):
        if pair.node_id not in found and pair.other_id not in taken:
            found[pair.node_id] = pair
            taken.add(pair.other_id)
    left = [at for at in tree.descendants() if at not in found and at in one_side]
    free = [at for at in other.descendants() if at not in taken and at in other_side]
    alike = [(_cosine(one_side, a, other_side, b), a, b) for a in left for b in free]
    for cosine, a, b in sorted(alike, key=lambda one: (-one[0], one[1], one[2])):
        if cosine >= _NEAR and a not in found and b not in taken:
            found[a] = Match(a, b, 0.0, cosine)
            taken.add(b)
    return found


def kept_share(tree: Tree, places: Places, other: Tree, other_places: Places) -> float:
    """The part of a tree's nodes that are in another under their id, with a Jaccard of at least `SAME`.

    Counted are nodes with products that both know, what stands below them included; 1 where there are none.
    """
    shared = {at for at in places if at in other_places}
    jaccards = _jaccards(tree, places, other, other_places, shared)
    filled = {above for at in shared if (here := places[at]) for above in tree.lineage(here)}
    kept = sum(jaccards.get((at, at), 0.0) >= SAME for at in filled)
    return kept / len(filled) if filled else 1.0


def _jaccards(
    tree: Tree, places: Places, other: Tree, other_places: Places, shared: set[ProductId]
) -> dict[tuple[NodeId, NodeId], float]:
    """Of every pair of nodes with a product in common."""
    both, one, two = Counter[tuple[NodeId, NodeId]](), Counter[NodeId](), Counter[NodeId]()
    joint = Counter((places[at], other_places[at]) for at in shared)
    for (here, there), n in joint.items():
        above = tree.lineage(here) if here else ()
        beyond = other.lineage(there) if there else ()
        one.update(dict.fromkeys(above, n))
        two.update(dict.fromkeys(beyond, n))
        both.update({(a, b): n for a in above for b in beyond})
    return {(a, b): n / (one[a] + two[b] - n) for (a, b), n in both.items()}


def _cosine(one: Mapping[NodeId, Floats], a: NodeId, other: Mapping[NodeId, Floats], b: NodeId) -> float:
    return float(one[a] @ other[b]) if a in one and b in other else 0.0
