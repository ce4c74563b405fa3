"""A store in memory, as much of it as the screens use."""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Self

from taxonomy.changes import ChangeSet, State
from taxonomy.errors import DatabaseUnavailable, UnknownId
from taxonomy.node import NodeId
from taxonomy.ports import AuditRow, CatalogSummary, Release
from taxonomy.product import Assignment, Product, ProductId
from taxonomy.tree import Tree


@dataclass
class Memory:
    """What is stored, and whether it can be reached."""

    trees: dict[str, Tree] = field(default_factory=dict)
    changes: dict[str, ChangeSet] = field(default_factory=dict)
    products: dict[str, dict[ProductId, Product]] = field(default_factory=dict)
    machine: dict[ProductId, Assignment] = field(default_factory=dict)
    people: dict[ProductId, NodeId] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    away: bool = False


class MemoryUnitOfWork:
    """A unit of work over a `Memory`; threads must not share one."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.trees, self.changes = Trees(memory), Changes(memory)
        self.catalogs, self.assignments = Catalogs(memory), Assignments(memory)
        self.releases = Releases(memory)

    def __enter__(self) -> Self:
        if self.memory.away:
            raise DatabaseUnavailable("the database does not answer at localhost:5432")
        self.commit()
        return self

    def __exit__(self, *_: object) -> None:
        self.rollback()

    def commit(self) -> None:
        self.kept = {one.name: copy(getattr(self.memory, one.name)) for one in fields(self.memory)}

    def rollback(self) -> None:
        for name, value in self.kept.items():
            setattr(self.memory, name, value)


@dataclass
class Trees:
    memory: Memory

    def names(self) -> list[str]:
        return sorted(self.memory.trees)

    def head(self, name: str) -> Tree:
        if name not in self.memory.trees:
            raise UnknownId("taxonomy", name)
        return self.memory.trees[name]

    lock = head

    def save(self, name: str, before: Tree, after: Tree) -> None:
        self.memory.trees[name] = after


@dataclass
class Changes:
    memory: Memory

    def add(self, change: ChangeSet) -> None:
        self.memory.changes[change.id] = change

    update = add

    def get(self, change_id: str) -> ChangeSet:
        return self.memory.changes[change_id]

    def log(self, taxonomy: str, *, state: State | None = None, limit: int = 50) -> list[ChangeSet]:
        rows = reversed(self.memory.changes.values())
        return [row for row in rows if row.taxonomy == taxonomy and state in (None, row.state)][:limit]

    def since(self, taxonomy: str, version: int) -> list[ChangeSet]:
        return [row for row in self.memory.changes.values() if (row.applied_version or 0) > version]

    def append_audit(self, taxonomy: str, rows: Iterable[AuditRow]) -> None:
        list(rows)


@dataclass
class Catalogs:
    memory: Memory

    def names(self) -> list[CatalogSummary]:
        return [CatalogSummary(name, len(rows)) for name, rows in sorted(self.memory.products.items())]

    def count(self, name: str) -> int:
        return len(self.memory.products[name])


@dataclass
class Assignments:
    memory: Memory

    def write(self, catalog: str, taxonomy: str, assignments: Iterable[Assignment]) -> int:
        rows = {one.product_id: one for one in assignments}
        self.memory.machine.update(rows)
        return len(rows)

    def place(
        self, catalog: str, taxonomy: str, node_id: NodeId, product_ids: Sequence[ProductId], *, author: str
    ) -> None:
        self.memory.people.update(dict.fromkeys(product_ids, node_id))

    def unplace(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        for product_id in product_ids:
            self.memory.people.pop(product_id, None)

    def placed(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, NodeId]:
        return {at: self.memory.people[at] for at in product_ids if at in self.memory.people}

    def counts(self, catalog: str, taxonomy: str) -> dict[NodeId, int]:
        return dict(Counter(one.node_id for one in self._resolved(taxonomy).values()))

    def of_node(
        self, catalog: str, taxonomy: str, node_ids: Sequence[NodeId], *, limit: int = 100, offset: int = 0
    ) -> list[tuple[Product, Assignment]]:
        wanted, products = set(node_ids), self.memory.products[catalog]
        rows = [one for one in self._resolved(taxonomy).values() if one.node_id in wanted]
        rows.sort(key=lambda one: (one.source != "person", -one.probability, one.product_id))
        return [(products[one.product_id], one) for one in rows[offset : offset + limit]]

    def unplaced(self, catalog: str, taxonomy: str, *, limit: int = 100, offset: int = 0) -> list[Product]:
        placed = self._resolved(taxonomy)
        rows = [product for at, product in self.memory.products[catalog].items() if at not in placed]
        return rows[offset : offset + limit]

    def _resolved(self, taxonomy: str) -> dict[ProductId, Assignment]:
        tree = self.memory.trees[taxonomy]
        rows = {at: (one.node_id, one) for at, one in self.memory.machine.items()}
        rows |= {at: (node_id, Assignment(at, node_id)) for at, node_id in self.memory.people.items()}
        live = {at: (tree.resolve(node_id), one) for at, (node_id, one) in rows.items()}
        return {
            at: Assignment(at, node_id, one.probability, one.source)
            for at, (node_id, one) in live.items()
            if node_id in tree.nodes
        }


@dataclass
class Releases:
    memory: Memory

    def publish(
        self, taxonomy: str, tree: Tree, *, model_revision: str, model_dir: str, author: str
    ) -> Release:
        release = Release(
            len(self.memory.releases) + 1,
            taxonomy,
            tree.version,
            model_revision,
            model_dir,
            author,
            datetime.now(UTC),
        )
        self.memory.releases.append(release)
        return release

    def log(self, taxonomy: str, *, limit: int = 50) -> list[Release]:
        return [row for row in reversed(self.memory.releases) if row.taxonomy == taxonomy][:limit]
