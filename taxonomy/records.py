"""What the repositories hand out and take in, beside trees, products and change sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taxonomy.node import NodeId

__all__ = [
    "AuditRow",
    "CatalogSummary",
    "Comment",
    "Held",
    "ImportMark",
    "Promotion",
    "Release",
    "Snapshots",
    "Upserted",
    "Version",
]

Snapshots = Mapping[str, Mapping[str, object] | None]
"""Nodes by their ids as JSON objects, None for none."""


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an import did: counts of products."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "Upserted") -> "Upserted":
        return Upserted(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class ImportMark:
    """How far an import of one file (by its digest) into a catalogue has come.

    `rows_done` counts products of the file that are in the store; importing the same file goes on there.
    """

    id: int
    digest: str
    rows_done: int = 0
    upserted: Upserted = Upserted()
    finished: bool = False


@dataclass(frozen=True, slots=True)
class CatalogSummary:
    """A catalogue and how many live products it has."""

    name: str
    n_products: int
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The nodes of a product as stored, redirects not followed: a person's, and a machine's or import's.

    What reads give follows from the two and the tree: the person's node where that leads to a live one.
    """

    placed: NodeId | None = None
    said: NodeId | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One edit that was applied: what it was, by whom, when, and what it did to the nodes it touched.

    `before` and `after` hold each touched node as a JSON object, None where it did not exist; those of before
    its change set have their `path`, too.
    """

    version: int
    change_set_id: str
    ordinal: int
    kind: str
    edit: Mapping[str, object]
    before: Snapshots
    after: Snapshots
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One step of a tree's history; `digest` is `Tree.digest()` after it (empty: not recorded)."""

    number: int
    change_set_id: str
    digest: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a change set."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """What search and re-tagging pin: a tree version and the model that goes with it, published by a person.

    `model_dir` is the artefact's folder on the machine that published it (empty: none was). A rollback is a
    release of its own: `restores` is the one that it publishes again, `rolls_back` the one that it ends.
    """

    id: int
    taxonomy: str
    tree_version: int
    model_revision: str
    model_dir: str
    author: str
    published_at: datetime
    takes_effect_at: datetime
    restores: int | None = None
    rolls_back: int | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A model that was compared with the serving one, and what came of it.

    `release_id` is the release that it got, None where it was refused; `reason` says why it was promoted
    against the figures, empty where these were good enough. `figures` are those of the comparison, as JSON.
    """

    taxonomy: str
    model_revision: str
    model_dir: str
    serving_revision: str
    author: str
    figures: Mapping[str, object]
    release_id: int | None = None
    reason: str = ""
    id: int = 0
    at: datetime | None = None
