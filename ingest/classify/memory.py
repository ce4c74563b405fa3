"""Labelled products that the classifier remembers: its second leg, which learns without training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ingest.classify.layout import Indices
from taxonomy.node import NodeId
from taxonomy.ports import Floats

__all__ = ["Memory"]

_NEIGHBOURS = 20
_SHARPNESS = 30.0
"""Votes weigh exp(30 cosine). Of 10, 20 and 30 neighbours and sharpness 10 and 30, 20 and 30 gave the best
likelihood on two public catalogues; all were within half a point of accuracy of each other."""

_BLOCK = 32  # of 16, 32 and 64 the quickest for 20,000 products
_CHUNK = 4_000_000  # cosines in memory at a time


@dataclass(frozen=True)
class Memory:
    """Vectors of labelled products and the node that each stands in.

    The head sums a category up in one direction. A category that holds several kinds of goods, or that
    a shop fills by brand, is better told by its nearest products (k-nearest neighbours on the fine-tuned
    vectors; Khandelwal et al. 2020, *Generalization through Memorization*, arXiv:1911.00172, do the same
    beside a language model's softmax). What is remembered may be added to at any time.

    Attributes
    ----------
    ids : tuple of NodeId
        The nodes that are remembered.
    owners : (n,) int
        Which of `ids` each vector belongs to.
    vectors : (n, dim) float16
        Unit rows.
    """

    ids: tuple[NodeId, ...]
    owners: Indices
    vectors: np.ndarray

    @classmethod
    def empty(cls, dim: int) -> "Memory":
        """Remembers nothing."""
        return cls((), np.zeros(0, dtype=np.int64), np.zeros((0, dim), dtype=np.float16))

    @classmethod
    def of(cls, nodes: Sequence[NodeId], vectors: Floats) -> "Memory":
        """Remembers that these products, (n, dim) unit rows, stand in these n nodes."""
        ids = tuple(dict.fromkeys(nodes))
        position = {at: index for index, at in enumerate(ids)}
        owners = np.array([position[at] for at in nodes], dtype=np.int64)
        return cls(ids, owners, vectors.astype(np.float16))

    def __len__(self) -> int:
        return len(self.owners)

    def having(self, other: "Memory") -> "Memory":
        """This memory and another one's."""
        nodes = [*self._nodes(), *other._nodes()]
        return Memory.of(nodes, np.vstack([self.vectors, other.vectors]))

    def renamed(self, nodes: Sequence[NodeId | None]) -> "Memory":
        """Each vector under the node given for it, those with None forgotten."""
        kept = [row for row, at in enumerate(nodes) if at is not None]
        return Memory.of([at for at in nodes if at is not None], self.vectors[kept])

    def votes(self, vectors: Floats) -> Floats:
        """How much of the neighbours' vote each of `ids` gets: (n, n_ids) float32, rows adding up to 1.

        Parameters
        ----------
        vectors : (n, dim) float32
            Unit rows.
        """
        votes = np.zeros((len(vectors), len(self.ids)), dtype=np.float32)
        if not len(self):
            return votes
        step = max(1, _CHUNK // len(self))
        for start in range(0, len(vectors), step):
            near, cosines = self._nearest(vectors[start : start + step])
            weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) * _SHARPNESS)
            weights /= weights.sum(axis=1, keepdims=True)
            np.add.at(votes, (start + np.arange(len(near))[:, None], self.owners[near]), weights)
        return votes

    def _nearest(self, vectors: Floats) -> tuple[Indices, Floats]:
        """Which 20 products are nearest to each row, and their cosines; fewer where fewer are remembered.

        They lie in the 20 blocks whose own nearest are the nearest; to look at all takes twice as
        long. Column `c` is in block `c` modulo the number of blocks.
        """
        n_near, n_blocks = min(_NEIGHBOURS, len(self)), -(-len(self) // _BLOCK)
        cosines = np.full((len(vectors), _BLOCK * n_blocks), -np.inf, dtype=np.float32)
        np.matmul(vectors, self._known.T, out=cosines[:, : len(self)])
        tops = cosines.reshape(len(vectors), _BLOCK, n_blocks).max(axis=1)
        best = _largest(tops, min(_NEIGHBOURS, n_blocks))
        columns = (best[:, None] + n_blocks * np.arange(_BLOCK)[:, None]).reshape(len(vectors), -1)
        chosen = _largest(np.take_along_axis(cosines, columns, axis=1), n_near)
        near = np.take_along_axis(columns, chosen, axis=1)
        return near, np.take_along_axis(cosines, near, axis=1)

    @cached_property
    def _known(self) -> Floats:
        """The vectors in the precision that processors multiply fastest."""
        return self.vectors.astype(np.float32)

    def _nodes(self) -> list[NodeId]:
        return [self.ids[at] for at in self.owners]


def _largest(rows: Floats, n: int) -> Indices:
    """The columns of each row's `n` largest, in any order."""
    return np.argpartition(rows, -n, axis=1)[:, -n:]
