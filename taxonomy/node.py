"""A node of a category tree, its id, and what can be said about a category."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

__all__ = [
    "ROOT_ID",
    "Attribute",
    "AttributeKind",
    "Label",
    "LabelKind",
    "Match",
    "MatchKind",
    "Node",
    "NodeId",
    "NodeIds",
    "Relation",
    "RelationKind",
    "Restriction",
    "RestrictionKind",
    "random_ids",
    "seeded_ids",
]

NodeId = NewType("NodeId", str)
"""Opaque and never reused: 13 of the characters 0-9 a-v, which is a legal `ltree` label."""

NodeIds = Callable[[], NodeId]
"""A source of fresh ids."""

ROOT_ID = NodeId("root")
"""The hidden root of every tree; it is in no path and cannot be edited."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_LENGTH = 13  # 65 bits: a billion ids collide with a chance of about 1 in 100


class LabelKind(StrEnum):
    """What a label is for, in SKOS's words."""

    PREFERRED = "preferred"  # shown, in its language
    ALTERNATIVE = "alternative"  # means the same
    HIDDEN = "hidden"  # found but never shown: misspellings


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """A name of a node beside `Node.name`; `language` is a BCP 47 tag (empty: not said)."""

    text: str
    kind: LabelKind = LabelKind.ALTERNATIVE
    language: str = ""


class AttributeKind(StrEnum):
    """What values an attribute takes."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a shop asks of the products of a category, and of those below it.

    `values` are those that a choice has, in order; `unit` is a number's.
    """

    name: str
    kind: AttributeKind = AttributeKind.TEXT
    unit: str = ""
    values: tuple[str, ...] = ()
    required: bool = False


class RelationKind(StrEnum):
    """How a category's products go with another's."""

    RELATED = "related"
    COMPLEMENT = "complement"  # bought together
    SUBSTITUTE = "substitute"  # bought instead


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A relation from a node to another; an id that was retired since stands for its successor."""

    kind: RelationKind
    node_id: NodeId


class RestrictionKind(StrEnum):
    """Why not everybody may be shown a category."""

    ADULT = "adult"
    REGULATED = "regulated"
    REGION = "region"  # sold in the regions named only


@dataclass(frozen=True, slots=True, order=True)
class Restriction:
    """A restriction on a category and all below it; `regions` are ISO 3166 codes, `note` says why."""

    kind: RestrictionKind
    regions: tuple[str, ...] = ()
    note: str = ""


class MatchKind(StrEnum):
    """How a node and a category of another scheme correspond, in SKOS's words."""

    EXACT = "exact"
    CLOSE = "close"
    BROAD = "broad"  # the other is broader
    NARROW = "narrow"


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """The category of another scheme (google, shopify, an own one) that a node corresponds to.

    An empty `target` says that somebody looked and there is none.
    """

    scheme: str
    target: str
    kind: MatchKind = MatchKind.EXACT


@dataclass(frozen=True, slots=True)
class Node:
    """One category.

    `external_id` is the id in the file that the node was imported from (empty: none). `name` is the
    preferred label in `language` (empty: not said) and stands in paths; `labels` are all others, sorted.
    `scope_note` says what belongs in it. Attributes and restrictions hold for what is below, too.
    """

    id: NodeId
    name: str
    parent_id: NodeId = ROOT_ID
    locked: bool = False
    external_id: str = ""
    language: str = ""
    labels: tuple[Label, ...] = ()
    scope_note: str = ""
    attributes: tuple[Attribute, ...] = ()
    relations: tuple[Relation, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    crosswalk: tuple[Match, ...] = ()

    @property
    def alt_labels(self) -> tuple[str, ...]:
        """The texts of its alternative labels, in any language."""
        return tuple(one.text for one in self.labels if one.kind is LabelKind.ALTERNATIVE)

    def name_in(self, language: str) -> str:
        """The preferred label in a language, its name where it has none.

        >>> Node(NodeId("a"), "Tea", labels=(Label("茶", LabelKind.PREFERRED, "zh"),)).name_in("zh")
        '茶'
        """
        preferred = (one for one in self.labels if one.kind is LabelKind.PREFERRED)
        return next((one.text for one in preferred if one.language == language), self.name)


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
