"""How much of the known goods a node that was never trained may claim."""

from collections.abc import Collection, Sequence

import numpy as np

from ingest.classify.head import Head
from ingest.classify.memory import Memory
from taxonomy.node import NodeId
from taxonomy.ports import Floats
from taxonomy.tree import Tree

__all__ = ["held_back"]

_CLAIMED = 0.002
_LEAD = 1.0
_LEAD_IF_SHOWN = 2.0
"""A new row is held back until at most 1 in 500 remembered products is within 1 of moving to it, or within 2
where the node has examples: these are remembered, and vote for it beside its row. With 20 leaves taken out
of a marketplace's training and added back by name and five products, by three draws, the others lost 0.5, 0.7
and 0.1 points of accuracy; not held back, they lost 0.2, 18.7 and 0.5: a new shelf of boys' shirts took the
men's. A grocer's others lost 0.9 points, and 1.2 without the second step for examples, by which the new ones
would have been right in 0.69 in place of 0.67."""

_ASKED = 10_000  # remembered products that are asked: 20 of them are still a telling 1 in 500
_CHUNK = 2048


def held_back(
    head: Head, new: Sequence[NodeId], memory: Memory, tree: Tree, *, shown: Collection[NodeId] = ()
) -> Head:
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
    shown : collection of NodeId
        Those of which there are examples.
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
        lead = _LEAD_IF_SHOWN if at in shown else _LEAD
        bias[len(head.ids) - len(new) + column] -= max(0.0, float(most[0]) + lead) if len(most) else 0.0
    return Head(head.ids, head.rows, bias)


def _claims(head: Head, n_new: int, vectors: np.ndarray) -> Floats:
    """How far each new row is above the likeliest trained one: (n, n_new) float32."""
    found = []
    for start in range(0, len(vectors), _CHUNK):
        logits = head.logits(vectors[start : start + _CHUNK].astype(np.float32))
        found.append(logits[:, -n_new:] - logits[:, :-n_new].max(axis=1, keepdims=True))
    claims: Floats = np.vstack(found)
    return claims
