"""Where a retired id leads: to one live node, or to several with shares."""

from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, NodeId

__all__ = ["Redirect", "resolve"]


@dataclass(frozen=True, slots=True)
class Redirect:
    """The successors of a retired node, likeliest first.

    `shares` are the parts of its products that went to each, in 0..1 and adding up to 1; a merge has one
    successor with share 1. A successor may itself be retired later: `resolve` follows the chain.
    """

    targets: tuple[NodeId, ...]
    shares: tuple[float, ...] = (1.0,)


def resolve(redirects: Mapping[NodeId, Redirect], node_id: NodeId) -> NodeId:
    """Follow redirects from a retired id to the live node that took most of its products.

    Raises
    ------
    UnknownId
        `node_id` was never retired.

    Examples
    --------
    >>> a, b, c = NodeId("a"), NodeId("b"), NodeId("c")
    >>> resolve({a: Redirect((b,)), b: Redirect((c,))}, a)
    'c'
    """
    if node_id not in redirects:
        raise UnknownId("node", node_id, "it was never part of this tree")
    seen: set[NodeId] = set()
    while node_id in redirects and node_id not in seen:
        seen.add(node_id)
        node_id = redirects[node_id].targets[0]
    return ROOT_ID if node_id in seen else node_id
