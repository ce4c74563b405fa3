"""Where a retired id leads: to one live node, or to several with shares."""

from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy.errors import UnknownId
from taxonomy.node import ROOT_ID, NodeId

__all__ = ["Redirect", "resolve", "successors"]


@dataclass(frozen=True, slots=True)
class Redirect:
    """The successors of a retired node; the first has its children and every product that no other names.

    `shares` are the parts of its products that went to each, in 0..1 and adding up to 1; a merge has one
    successor with share 1. A successor may itself be retired later: `resolve` follows the chain.
    """

    targets: tuple[NodeId, ...]
    shares: tuple[float, ...] = (1.0,)


def resolve(redirects: Mapping[NodeId, Redirect], node_id: NodeId) -> NodeId:
    """Follow redirects from a retired id to the live node that a product left there stands in now.

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


def successors(redirects: Mapping[NodeId, Redirect], node_id: NodeId) -> dict[NodeId, float]:
    """Every live node that an id leads to, with its share of the products, the largest first.

    A live id leads to itself. Shares multiply along a chain and add up where ways meet again.

    >>> a, b, c, d = map(NodeId, "abcd")
    >>> successors({a: Redirect((b, c), (0.75, 0.25)), c: Redirect((d,))}, a)
    {'b': 0.75, 'd': 0.25}
    """
    shares = dict.fromkeys(_along(redirects, node_id), 0.0)
    shares[node_id] = 1.0
    ends: dict[NodeId, float] = {}
    for at in shares:
        if at not in redirects:
            ends[at] = shares[at]
            continue
        way = redirects[at]
        for target, part in zip(way.targets, way.shares, strict=True):
            shares[target] += shares[at] * part
    return dict(sorted(ends.items(), key=lambda one: (-one[1], one[0])))


def _along(redirects: Mapping[NodeId, Redirect], node_id: NodeId) -> list[NodeId]:
    """The id and all that it leads to, each after everything that leads to it.

    Ways part and meet again, so that there may be more of them than anybody can walk, of few ids.
    """
    ordered: list[NodeId] = []
    seen: set[NodeId] = set()
    stack = [(node_id, False)]
    while stack:
        at, is_done = stack.pop()
        if is_done:
            ordered.append(at)
        elif at not in seen:
            seen.add(at)
            stack.append((at, True))
            stack += [(target, False) for target in (redirects[at].targets if at in redirects else ())]
    return ordered[::-1]
