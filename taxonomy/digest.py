"""A hash of a tree that one edit changes by as much as it touched.

Every node, family (the order of a node's children), redirect and pin has a hash of its own; the tree's is
their sum, so that an edit subtracts what was and adds what is. Sums of hashes tell two trees apart that
differ by accident; they are no seal against somebody who constructs a collision on purpose (Bellare and
Micciancio, "A New Paradigm for Collision-Free Hashing", 1997, AdHash).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from taxonomy.node import Node, NodeId
from taxonomy.redirects import Redirect
from taxonomy.values import to_json

__all__ = ["MODULUS", "Touched", "part", "whole"]

MODULUS = 1 << 256

_body = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode  # `dumps` would make one a call

Families = Mapping[NodeId, tuple[NodeId, ...]]


@dataclass
class Touched:
    """Keys of the parts of a tree that may have changed."""

    nodes: set[NodeId] = field(default_factory=set)
    families: set[NodeId] = field(default_factory=set)
    redirects: set[NodeId] = field(default_factory=set)
    pins: set[str] = field(default_factory=set)

    def copy(self) -> "Touched":
        """The same keys, to go on with."""
        return Touched(set(self.nodes), set(self.families), set(self.redirects), set(self.pins))


def whole(
    nodes: Mapping[NodeId, Node],
    children: Families,
    redirects: Mapping[NodeId, Redirect],
    pins: Mapping[str, NodeId],
) -> int:
    """The sum over everything, in 0..MODULUS-1; 0 for an empty tree."""
    everything = Touched(set(nodes), set(children), set(redirects), set(pins))
    return part(nodes, children, redirects, pins, everything) % MODULUS


def part(
    nodes: Mapping[NodeId, Node],
    children: Families,
    redirects: Mapping[NodeId, Redirect],
    pins: Mapping[str, NodeId],
    touched: Touched,
) -> int:
    """The sum over the touched keys that are there."""
    return (
        _sum("node", touched.nodes, nodes)
        + _sum("family", touched.families, {at: children.get(at) or None for at in touched.families})
        + _sum("redirect", touched.redirects, redirects)
        + _sum("pin", touched.pins, pins)
    )


def _sum(kind: str, keys: Iterable[str], held: Mapping[NodeId, object] | Mapping[str, object]) -> int:
    there = ((key, value) for key in keys if (value := held.get(key)) is not None)  # type: ignore[call-overload]
    return sum(_hash(kind, key, value) for key, value in there)


def _hash(kind: str, key: str, value: object) -> int:
    body = _body([kind, key, to_json(value)])
    return int.from_bytes(sha256(body.encode("utf-8", "surrogatepass")).digest())
