"""Named trees at their head."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import CursorResult, Table, TextClause, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from store import tree_statements as sql
from store.heads import heads_of
from store.names import slug, taxonomy_id, unknown
from store.tables import branches, names, nodes, pins, redirects, taxonomies
from store.transaction import Transaction, among
from store.tree_rows import BranchRow, Difference, RedirectRow, difference, node_of, tree_of
from taxonomy.changes import replay
from taxonomy.codec import edit_from_json
from taxonomy.errors import InputError, StaleEdit
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["PostgresTrees"]

FEW_VERSIONS = 100
FEW_EDITS = 1000
"""Replaying so many takes 50 ms at 100,000 nodes, loading the tree a second."""

MANY_ROWS = 1000
"""Below, the planner's picture of a table does not change."""


class PostgresTrees:
    """`taxonomy.ports.TreeRepository` in Postgres; committed trees are kept in memory, by engine."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._heads = heads_of(transaction.engine)
        self._saved: dict[int, Tree] = {}  # in this transaction, and nobody else's business until it commits
        transaction.on_end(self._settle)

    def names(self) -> list[str]:
        """All taxonomies, sorted."""
        return list(self._transaction.run(select(taxonomies.c.name).order_by(taxonomies.c.name)).scalars())

    def create(self, name: str) -> Tree:
        """A new, empty tree; InputError if the name is taken or not a name."""
        fresh = insert(taxonomies).values(name=slug("taxonomy", name)).on_conflict_do_nothing()
        if self._transaction.run(fresh.returning(taxonomies.c.id)).scalar() is None:
            raise InputError(f"there is a taxonomy {name!r} already: take another name, or edit that one")
        return Tree()

    def head(self, name: str) -> Tree:
        """The tree with everything applied; UnknownId names those that exist."""
        found = self._run(sql.STATE, name=name.lower()).one_or_none()
        if found is None:
            raise unknown(self._transaction, taxonomies, "taxonomy", name)
        number, version, digest = found
        if (mine := self._saved.get(number)) is not None:
            return mine
        held = self._heads.get(number, version, digest) if digest else None
        return held or self._caught_up(number, version, digest) or self._loaded(name)

    def lock(self, name: str) -> Tree:
        """The head, held against all other writers until the unit of work ends."""
        # NO KEY: rows that refer to the taxonomy by a foreign key may still be added meanwhile.
        held = (
            select(taxonomies.c.id).where(taxonomies.c.name == name.lower()).with_for_update(key_share=True)
        )
        self._transaction.run(held)
        return self.head(name)

    def below(self, name: str, node_id: NodeId, *, limit: int = 1000) -> list[Node]:
        """The node (but the root) and what is below it, parents before children, siblings in order."""
        number = taxonomy_id(self._transaction, name)
        if node_id == ROOT_ID:
            rows = self._run(sql.EVERYTHING, number=number, limit=limit)
        else:
            rows = self._run(sql.BELOW, number=number, node_id=node_id, limit=limit)
        return list(_arranged({node_of(*said): place for place, *said in rows}))

    def named(self, name: str, text: str, *, limit: int = 20) -> list[Node]:
        """Nodes of which a name or label, in any language, is like the text; the likest first."""
        number, sought = taxonomy_id(self._transaction, name), fold(text)
        if not sought:
            return []
        statement = sql.NAMED if sought.isascii() else sql.NAMED_IN_ANY_SCRIPT
        for least in sql.LIKENESS:
            self._run(sql.TOLERANT, least=str(least))
            if rows := self._run(statement, number=number, sought=sought, limit=limit).all():
                return [node_of(*row) for row in rows]
        return []

    def save(self, name: str, before: Tree, after: Tree) -> None:
        """Write the difference between two versions in bulk.

        Raises
        ------
        StaleEdit
            The head is not `before` any more.
        """
        number = self._advance(name, before.version, after.version)
        changes = difference(before, after)
        self._write_nodes(number, changes)
        self._write_branches(number, changes)
        self._delete(names, names.c.node_id, number, changes.renamed)
        self._append(names, number, ("node_id", "text"), changes.names)
        self._delete(redirects, redirects.c.node_id, number, changes.restored)
        self._merge(redirects, number, RedirectRow._fields, changes.redirects)
        self._delete(pins, pins.c.query, number, changes.unpinned)
        self._merge(pins, number, ("query", "node_id"), changes.pins)
        if len(changes.fresh) >= MANY_ROWS:
            for table in (nodes, branches, names):
                self._transaction.learn(table, len(changes.fresh))
        self._saved[number] = after

    def _settle(self, committed: bool) -> None:
        """What was saved is everybody's now, or nobody's."""
        for number, tree in self._saved.items():
            if committed and (digest := tree.known_digest):
                self._heads.keep(number, digest, tree)
        self._saved.clear()

    def _caught_up(self, number: int, version: int, digest: str | None) -> Tree | None:
        """The head from an older tree and the edits since; None without such a tree, or if they are many."""
        held = self._heads.older(number, version) if digest else None
        if held is None or version - held[1].version > FEW_VERSIONS:
            return None
        since = {"number": number, "since": held[1].version, "until": version}
        marks = self._run(sql.MARKS, **since).scalars().all()
        edits = self._run(sql.EDITS, **since, limit=FEW_EDITS + 1).all()
        whole = len(marks) == version - held[1].version + 1 and marks[0] == held[0]
        if not whole or len(edits) > FEW_EDITS:
            return None
        try:
            made = replay(held[1], ((at, edit_from_json(one)) for at, one in edits))
        except InputError:  # written by a newer Shelftree: it reads its rows, not its edits
            return None
        if made.known_digest not in (None, digest):
            return None
        self._heads.keep(number, str(digest), made)
        return made

    def _loaded(self, name: str) -> Tree:
        number, digest, *rows = self._transaction.run(sql.HEAD.where(taxonomies.c.name == name.lower())).one()
        tree = tree_of(*rows)
        if digest:
            self._heads.keep(number, digest, tree)
        return tree

    def _advance(self, name: str, before: int, after: int) -> int:
        """Count one version on; the taxonomy's number."""
        step = update(taxonomies).where(taxonomies.c.name == name.lower(), taxonomies.c.version == before)
        number = self._transaction.run(step.values(version=after).returning(taxonomies.c.id)).scalar()
        if number is None:
            taxonomy_id(self._transaction, name)  # if it is unknown, that is what is wrong
            raise StaleEdit(f"taxonomy {name!r} is no longer at version {before}: load it again, then edit")
        return int(number)

    def _write_nodes(self, number: int, changes: Difference) -> None:
        self._delete(nodes, nodes.c.id, number, changes.gone)
        self._append(nodes, number, ("id", "parent_id"), changes.created)
        if changes.moved:
            ids, parents = zip(*changes.moved, strict=True)
            self._run(sql.RELINK, number=number, ids=list(ids), parents=list(parents))

    def _write_branches(self, number: int, changes: Difference) -> None:
        """First out of the way, then moved with all that is below, then what is said of nodes."""
        if changes.gone_paths:
            self._run(sql.CLEAR, number=number, paths=changes.gone_paths)
        for old, new in changes.moves:
            above, depth = new.rpartition(".")[0], old.count(".")  # the node itself goes along
            self._run(sql.SHIFT, number=number, above=above, depth=depth, old=old, end=sql.end_of(old))
        self._append(branches, number, BranchRow._fields, changes.fresh)
        if changes.changed:
            rows = json.dumps([row._asdict() for row in changes.changed])
            self._run(sql.DESCRIBE, number=number, rows=rows)

    def _run(self, statement: TextClause, **given: object) -> CursorResult[*tuple[Any, ...]]:
        return self._transaction.run(statement.bindparams(**given))

    def _delete(self, table: Table, column: ColumnElement[str], number: int, ids: Sequence[str]) -> None:
        if ids:
            self._transaction.run(delete(table).where(table.c.taxonomy_id == number, among(column, ids)))

    def _append(
        self, table: Table, number: int, fields: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        if rows:
            columns = [table.c[name] for name in ("taxonomy_id", *fields)]
            self._transaction.copy(table.name, columns, ((number, *row) for row in rows))

    def _merge(self, table: Table, number: int, fields: tuple[str, ...], rows: list[Any]) -> None:
        if not rows:
            return
        staged = self._transaction.stage(table, [table.c[name] for name in fields], rows)
        fresh = insert(table).from_select(["taxonomy_id", *fields], select(literal(number), *staged.c))
        self._transaction.run(
            fresh.on_conflict_do_update(
                index_elements=["taxonomy_id", fields[0]],
                set_={name: fresh.excluded[name] for name in fields[1:]},
            )
        )


def _arranged(places: dict[Node, int]) -> Iterator[Node]:
    """Nodes in display order, given the place of each among its siblings."""
    families: dict[NodeId, list[Node]] = {}
    for node in sorted(places, key=lambda one: -places[one]):
        families.setdefault(node.parent_id, []).append(node)
    there = {node.id for node in places}
    tops = [at for at in families if at not in there]
    stack = [node for at in tops for node in families[at]]
    while stack:
        node = stack.pop()
        yield node
        stack += families.get(node.id, ())
