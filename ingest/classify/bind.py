"""A trained head put onto the tree in use, which may have been edited since."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.classify.head import Head
from ingest.classify.layout import Indices, Layout
from taxonomy.errors import ModelError, UnknownId
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Encoder, Floats
from taxonomy.tree import Tree

__all__ = ["Bound", "bind", "node_text"]


@dataclass(frozen=True)
class Bound:
    """A head whose rows all stand for terminals of one tree.

    Attributes
    ----------
    head : Head
        Rows of the tree in use.
    layout : Layout
        The terminals in display order.
    target : (n_rows,) int
        The position of each row's terminal; merged nodes share one.
    """

    head: Head
    layout: Layout
    target: Indices

    def regroup(self, row_probabilities: Floats) -> Floats:
        """(n, n_terminals) float32 of (n, n_rows): the rows of one terminal added up."""
        order = np.argsort(self.target, kind="stable")
        starts = np.searchsorted(self.target[order], np.arange(len(self.layout.terminals)))
        sums: Floats = np.add.reduceat(row_probabilities[:, order], starts, axis=1)
        return sums


def bind(head: Head, tree: Tree, encoder: Encoder) -> Bound:
    """The head on this tree, every leaf of which can be predicted.

    Rows follow their ids: a moved or renamed node keeps its row, a merged or retired one lends its row to
    the node it went to. A node that was split leaves half of its row's direction to each successor, the
    other half being the successor's text. A leaf without a row gets the direction of its text (`node_text`).
    An id that this tree never knew loses its row.

    Raises
    ------
    ModelError
        No row's id is known to the tree.
    """
    kept: list[tuple[int, NodeId]] = []
    parts: dict[NodeId, int] = {}
    for row, old in enumerate(head.ids):
        successors = tree.redirects[old].targets if old in tree.redirects and old not in tree else (old,)
        if len(successors) > 1:
            parts.update((live, row) for one in successors if (live := _live(tree, one)) is not None)
        elif (live := _live(tree, old)) is not None:
            kept.append((row, live))
    if not kept and not parts:
        raise ModelError("this model belongs to another tree: the tree given has none of its nodes")
    rows = [row for row, _ in kept]
    bound = Head(tuple(live for _, live in kept), head.rows[rows], head.bias[rows])
    bare = tuple(at for at in _needing_rows(tree, parts) if at not in set(bound.ids))
    if bare:
        directions = encoder.encode([node_text(tree, at) for at in bare])
        for index, at in enumerate(bare):
            if at in parts:
                directions[index] += head.rows[parts[at]] / head.scale
        bound = bound.with_rows(bare, directions)
    layout = Layout(tree, bound.ids)
    return Bound(bound, layout, np.array([layout.position[at] for at in bound.ids], dtype=np.int64))


def node_text(tree: Tree, node_id: NodeId) -> str:
    """What a node would be called if it were a product: name, other names, parent's name, scope note."""
    node = tree.node(node_id)
    above = [tree.node(at).name for at in tree.ancestors(node_id)[-1:]]
    return ", ".join([node.name, *node.alt_labels, *above, *([node.scope_note] if node.scope_note else [])])


def _needing_rows(tree: Tree, parts: dict[NodeId, int]) -> Sequence[NodeId]:
    return list(dict.fromkeys([*tree.leaves(), *parts]))


def _live(tree: Tree, node_id: NodeId) -> NodeId | None:
    try:
        live = tree.resolve(node_id)
    except UnknownId:
        return None
    return None if live == ROOT_ID else live
