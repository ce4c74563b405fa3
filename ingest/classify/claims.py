"""How much of the known goods a node that was never trained may claim."""

from collections.abc import Sequence

import numpy as np

from ingest.classify.head import Head
from ingest.classify.memory import Memory
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["held_back"]

_CLAIMED = 0.002
_LEAD = 1.0
"""A new row is held back until at most 1 in 500 remembered products is within 1 of moving to it. With 20
leaves taken out of training and added back by name and five products, by three draws, the others lost 0.2,
0.9 and 0.1 points of accuracy, and the new ones kept 0.96 of what training gives; not held back, they lost
0.2, 18.7 and 0.5 points: a new shelf of boys' shirts took the men's."""

_ASKED = 10_000  # remembered products that are asked: 20 of them are still a telling 1 in 500
_CHUNK = 2048


def held_back(head: Head, new: Sequence[NodeId], memory: Memory, tree: Tree) -> Head:
    """The head with the biases of new rows lowered, as far as they claim what is known to stand elsewhere.

    Nobody trained a new row to keep away from the goods of its neighbours. What is remembered tells how much
    of these it would take. A node is free to take from those above it, to which its goods were counted
    before, and new nodes to take from each other.

    Parameters
    ----------
    head : Head
        On the tree, the new nodes' rows last.
    new : sequence of NodeId
        The nodes of these rows.
    memory : Memory
        What is remembered of products, under the tree's nodes; without any, nothing is held back.
    """
    asked = np.arange(0, len(memory), max(1, -(-len(memory) // _ASKED)))
    if not new or not len(asked) or len(new) == len(head.ids):
        return head
    claims = _claims(head, len(new), memory.vectors[asked])
    owners = memory.owners[asked]
    bias = head.bias.copy()
    for column, at in enumerate(new):
        free = {at, *new, *tree.ancestors(at)}
        others = np.array([one not in free for one in memory.ids])[owners]
        most = np.sort(claims[others, column])[::-1][int(_CLAIMED * len(asked)) :]
        bias[len(head.ids) - len(new) + column] -= max(0.0, float(most[0]) + _LEAD) if len(most) else 0.0
    return Head(head.ids, head.rows, bias)


def _claims(head: Head, n_new: int, vectors: np.ndarray) -> Floats:
    """How far each new row is above the likeliest trained one: (n, n_new) float32."""
    found = []
    for start in range(0, len(vectors), _CHUNK):
        logits = head.logits(vectors[start : start + _CHUNK].astype(np.float32))
        found.append(logits[:, -n_new:] - logits[:, :-n_new].max(axis=1, keepdims=True))
    claims: Floats = np.vstack(found)
    return claims
