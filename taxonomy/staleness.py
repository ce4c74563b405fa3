"""Which products a change makes stale, so that the machine should look at them again: the one rule for it.

Impact counts by it before a change is applied, and re-tagging reads by it afterwards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taxonomy.edits import Create, Edit, Merge, Move, Relabel, Rename, Restore, Retire, SetAttributes, Split
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.tree import Tree

__all__ = ["stale_nodes"]


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
    reach = _Reach(before, after)
    subtrees: set[NodeId] = set()
    alone: set[NodeId] = set()
    for one in edits:
        whole, single = reach.of(one)
        subtrees.update(whole)
        alone.update(single)
    return frozenset((_expanded(after, reach.live(subtrees)) | reach.live(alone)) - {ROOT_ID})


Ids = Iterable[NodeId]


@dataclass(frozen=True, slots=True)
class _Reach:
    before: Tree
    after: Tree

    def of(self, one: Edit) -> tuple[Ids, Ids]:
        """The ids at which whole subtrees become stale, and those that do alone."""
        match one:
            case Create(node=node):
                return (node.parent_id,), self._above(node.parent_id)
            case Restore(node=node):
                gone = self.before.redirects.get(node.id)
                return (node.parent_id,), (*self._above(node.parent_id), *(gone.targets if gone else ()))
            case Rename() | Relabel() | SetAttributes():
                return (one.node_id,), ()
            case Move():
                return self._moved(one)
            case Split():
                return (), (part.node_id for part in one.parts)
            case Merge():
                return (), (one.into_id,)
            case Retire():
                return (), (one.node_id,)  # by now it stands for what its products went to
            case _:
                return (), ()

    def live(self, node_ids: Ids) -> set[NodeId]:
        """What these ids stand for after the edits; an id that this tree never had stands for nothing."""
        found: set[NodeId] = set()
        for at in node_ids:
            if at in self.after:
                found.add(at)
            elif at in self.after.redirects:
                found.update(self.after.successors(at))
        return found

    def _moved(self, one: Move) -> tuple[Ids, Ids]:
        known = self.before.nodes.get(one.node_id)
        if known is not None and known.parent_id == one.parent_id:
            return (), ()  # only its place among its siblings
        old_parent = () if known is None else (known.parent_id,)
        return (one.node_id, *(() if one.parent_id == ROOT_ID else (one.parent_id,))), old_parent

    def _above(self, node_id: NodeId) -> Ids:
        return self.after.lineage(node_id) if node_id in self.after else ()


def _expanded(tree: Tree, node_ids: set[NodeId]) -> set[NodeId]:
    """These nodes and all below them, in one walk however many there are."""
    found: set[NodeId] = set()
    open_ids = list(node_ids)
    while open_ids:
        at = open_ids.pop()
        if at not in found:
            found.add(at)
            open_ids.extend(tree.children_of(at))
    return found
