"""Nodes that hold too little or too much."""

from collections.abc import Collection, Iterator

import numpy as np

from taxonomy.audit.clusters import cluster, names_of_groups
from taxonomy.audit.content import parts_of
from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import Group, clear, gather, retire, split
from taxonomy.audit.shelves import Shelves
from taxonomy.node import ROOT_ID, NodeId

__all__ = ["empty", "overfull", "single"]

_GROUPS = 8  # at most, of an overfull node: a person can look them over


def single(shelves: Shelves, skipped: Collection[NodeId] = ()) -> Iterator[Finding]:
    """Nodes that are the only child of another, so that one of the two says nothing; but for `skipped`."""
    tree = shelves.tree
    for at in tree.descendants():
        children = tree.children_of(at)
        if len(children) == 1 and not {at, *children}.intersection(skipped):
            child = children[0]
            own = len(shelves.own.get(at, ()))
            share = shelves.sizes[child] / max(shelves.sizes[at], 1)
            why = f"it is all that stands below {tree.nodes[at].name!r}"
            examples = shelves.examples(shelves.below.get(child, ()))
            evidence = Evidence(figures=(("beside_it", own),), products=examples)
            # A step that narrows nothing down is the clearest case.
            yield Finding(Kind.SINGLE, (child, at), max(0.5, share), why, evidence, retire(tree, child))


def empty(shelves: Shelves) -> Iterator[Finding]:
    """Nodes with nothing in them or below, the highest of each branch; none where no product is known."""
    tree = shelves.tree
    if not any(shelves.sizes.values()):
        return
    for at in tree.descendants():
        parent_id = tree.nodes[at].parent_id
        if not shelves.sizes[at] and (parent_id == ROOT_ID or shelves.sizes[parent_id]):
            n_below = sum(1 for _ in tree.descendants(at))
            why = "no product stands in it" + (f" or in the {n_below} below it" if n_below else "")
            evidence = Evidence(figures=(("nodes_below", n_below),))
            yield Finding(Kind.EMPTY, (at,), 1.0, why, evidence, clear(tree, at))


def overfull(shelves: Shelves, limits: Limits, catalog: str) -> Iterator[Finding]:
    """Leaves with too many products to browse, and nodes with too many children to scan."""
    tree = shelves.tree
    for at in (ROOT_ID, *tree.descendants()):
        n_children = len(tree.children_of(at))
        n_products = shelves.counts.get(at, 0)
        if n_children > limits.max_children:
            yield _wide(shelves, at, n_children, limits)
        elif at != ROOT_ID and not n_children and n_products > limits.max_products:
            yield _deep(shelves, at, n_products, limits, catalog)


def _wide(shelves: Shelves, at: NodeId, n_children: int, limits: Limits) -> Finding:
    tree = shelves.tree
    children = tree.children_of(at)
    texts = [tree.nodes[child].name for child in children]
    groups = cluster(shelves.vectors_of(texts), _n_groups(n_children, limits.max_children))
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    names = names_of_groups([[texts[row] for row in one] for one in rows])
    found = zip(names, rows, strict=True)
    edits = gather(tree, at, [Group(name, tuple(children[row] for row in one)) for name, one in found])
    why = f"it has {n_children} children, where {limits.max_children} are the most"
    evidence = Evidence(names, (("children", n_children),))
    return Finding(Kind.OVERFULL, (at,), 1 - limits.max_children / n_children, why, evidence, edits)


def _deep(shelves: Shelves, at: NodeId, n_products: int, limits: Limits, catalog: str) -> Finding:
    own = shelves.own.get(at, ())
    why = f"{n_products} products stand in it, where {limits.max_products} are the most"
    score, figures = 1 - limits.max_products / n_products, (("products", float(n_products)),)
    groups = cluster(shelves.vectors[np.asarray(own, np.intp)], _n_groups(n_products, limits.max_products))
    if len(np.unique(groups)) < 2:
        return Finding(Kind.OVERFULL, (at,), score, why, Evidence((), figures, shelves.examples(own)))
    parts, names = parts_of(shelves, own, groups)
    edits = split(shelves.tree, at, parts, catalog, n_products - len(own))
    return Finding(Kind.OVERFULL, (at,), score, why, Evidence(names, figures, shelves.examples(own)), edits)


def _n_groups(n: int, most: int) -> int:
    """Twice as many as would just do, since groups are of unlike size."""
    return min(_GROUPS, 2 * -(-n // most))
