"""What the store in memory holds, and the open block's view of it."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TypeVar

from taxonomy.changes import ChangeSet, Written
from taxonomy.errors import UnknownId
from taxonomy.jobs import Change, Job, Shard
from taxonomy.node import NodeId
from taxonomy.product import Assignment, Product, ProductId
from taxonomy.proposal import Report
from taxonomy.records import (
    AuditRow,
    Comment,
    ImportMark,
    Promotion,
    Release,
    Version,
)
from taxonomy.review import Answer, Suggestion
from taxonomy.tree import Tree

T = TypeVar("T")
Key = tuple[str, str, ProductId]
"""Catalogue, taxonomy, product."""


@dataclass(frozen=True)
class Kept:
    """A product with the import that saw it last."""

    product: Product
    import_id: int
    live: bool = True


@dataclass(frozen=True)
class Planned:
    """A job with what it is pinned to, and when it was started last."""

    job: Job
    tree: Tree | None
    node_ids: frozenset[NodeId] | None
    run_at: datetime | None = None


@dataclass(frozen=True)
class Work:
    """A shard, who has it, and what came of it."""

    shard: Shard
    worker: str = ""
    leased_until: datetime | None = None
    done_at: datetime | None = None
    n_tagged: int = 0
    n_changed: int = 0
    n_errors: int = 0
    error: str = ""


@dataclass
class Contents:
    """Everything that is stored. The values never change, so copies of the dictionaries are a snapshot."""

    trees: dict[str, Tree] = field(default_factory=dict)
    changes: dict[str, ChangeSet] = field(default_factory=dict)
    requests: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    comments: dict[str, tuple[Comment, ...]] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    versions: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    audit: dict[str, tuple[AuditRow, ...]] = field(default_factory=dict)
    touches: dict[str, tuple[Written, ...]] = field(default_factory=dict)
    catalogs: dict[str, datetime | None] = field(default_factory=dict)
    imports: dict[str, ImportMark] = field(default_factory=dict)
    products: dict[tuple[str, ProductId], Kept] = field(default_factory=dict)
    assignments: dict[Key, Assignment] = field(default_factory=dict)
    assignment_history: dict[tuple[str, Key], Assignment | None] = field(default_factory=dict)
    placements: dict[Key, Assignment] = field(default_factory=dict)
    releases: dict[int, tuple[Release, Tree]] = field(default_factory=dict)
    jobs: dict[int, "Planned"] = field(default_factory=dict)
    shards: dict[tuple[int, int], "Work"] = field(default_factory=dict)
    tag_history: dict[tuple[int, ProductId], Change] = field(default_factory=dict)
    suggestions: dict[Key, tuple[Suggestion, str]] = field(default_factory=dict)
    suggestion_history: dict[tuple[int, ProductId], tuple[Suggestion, str] | None] = field(
        default_factory=dict
    )
    answers: dict[int, tuple[str, str, Answer]] = field(default_factory=dict)
    promotions: dict[int, Promotion] = field(default_factory=dict)

    def copy(self) -> "Contents":
        """A snapshot."""
        return Contents(*(dict(getattr(self, one.name)) for one in fields(self)))

    def tree(self, name: str) -> Tree:
        """The head of a taxonomy that must exist."""
        return known(self.trees, "taxonomy", name)

    def live(self, catalog: str) -> list[Product]:
        """The live products of a catalogue that must exist, by id."""
        known(self.catalogs, "catalog", catalog)
        found = (
            kept.product for (shop, _), kept in self.products.items() if kept.live and shop == catalog.lower()
        )
        return sorted(found, key=lambda product: product.id)


@dataclass
class Desk:
    """The contents as the open block sees them."""

    now: Contents
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


def known(table: Mapping[str, T], kind: str, name: str) -> T:
    """The entry of this name; UnknownId names those that exist."""
    if name.lower() not in table:
        raise UnknownId(kind, name, f"there are {', '.join(sorted(table)) or 'none'}")
    return table[name.lower()]
