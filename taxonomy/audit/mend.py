"""Edits that mend findings, made so that they apply to the tree as it is.

A locked node is left alone: what makes these edits gives none then. Where a node's children would meet others
of the same name, they are merged with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from taxonomy.edits import Create, Edit, Merge, Move, Part, Rename, Retire, SetAttributes, Split
from taxonomy.node import Attribute, Node, NodeId, seeded_ids
from taxonomy.product import ProductId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["Group", "clear", "describe", "gather", "merge", "rename", "retire", "split"]


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together under a name: products or nodes by id."""

    name: str
    ids: tuple[str, ...]


def merge(tree: Tree, node_id: NodeId, into_id: NodeId) -> tuple[Edit, ...]:
    """Everything of one node goes to another; none if one of the two stands below the other."""
    if node_id in tree.lineage(into_id) or into_id in tree.lineage(node_id):
        return ()
    return _dissolved(tree, Merge((node_id,), into_id), node_id, into_id)


def retire(tree: Tree, node_id: NodeId) -> tuple[Edit, ...]:
    """The node goes and leaves all it has to its parent."""
    return _dissolved(tree, Retire(node_id), node_id, tree.nodes[node_id].parent_id)


def clear(tree: Tree, node_id: NodeId) -> tuple[Edit, ...]:
    """The node goes with all below it, the deepest first."""
    ids = (*reversed(list(tree.descendants(node_id))), node_id)
    return () if any(tree.nodes[at].locked for at in ids) else tuple(Retire(at) for at in ids)


def rename(tree: Tree, node_id: NodeId, name: str) -> tuple[Edit, ...]:
    """Another name."""
    return () if tree.nodes[node_id].locked else (Rename(node_id, name),)


def describe(tree: Tree, node_id: NodeId, attributes: Sequence[Attribute]) -> tuple[Edit, ...]:
    """More attributes beside those that the node has."""
    node = tree.nodes[node_id]
    return () if node.locked else (SetAttributes(node_id, (*node.attributes, *attributes)),)


def split(
    tree: Tree, node_id: NodeId, groups: Sequence[Group], catalog: str, n_rest: int = 0
) -> tuple[Edit, ...]:
    """A node for each group of products in place of the one there is; the `n_rest` others go to the first."""
    node = tree.nodes[node_id]
    if node.locked:
        return ()
    ids, taken = seeded_ids(f"{tree.version} split {node_id}"), _names(tree, node.parent_id, node_id)
    parts = []
    for group in groups:
        name = _free(group.name, taken)
        parts.append(Part(ids(), name, tuple(map(ProductId, group.ids))))
    return (Split(node_id, tuple(parts), catalog, n_rest),)


def gather(tree: Tree, parent_id: NodeId, groups: Sequence[Group]) -> tuple[Edit, ...]:
    """A new node for each group of children, which move below it."""
    ids, taken = seeded_ids(f"{tree.version} gather {parent_id}"), _names(tree, parent_id)
    edits: list[Edit] = []
    for group in groups:
        node = Node(ids(), _free(group.name, taken), parent_id)
        free = [NodeId(at) for at in group.ids if not tree.nodes[NodeId(at)].locked]
        edits += [Create(node), *(Move(at, node.id) for at in free)]
    return tuple(edits)


def _dissolved(tree: Tree, edit: Edit, node_id: NodeId, into_id: NodeId) -> tuple[Edit, ...]:
    if tree.nodes[node_id].locked:
        return ()
    edits = [edit]
    there = {fold(tree.nodes[at].name): at for at in tree.children_of(into_id) if at != node_id}
    for child_id in tree.children_of(node_id):
        if twin := there.get(fold(tree.nodes[child_id].name)):
            below = _dissolved(tree, Merge((child_id,), twin), child_id, twin)
            if not below:
                return ()
            edits += below
    return tuple(edits)


def _names(tree: Tree, parent_id: NodeId, *but: NodeId) -> set[str]:
    return {fold(tree.nodes[at].name) for at in tree.children_of(parent_id) if at not in but}


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered if it is taken; from now on it is."""
    number, free = 1, name
    while fold(free) in taken:
        number += 1
        free = f"{name} {number}"
    taken.add(fold(free))
    return free
