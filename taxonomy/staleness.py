"""Which products a change makes stale, so that the machine should look at them again: the one rule for it.

Impact counts by it before a change is applied, and re-tagging reads by it afterwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from taxonomy.edits import Create, Edit, Merge, Move, Relabel, Rename, Restore, Retire, SetAttributes, Split
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.tree import Draft, Tree

__all__ = ["Reach", "reach", "stale_nodes", "with_all_below"]


def stale_nodes(edits: Sequence[Edit], before: Tree, after: Tree) -> frozenset[NodeId]:
    """The live nodes whose products, where a machine placed them, may belong elsewhere after the edits.

    ====================================  ==================================================================
    edit                                  what becomes stale
    ====================================  ==================================================================
    create                                the parent and all below it (the new node's siblings lose products
                                          to it), and what stands above for want of a better place
    restore                               as create, and wherever the node's products had gone
    split                                 the parts
    rename, relabel, set_attributes       the node and all below it: a product is read against those words
    move                                  the node and the new parent with all below, and the old parent; of
                                          a move to the top, not the other top categories
    merge, retire                         the nodes that the products went to
    all others                            nothing
    ====================================  ==================================================================

    Products are counted where they stand in `after`; those that people placed never become stale, and
    those that stand nowhere are for every re-tagging anyway. No edits give no nodes.

    Parameters
    ----------
    before, after : Tree
        The tree that the edits were applied on, and what came of it; versions in between do no harm.

    Examples
    --------
    >>> from taxonomy.changes import apply
    >>> tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Seeds"), ("Kitchen", "Pans")])
    >>> edits = [Rename(tree.find(("Garden",)), "Outdoor")]
    >>> after = apply(tree, edits).tree
    >>> sorted(after.label(at) for at in stale_nodes(edits, tree, after))
    ['Outdoor', 'Outdoor > Seeds', 'Outdoor > Tools']
    """
    found = [reach(one, before, after) for one in edits]
    subtrees = {at for one in found for at in one.subtrees}
    alone = {at for one in found for at in one.alone}
    return frozenset((with_all_below(after, subtrees) | alone) - {ROOT_ID})


@dataclass(frozen=True, slots=True)
class Reach:
    """What one edit makes stale: live nodes with all below them (the root: all), and nodes by themselves."""

    subtrees: frozenset[NodeId]
    alone: frozenset[NodeId]


def reach(edit: Edit, before: Tree, after: Tree) -> Reach:
    """The part of `stale_nodes` that one of the edits answers for; costs as much as the tree is deep."""
    subtrees, alone = _named(edit, before, after)
    return Reach(frozenset(_live(after, subtrees)), frozenset(_live(after, alone)))


Ids = Iterable[NodeId]


def _named(edit: Edit, before: Tree, after: Tree) -> tuple[Ids, Ids]:
    """The ids, live or not, at which whole subtrees become stale, and those that do alone."""
    match edit:
        case Create(node=node):
            return (node.parent_id,), _above(after, node.parent_id)
        case Restore(node=node):
            gone = before.redirects.get(node.id)
            return (node.parent_id,), (*_above(after, node.parent_id), *(gone.targets if gone else ()))
        case Rename() | Relabel() | SetAttributes():
            return (edit.node_id,), ()
        case Move():
            return _moved(edit, before)
        case Split():
            return (), (part.node_id for part in edit.parts)
        case Merge():
            return (), (edit.into_id,)
        case Retire():
            return (), (edit.node_id,)  # by now it stands for what its products went to
        case _:
            return (), ()


def _moved(edit: Move, before: Tree) -> tuple[Ids, Ids]:
    known = before.nodes.get(edit.node_id)
    if known is not None and known.parent_id == edit.parent_id:
        return (), ()  # only its place among its siblings
    old_parent = () if known is None else (known.parent_id,)
    return (edit.node_id, *(() if edit.parent_id == ROOT_ID else (edit.parent_id,))), old_parent


def _above(tree: Tree, node_id: NodeId) -> Ids:
    return tree.lineage(node_id) if node_id in tree else ()


def _live(tree: Tree, node_ids: Ids) -> Iterator[NodeId]:
    """What these ids stand for; an id that the tree never had stands for nothing."""
    for at in node_ids:
        if at in tree:
            yield at
        elif at in tree.redirects:
            yield from tree.successors(at)


def with_all_below(tree: Tree | Draft, node_ids: Ids) -> set[NodeId]:
    """These live nodes and everything under them, in one walk however many there are."""
    found: set[NodeId] = set()
    open_ids = list(node_ids)
    while open_ids:
        at = open_ids.pop()
        if at not in found:
            found.add(at)
            open_ids.extend(tree.children_of(at))
    return found
