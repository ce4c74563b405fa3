"""A node of a category tree and its id."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NewType

__all__ = ["ROOT_ID", "Node", "NodeId", "NodeIds", "random_ids", "seeded_ids"]

NodeId = NewType("NodeId", str)
"""Opaque and never reused: 13 of the characters 0-9 a-v, which is a legal `ltree` label."""

NodeIds = Callable[[], NodeId]
"""A source of fresh ids."""

ROOT_ID = NodeId("root")
"""The hidden root of every tree; it is in no path and cannot be edited."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_LENGTH = 13  # 65 bits: a billion ids collide with a chance of about 1 in 100


@dataclass(frozen=True, slots=True)
class Node:
    """One category.

    `external_id` is the id in the file that the node was imported from (empty: none); `alt_labels` are other
    names that mean the same (SKOS altLabel), `scope_note` says what belongs in it.
    """

    id: NodeId
    name: str
    parent_id: NodeId = ROOT_ID
    locked: bool = False
    external_id: str = ""
    alt_labels: tuple[str, ...] = ()
    scope_note: str = ""


def random_ids() -> NodeId:
    """A fresh id nobody has seen."""
    return _encode(secrets.token_bytes(_LENGTH))


def seeded_ids(seed: str) -> NodeIds:
    """Fresh ids in an order that depends on `seed` alone, for builds that must repeat byte for byte.

    >>> seeded_ids("a")() == seeded_ids("a")()
    True
    """
    count = 0

    def draw() -> NodeId:
        nonlocal count
        count += 1
        return _encode(hashlib.sha256(f"{seed}\0{count}".encode()).digest())

    return draw


def _encode(raw: bytes) -> NodeId:
    return NodeId("".join(_ALPHABET[byte % 32] for byte in raw[:_LENGTH]))
