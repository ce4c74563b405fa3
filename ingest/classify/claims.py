"""How much of the known goods a node that was never trained may claim."""

from collections.abc import Sequence

import numpy as np

from ingest.classify.head import Head
from ingest.classify.layout import Indices
from ingest.classify.memory import Memory
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["held_back"]

_CLAIMED = 0.002
_LEAD = 1.0
"""A new row is held back until at most 1 in 500 remembered products is within 1 of moving to it. With 20
leaves taken out of training and added back by name, by three draws, a marketplace's others lost 0.2 points of
accuracy, a grocer's 0.8. Added back by name and five products they lost, not held back at all, 0.2, 18.7 and
0.5 points: a new shelf of boys' shirts took the men's."""

_ASKED = 10_000  # remembered products that are asked: 20 of them are still a telling 1 in 500
_CHUNK = 2048


def held_back(
    head: Head, new: Sequence[NodeId], memory: Memory, tree: Tree, *, besides: Sequence[NodeId] = ()
) -> Head:
    """The head with the biases of new rows lowered, as far as they claim what is known to stand elsewhere.

    Nobody trained a new row to keep away from the goods of its neighbours. What is remembered tells how much
    of these it would take. A node is free to take from those above it, to which its goods were counted
    before, and new nodes to take from each other.

    Parameters
    ----------
    head : Head
        On the tree.
    new : sequence of NodeId
        Nodes with a row that nobody trained, known by their text alone.
    memory : Memory
        What is remembered of products, under the tree's nodes; without any, nothing is held back.
    besides : sequence of NodeId
        Other new nodes.
    """
    asked = np.arange(0, len(memory), max(1, -(-len(memory) // _ASKED)))
    anew = frozenset((*new, *besides))
    trained = [at not in anew for at in head.ids]
    if not new or not len(asked) or not any(trained):
        return head
    place = {at: row for row, at in enumerate(head.ids)}
    rows = [place[at] for at in new]
    claims = _claims(head, rows, np.flatnonzero(trained), memory.vectors[asked])
    owners = memory.owners[asked]
    bias = head.bias.copy()
    for column, (row, at) in enumerate(zip(rows, new, strict=True)):
        free = {*anew, *tree.ancestors(at)}
        others = np.array([one not in free for one in memory.ids])[owners]
        most = np.sort(claims[others, column])[::-1][int(_CLAIMED * len(asked)) :]
        bias[row] -= max(0.0, float(most[0]) + _LEAD) if len(most) else 0.0
    return Head(head.ids, head.rows, bias)


def _claims(head: Head, new: Sequence[int], trained: Indices, vectors: np.ndarray) -> Floats:
    """How far each new row is above the likeliest trained one: (n, n_new) float32."""
    found = []
    for start in range(0, len(vectors), _CHUNK):
        logits = head.logits(vectors[start : start + _CHUNK].astype(np.float32))
        found.append(logits[:, new] - logits[:, trained].max(axis=1, keepdims=True))
    claims: Floats = np.vstack(found)
    return claims
