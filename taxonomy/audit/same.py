"""Nodes that mean the same, wherever they stand."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import combinations

import numpy as np

from taxonomy.audit.content import Content
from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import merge, retire
from taxonomy.audit.neighbours import close_pairs
from taxonomy.audit.shelves import Shelves
from taxonomy.audit.words import AUDIENCE, Words, stems
from taxonomy.node import NodeId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["same"]

_NAMESAKES = 20  # nodes of one name; where there are more, it is one that every branch has ("Accessories")

_PLACES = 0.9  # of the words above two namesakes without products, to be one: "Jeans" stand in many places
_BETWEEN = re.compile(r"[&,/+]|\b(?:and|und|et|y|e)\b")

Pair = tuple[NodeId, NodeId]


def same(
    shelves: Shelves, content: Content, limits: Limits, skipped: Collection[NodeId] = ()
) -> Iterator[Finding]:
    """Pairs of one name or of near names, where products (or, without any, the places) agree.

    A child of its parent's own name is one as well. Siblings whose names differ are left to the comparison
    of siblings, and those of exactly one name to the rules of naming.
    """
    tree = shelves.tree
    named = {at: tree.nodes[at] for at in tree.descendants() if at not in skipped}
    keys = {at: _keys(node.name, *node.alt_labels) for at, node in named.items()}
    for at, node in named.items():
        if node.parent_id in named and fold(node.name) == fold(named[node.parent_id].name):
            parent = tree.nodes[node.parent_id].name
            why = f"it has the name of {parent!r}, which it stands in"
            yield Finding(Kind.SAME, (at, node.parent_id), 1.0, why, edits=retire(tree, at))
    for one, other in _namesakes(keys):
        siblings = named[one].parent_id == named[other].parent_id
        if siblings and fold(named[one].name) == fold(named[other].name):
            continue
        agreement = 1.0 if siblings else _agreement(shelves, content, limits, one, other)
        if agreement:
            yield _found(shelves, one, other, agreement, "has the same name")
    yield from _synonyms(shelves, content, limits, keys)


def _synonyms(
    shelves: Shelves, content: Content, limits: Limits, keys: dict[NodeId, frozenset[Words]]
) -> Iterator[Finding]:
    """Pairs under different parents with near names and products that are hard to tell apart."""
    tree = shelves.tree
    known = [at for at in content.known if at in keys]
    if len(known) < 2:
        return
    vectors = shelves.vectors_of([tree.nodes[at].name for at in known])
    for a, b in close_pairs(vectors, limits.same):
        one, other = known[a], known[b]
        related = one in tree.lineage(other) or other in tree.lineage(one)
        if related or tree.nodes[one].parent_id == tree.nodes[other].parent_id or keys[one] & keys[other]:
            continue
        if _are_for_others(tree, one, other):
            continue
        if (share := content.confusion(one, other)) >= limits.overlap:
            cosine = float(np.dot(vectors[a], vectors[b]))
            yield _found(shelves, one, other, min(1.0, cosine * 2 * share), "has nearly the same name")


def _namesakes(keys: dict[NodeId, frozenset[Words]]) -> list[Pair]:
    """Pairs that share a name or an alias, but for names that many nodes have."""
    by_key: dict[Words, list[NodeId]] = defaultdict(list)
    for at, own in keys.items():
        for key in own:
            by_key[key].append(at)
    pairs = {
        pair for ids in by_key.values() if len(ids) <= _NAMESAKES for pair in combinations(sorted(ids), 2)
    }
    return sorted(pairs)


def _agreement(shelves: Shelves, content: Content, limits: Limits, one: NodeId, other: NodeId) -> float:
    """How much speaks for two namesakes being one, 0..1: their products, else the names above them."""
    tree = shelves.tree
    if one in tree.lineage(other) or other in tree.lineage(one):
        return 0.0
    if _are_for_others(tree, one, other):
        return 0.0
    if one in content.is_known and other in content.is_known:
        share = content.confusion(one, other)
        return min(1.0, 2 * share) if share >= limits.overlap else 0.0
    if shelves.sizes[one] or shelves.sizes[other]:
        return 0.0  # one of them holds too little to tell
    here, there = _above(tree, one), _above(tree, other)
    shared = len(here & there) / max(len(here | there), 1)
    return shared if shared >= _PLACES else 0.0


def _are_for_others(tree: Tree, one: NodeId, other: NodeId) -> bool:
    """Whether the names of and above two nodes say that they are for different people."""
    here, there = (
        AUDIENCE.intersection(_above(tree, at)) | AUDIENCE.intersection(stems(tree.nodes[at].name))
        for at in (one, other)
    )
    return bool(here and there) and here != there


def _above(tree: Tree, at: NodeId) -> set[str]:
    """The words of the names above a node."""
    return {word for up in tree.ancestors(at) for word in stems(tree.nodes[up].name)}


def _found(shelves: Shelves, one: NodeId, other: NodeId, score: float, how: str) -> Finding:
    small, large = sorted((one, other), key=lambda at: (shelves.sizes[at], -shelves.tree.depth(at)))
    tree = shelves.tree
    why = f"{tree.label(large)!r} {how} and {'holds' if shelves.sizes[small] else 'would hold'} the same"
    shelf = [index for at in (small, large) for index in shelves.below.get(at, ())[:2]]
    examples = shelves.examples(shelf, 4)
    evidence = Evidence((tree.nodes[small].name, tree.nodes[large].name), (("agreement", score),), examples)
    return Finding(Kind.SAME, (small, large), score, why, evidence, merge(tree, small, large))


def _keys(*names: str) -> frozenset[Words]:
    return frozenset(key for name in names if (key := _key(name)))


def _key(name: str) -> Words:
    """A name without case, plural and order of its parts: "Tops & Tunics" is "Tunic and Top"."""
    parts = sorted(stems(part) for part in _BETWEEN.split(fold(name)))
    return tuple(word for part in parts for word in part)
