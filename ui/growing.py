"""What a build may go on from: the tree of a file, or of the store, and where products stand in it."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy.changes import State
from taxonomy.edits import Assign, Create, Split
from taxonomy.errors import InputError
from taxonomy.formats import tree_json
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, ProductId, Source

if TYPE_CHECKING:
    from ingest.cluster.standing import Standing

__all__ = ["standing_in_file", "standing_in_store"]

_BATCH = 2000  # products whose places are asked for at once
_ALL = 1_000_000  # change sets: more than a taxonomy ever has


def standing_in_file(file: Path, products: Sequence[Product], revision: str) -> "Standing":
    """What a file that `build --tree` wrote says of these products.

    Raises
    ------
    FileError
        There is no such file, or it is broken.
    InputError
        It is of another encoder or another catalogue, or has no categories.
    """
    from ingest.cluster.standing import Standing

    content = tree_json.read(file)
    if not len(content.tree):
        raise InputError(f"{file} has no categories to keep: build without --keep")
    if content.model_revision and content.model_revision != revision:
        raise InputError(
            f"{file} was built with the encoder {content.model_revision!r}, and this one is {revision!r}: "
            "take the encoder that it was built with, or build without --keep"
        )
    if not any(one.id in content.members for one in products):
        raise InputError(f"{file} knows none of these products: is it the tree of another catalogue?")
    return Standing.of_file(content)


def standing_in_store(
    uow: UnitOfWork, taxonomy: str, catalog: str, products: Sequence[Product]
) -> "Standing":
    """The head of a taxonomy, where these products stand in it, and which of them people placed."""
    from ingest.cluster.standing import Standing

    places: dict[ProductId, NodeId | None] = {}
    by_people: set[ProductId] = set()
    waiting = iter(products)
    while batch := [one.id for one in islice(waiting, _BATCH)]:
        for at, held in uow.assignments.of_products(catalog, taxonomy, batch).items():
            places[at] = held.node_id
            by_people |= {at} if held.source is Source.PERSON else set()
    tree = uow.trees.head(taxonomy)
    return Standing(tree, places, by_people=frozenset(by_people), before=_filled(uow, taxonomy))


def _filled(uow: UnitOfWork, taxonomy: str) -> dict[NodeId, int]:
    """How many products builds put into the nodes that builds made: only these may go for being empty."""
    made, filled = set[NodeId](), dict[NodeId, int]()
    for change in uow.changes.log(taxonomy, state=State.APPLIED, limit=_ALL):
        if change.source is not Source.BUILD:
            continue
        for edit in change.edits:
            if isinstance(edit, Create):
                made.add(edit.node.id)
            elif isinstance(edit, Assign):
                filled[edit.node_id] = filled.get(edit.node_id, 0) + len(edit.product_ids)
            elif isinstance(edit, Split):
                made |= {part.node_id for part in edit.parts}
                for part in edit.parts:
                    filled[part.node_id] = filled.get(part.node_id, 0) + len(part.product_ids)
    return {at: n for at, n in filled.items() if at in made}
