"""The leg that asks the classifier where a product with the query as its title would go."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import Floats
from taxonomy.search.legs import node_order
from taxonomy.tree import Tree

__all__ = ["PosteriorLeg", "Posteriors"]


class Posteriors(Protocol):
    """What is asked of a classifier."""

    @property
    def terminals(self) -> Sequence[NodeId]:
        """The nodes that the columns of posteriors stand for; retired ids count for their successors."""

    def posteriors(self, texts: Sequence[str]) -> Floats:
        """Of product texts: (n_texts, n_terminals) float32, rows adding up to 1."""

    def query_posteriors(self, queries: Sequence[str]) -> Floats:
        """Of search queries: (n_queries, n_terminals) float32, rows adding up to 1."""


@dataclass(frozen=True)
class PosteriorLeg:
    """The square root of the classifier's probability that a product of these words stops in each node.

    The root keeps the second and third choice in sight: a query of two words leaves the classifier, made for
    whole titles, surer than it should be.
    """

    tree: Tree
    classifier: Posteriors
    name: str = field(default="posterior", init=False)

    def scores(self, queries: Sequence[str]) -> Floats:
        """(n_queries, n_nodes) in 0..1; zeros for a blank query."""
        told = np.array([bool(query.strip()) for query in queries], dtype=np.float32)
        by_node = self.classifier.query_posteriors(list(queries)) @ self._regroup
        return np.asarray(np.sqrt(np.clip(by_node, 0.0, 1.0)) * told[:, None], dtype=np.float32)

    def evidence(self, query: str, nodes: Sequence[int], scores: Floats) -> list[str]:
        """Such as ``the classifier gives it 71%``."""
        shares = scores**2
        return [f"the classifier gives it {share:.0%}" if share >= 0.01 else "" for share in shares]

    @cached_property
    def _regroup(self) -> csr_matrix:
        """(n_terminals, n_nodes): where each column's probability goes in this tree."""
        place = {node_id: at for at, node_id in enumerate(node_order(self.tree))}
        live = [self.tree.resolve(terminal) for terminal in self.classifier.terminals]
        rows = [row for row, node_id in enumerate(live) if node_id != ROOT_ID]
        columns = [place[node_id] for node_id in live if node_id != ROOT_ID]
        ones = np.ones(len(rows), dtype=np.float32)
        return csr_matrix((ones, (rows, columns)), shape=(len(live), len(place)))
