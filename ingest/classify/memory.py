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
            cosines = vectors[start : start + step] @ self._known.T
            self._count(cosines, votes[start : start + step])
        return votes

    def _count(self, cosines: Floats, votes: Floats) -> None:
        n_near = min(_NEIGHBOURS, cosines.shape[1])
        near = np.argpartition(cosines, -n_near, axis=1)[:, -n_near:]
        found = np.take_along_axis(cosines, near, axis=1)
        weights = np.exp((found - found.max(axis=1, keepdims=True)) * _SHARPNESS)
        weights /= weights.sum(axis=1, keepdims=True)
        np.add.at(votes, (np.arange(len(near))[:, None], self.owners[near]), weights)

    @cached_property
    def _known(self) -> Floats:
        """The vectors in the precision that processors multiply fastest."""
        return self.vectors.astype(np.float32)

    def _nodes(self) -> list[NodeId]:
        return [self.ids[at] for at in self.owners]
