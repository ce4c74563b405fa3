"""What follows from applying a change set: rows of the tree, products, and the log."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from taxonomy.changes import Applied, ChangeSet, State, Written, apply
from taxonomy.codec import edit_to_json
from taxonomy.edits import Assign, Edit, Split, Unassign
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Assignment, ProductId, Source
from taxonomy.records import AuditRow, Version
from taxonomy.tree import Tree
from taxonomy.values import to_json

__all__ = ["apply_to_head", "now"]


def apply_to_head(
    uow: UnitOfWork,
    change: ChangeSet,
    author: str,
    head: Tree,
    keep: Callable[[ChangeSet], None],
    *,
    earlier: Tree | None = None,
) -> ChangeSet:
    """Apply on the locked head, write all that follows, keep the change set as applied, and record it."""
    applied = apply(head, change.edits, change.source, earlier=earlier)
    back = (*applied.inverse, *_placements(uow, change, head))  # once the nodes of the head are there again
    _assign(uow, change, applied.tree.version, author)
    uow.trees.save(change.taxonomy, head, applied.tree)
    done = replace(change, state=State.APPLIED, inverse=back, applied_version=applied.tree.version)
    keep(done)
    _record(uow, done, head, applied, author)
    return done


def _record(uow: UnitOfWork, change: ChangeSet, before: Tree, applied: Applied, author: str) -> None:
    at, number = now(), applied.tree.version
    rows = (
        AuditRow(
            version=number,
            change_set_id=change.id,
            ordinal=ordinal,
            kind=one.kind,
            edit=edit_to_json(one),
            before={node: _seen_at(before, node) for node in one.touches()},
            after={node: _held(applied.tree, node) for node in one.touches()},
            author=author,
            at=at,
        )
        for ordinal, one in enumerate(change.edits)
    )
    version = Version(number, change.id, applied.tree.digest(), author, at)
    uow.changes.record(change.taxonomy, version, rows, _touches(change, number))


def _touches(change: ChangeSet, number: int) -> Iterable[Written]:
    """What each edit wrote. Products that a machine placed are left out: people win over those anyway."""
    for ordinal, one in enumerate(change.edits):
        for key, aspect in one.writes():
            if change.source is Source.PERSON or not key.startswith("product:"):
                yield Written(key, aspect, number, ordinal=ordinal)


def _assign(uow: UnitOfWork, change: ChangeSet, version: int, author: str) -> None:
    """Write where products stand now."""
    for one in _assigns(change.edits):
        shop, tree = one.catalog, change.taxonomy
        if isinstance(one, Unassign):
            uow.assignments.unplace(shop, tree, one.product_ids)
        elif change.source is Source.PERSON:
            uow.assignments.place(shop, tree, one.node_id, one.product_ids, author=author)
        else:
            uow.assignments.remember(change, shop, one.product_ids)
            uow.assignments.write(shop, tree, _estimates(one, change, version))


def _assigns(edits: Iterable[Edit]) -> Iterator[Assign | Unassign]:
    """What the edits do to products; a split assigns those that are named for a part."""
    for one in edits:
        if isinstance(one, Assign | Unassign):
            yield one
        elif isinstance(one, Split):
            named = (part for part in one.parts if part.product_ids)
            yield from (Assign(one.catalog, part.node_id, part.product_ids) for part in named)


def _estimates(one: Assign, change: ChangeSet, version: int) -> Iterator[Assignment]:
    probabilities = one.probabilities or (1.0,) * len(one.product_ids)
    for product, p in zip(one.product_ids, probabilities, strict=True):
        yield Assignment(product, one.node_id, p, change.source, change.model_revision, version)


def _placements(uow: UnitOfWork, change: ChangeSet, head: Tree) -> Iterator[Edit]:
    """The edits that put people's placements back to what they are before the change.

    What machines say is no edit of people's: `AssignmentRepository.remember` keeps it.
    """
    if change.source is not Source.PERSON:
        return
    concerned: dict[str, dict[ProductId, None]] = defaultdict(dict)
    for one in _assigns(change.edits):
        concerned[one.catalog.lower()].update(dict.fromkeys(one.product_ids))
    for catalog, products in concerned.items():
        by_node: dict[NodeId, list[ProductId]] = defaultdict(list)
        placed = uow.assignments.placed(catalog, change.taxonomy, list(products))
        for product_id, node_id in placed.items():
            by_node[head.resolve(node_id)].append(product_id)
        by_node.pop(ROOT_ID, None)  # their node went with nobody to follow it: that is no placement any more
        held = {product_id for ids in by_node.values() for product_id in ids}
        if free := tuple(at for at in products if at not in held):
            yield Unassign(catalog, free)
        yield from (Assign(catalog, node_id, tuple(ids)) for node_id, ids in by_node.items())


def _held(tree: Tree, node_id: NodeId) -> dict[str, object] | None:
    node = tree.nodes.get(node_id)
    return None if node is None else to_json(node)


def _seen_at(tree: Tree, node_id: NodeId) -> dict[str, object] | None:
    """The node with its path: where an id was when it retired is then one row away, for ever."""
    held = _held(tree, node_id)
    return None if held is None else {**held, "path": list(tree.path(node_id))}


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
