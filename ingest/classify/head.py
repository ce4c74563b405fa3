"""The classifier's head: one softmax over terminals, in NumPy, beside the encoder and not in it."""

from dataclasses import dataclass

import numpy as np

from taxonomy.node import NodeId
from taxonomy.ports import Floats

__all__ = ["Head", "softmax"]


@dataclass(frozen=True)
class Head:
    """Weight rows keyed by node id.

    A terminal is a leaf, or "stops here" at an inner node. The encoder's vectors have unit length, and all
    rows have the same length (the learnt inverse temperature), so a row made from any text's vector competes
    on equal terms.

    Attributes
    ----------
    ids : tuple of NodeId
        The terminal that each row stands for; after a merge several rows may stand for one.
    rows : (n_rows, dim) float32
        All of length `scale`.
    bias : (n_rows,) float32
        How common a terminal is, in log units.
    """

    ids: tuple[NodeId, ...]
    rows: Floats
    bias: Floats

    @property
    def scale(self) -> float:
        """The length of a row; 1 without rows."""
        return float(np.linalg.norm(self.rows, axis=1).mean()) if len(self.rows) else 1.0

    def logits(self, vectors: Floats) -> Floats:
        """(n, n_rows) float32 of (n, dim) unit vectors."""
        scores: Floats = vectors @ self.rows.T + self.bias
        return scores

    def with_rows(self, ids: tuple[NodeId, ...], directions: Floats) -> "Head":
        """This head and a row for each new id, along (n, dim) `directions`, with the median bias."""
        if not ids:
            return self
        unit = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
        bias = np.full(len(ids), np.median(self.bias) if len(self.bias) else 0.0, dtype=np.float32)
        rows = np.vstack([self.rows, (unit * self.scale).astype(np.float32)])
        return Head((*self.ids, *ids), rows, np.concatenate([self.bias, bias]))


def softmax(logits: Floats, *, temperature: float = 1.0) -> Floats:
    """Probabilities along the last axis, after division by `temperature` (above 1: less sure)."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    powers = np.exp(scaled)
    probabilities: Floats = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities
