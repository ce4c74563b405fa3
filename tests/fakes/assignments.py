"""Where products stand, in memory."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from taxonomy.changes import ChangeSet
from taxonomy.errors import InputError, UnknownId
from taxonomy.node import NodeId
from taxonomy.product import Assignment, Product, ProductId, Source
from taxonomy.records import (
    Held,
)
from tests.fakes.contents import Desk, Key, known


class FakeAssignments:
    """`AssignmentRepository` in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def write(self, catalog: str, taxonomy: str, assignments: Iterable[Assignment]) -> int:
        self._require(catalog, taxonomy)
        last = {one.product_id: one for one in assignments}
        if any(one.source is Source.PERSON for one in last.values()):
            raise InputError("what a person says is a placement: use `place`")
        n_changed = 0
        for one in last.values():
            key = (catalog.lower(), taxonomy.lower(), one.product_id)
            fresh = replace(one, probability=float(np.float32(one.probability)))
            before = self.desk.now.assignments.get(key)
            if before is None or replace(before, tree_version=fresh.tree_version) != fresh:
                self.desk.now.assignments[key] = fresh
                n_changed += 1
        return n_changed

    def place(
        self, catalog: str, taxonomy: str, node_id: NodeId, product_ids: Sequence[ProductId], *, author: str
    ) -> None:
        self._require(catalog, taxonomy)
        for at in product_ids:
            if (catalog.lower(), at) not in self.desk.now.products:
                raise UnknownId("product", at, f"catalog {catalog!r} never had it")
        version = self.desk.now.tree(taxonomy).version
        for at in product_ids:
            placed = Assignment(at, node_id, tree_version=version)
            self.desk.now.placements[catalog.lower(), taxonomy.lower(), at] = placed

    def unplace(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        self._forget(self.desk.now.placements, catalog, taxonomy, product_ids)

    def placed(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, NodeId]:
        held = self._held(self.desk.now.placements, catalog, taxonomy)
        return {at: held[at].node_id for at in product_ids if at in held}

    def stored(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        said = self._held(self.desk.now.assignments, catalog, taxonomy)
        return {at: said[at] for at in product_ids if at in said}

    def remove(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> None:
        self._forget(self.desk.now.assignments, catalog, taxonomy, product_ids)

    def remember(self, change: ChangeSet, catalog: str, product_ids: Sequence[ProductId]) -> None:
        self._require(catalog, change.taxonomy)
        for at in product_ids:
            if (catalog.lower(), at) in self.desk.now.products:
                key = (catalog.lower(), change.taxonomy.lower(), at)
                before = self.desk.now.assignments.get(key)
                self.desk.now.assignment_history.setdefault((change.id, key), before)

    def put_back(self, change: ChangeSet) -> None:
        table = self.desk.now.assignments
        written = (change.source, change.model_revision, change.applied_version)
        for (change_id, key), was in self.desk.now.assignment_history.items():
            if change_id != change.id:
                continue
            if (now := table.get(key)) and (now.source, now.model_revision, now.tree_version) == written:
                del table[key]
            if was is not None:
                table.setdefault(key, was)

    def held(self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]) -> dict[ProductId, Held]:
        placed = self._held(self.desk.now.placements, catalog, taxonomy)
        said = self._held(self.desk.now.assignments, catalog, taxonomy)
        live = {product.id for product in self.desk.now.live(catalog)}.intersection(product_ids)
        return {
            at: Held(*(table[at].node_id if at in table else None for table in (placed, said))) for at in live
        }

    def tally(
        self, catalog: str, taxonomy: str, node_ids: Collection[NodeId] | None = None
    ) -> dict[Held, int]:
        held = self.held(catalog, taxonomy, [product.id for product in self.desk.now.live(catalog)])
        counts = Counter(one for one in held.values() if one != Held())
        if node_ids is None:
            return dict(counts)
        return {one: n for one, n in counts.items() if one.placed in node_ids or one.said in node_ids}

    def counts(self, catalog: str, taxonomy: str) -> dict[NodeId, int]:
        standing = self._standing(catalog, taxonomy)
        live = self.desk.now.live(catalog)
        return dict(Counter(standing[product.id].node_id for product in live if product.id in standing))

    def of_node(
        self, catalog: str, taxonomy: str, node_ids: Sequence[NodeId], *, limit: int = 100, offset: int = 0
    ) -> list[tuple[Product, Assignment]]:
        standing = self._standing(catalog, taxonomy)
        live = ((product, standing.get(product.id)) for product in self.desk.now.live(catalog))
        found = [(product, at) for product, at in live if at is not None and at.node_id in node_ids]
        found.sort(key=lambda pair: (pair[1].source is not Source.PERSON, -pair[1].probability, pair[0].id))
        return found[offset : offset + limit]

    def of_products(
        self, catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> dict[ProductId, Assignment]:
        standing = self._standing(catalog, taxonomy)
        return {at: standing[at] for at in product_ids if at in standing}

    def unplaced(self, catalog: str, taxonomy: str, *, limit: int = 100, offset: int = 0) -> list[Product]:
        standing = self._standing(catalog, taxonomy)
        free = [product for product in self.desk.now.live(catalog) if product.id not in standing]
        return free[offset : offset + limit]

    def _require(self, catalog: str, taxonomy: str) -> None:
        self.desk.now.tree(taxonomy)
        known(self.desk.now.catalogs, "catalog", catalog)

    def _held(
        self, table: Mapping[Key, Assignment], catalog: str, taxonomy: str
    ) -> dict[ProductId, Assignment]:
        self._require(catalog, taxonomy)
        place = (catalog.lower(), taxonomy.lower())
        return {at: one for (shop, tree, at), one in table.items() if (shop, tree) == place}

    def _forget(
        self, table: dict[Key, Assignment], catalog: str, taxonomy: str, product_ids: Sequence[ProductId]
    ) -> None:
        self._require(catalog, taxonomy)
        for at in product_ids:
            table.pop((catalog.lower(), taxonomy.lower(), at), None)

    def _standing(self, catalog: str, taxonomy: str) -> dict[ProductId, Assignment]:
        """Where products stand; people's placements come last and so win."""
        tree = self.desk.now.tree(taxonomy)
        said, placed = self.desk.now.assignments, self.desk.now.placements
        rows: list[Assignment] = []
        for table in (said, placed):
            rows.extend(self._held(table, catalog, taxonomy).values())
        ours = [row for row in rows if row.node_id in tree or row.node_id in tree.redirects]
        ends = [replace(row, node_id=tree.resolve(row.node_id)) for row in ours]
        return {row.product_id: row for row in ends if row.node_id in tree.nodes}
