"""A tree laid out so that a node's probability is one subtraction."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["Layout"]

Indices = NDArray[np.int64]


class Layout:
    """The terminals of a tree in display order.

    In that order the terminals below any node stand side by side, so the sum of their probabilities is a
    difference of two running sums.

    Parameters
    ----------
    tree : Tree
        The tree.
    terminals : iterable of NodeId
        Nodes of the tree that products may end in, in any order.

    Attributes
    ----------
    terminals : tuple of NodeId
        In display order, parents before children.
    lineages : list of tuple of NodeId
        For each terminal the nodes from its top category down to itself.
    """

    def __init__(self, tree: Tree, terminals: Iterable[NodeId]) -> None:
        wanted = set(terminals)
        self.terminals = tuple(at for at in tree.descendants() if at in wanted)
        self.lineages = [tree.lineage(at) for at in self.terminals]
        self.position = {at: index for index, at in enumerate(self.terminals)}
        spans: dict[NodeId, tuple[int, int]] = {}
        for index, lineage in enumerate(self.lineages):
            for node_id in lineage:
                spans[node_id] = (spans.get(node_id, (index, 0))[0], index + 1)
        self.depths = np.array([len(lineage) for lineage in self.lineages], dtype=np.int64)
        width = int(self.depths.max(initial=0))
        self._spans = np.zeros((len(self.terminals), width, 2), dtype=np.int64)
        for index, lineage in enumerate(self.lineages):
            self._spans[index, : len(lineage)] = [spans[node_id] for node_id in lineage]

    def path_probabilities(self, posteriors: Floats, terminals: Indices) -> Floats:
        """How likely each node on the way to a terminal is: (n, deepest level) float32, 0 past the terminal.

        Parameters
        ----------
        posteriors : (n, n_terminals) float32
            Rows add up to 1.
        terminals : (n,) int
            For each row the position of the terminal whose path is asked for.
        """
        sums = np.zeros((len(posteriors), len(self.terminals) + 1))
        np.cumsum(posteriors, axis=1, dtype=np.float64, out=sums[:, 1:])
        spans = self._spans[terminals]
        at = np.arange(len(posteriors))[:, None]
        return np.clip(sums[at, spans[..., 1]] - sums[at, spans[..., 0]], 0.0, 1.0).astype(np.float32)
