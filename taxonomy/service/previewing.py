"""What a change would do, asked of the store before anything is applied."""

from collections.abc import Sequence
from itertools import chain

from taxonomy.changes import OPEN, ChangeSet, Conflict, merge
from taxonomy.edits import Assign, Edit, Split, Unassign
from taxonomy.errors import InputError
from taxonomy.impact import Impact, Stock, concerned, impact
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import ProductId, Source
from taxonomy.service.editing import written_since
from taxonomy.tree import Tree

__all__ = ["conflicts_of_edits", "impact_of_change", "impact_of_edits"]

_PICKED = 0.2  # of the nodes: about where a join of the whole of a million products becomes the cheaper one


def impact_of_change(uow: UnitOfWork, change_id: str, *, catalogs: Sequence[str] = ()) -> Impact:
    """What applying an open change set to the head would do, with the conflicts it would have.

    Parameters
    ----------
    catalogs : sequence of str
        Whose products to count; all when none is named.

    Raises
    ------
    InputError
        It was applied or put away already.
    UnknownId
        There is no such change set or catalogue.
    """
    change = uow.changes.get(change_id)
    if change.state not in OPEN:
        raise InputError(f"change set {change_id} is {change.state}: only what is open has an impact to come")
    return _impact(uow, change, catalogs)


def impact_of_edits(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    *,
    source: Source = Source.PERSON,
    base_version: int | None = None,
    catalogs: Sequence[str] = (),
) -> Impact:
    """What these edits would do to the head; `base_version` is the one that they were made on (the head).

    Edits that the head does not take are among the `conflicts`. Errors as for `impact_of_change`.
    """
    base = uow.trees.head(taxonomy).version if base_version is None else base_version
    return _impact(uow, ChangeSet("", taxonomy, tuple(edits), "", source, base_version=base), catalogs)


def conflicts_of_edits(
    uow: UnitOfWork, taxonomy: str, edits: Sequence[Edit], *, base_version: int
) -> tuple[Conflict, ...]:
    """Why the head does not take these edits of a person, made on an older version; none if it takes all."""
    change = ChangeSet("", taxonomy, tuple(edits), "", base_version=base_version)
    return merge(uow.trees.head(taxonomy), change.edits, written_since(uow, change)).conflicts


def _impact(uow: UnitOfWork, change: ChangeSet, catalogs: Sequence[str]) -> Impact:
    head = uow.trees.head(change.taxonomy)
    since = written_since(uow, change) if change.base_version < head.version else []
    found = merge(head, change.edits, since, change.source)
    lost = {one.ordinal for one in found.conflicts}
    return impact(
        head,
        found.edits,
        _stocks(uow, change.taxonomy, found.edits, catalogs, _worth_counting(head, found.edits)),
        source=change.source,
        ordinals=[at for at in range(1, len(change.edits) + 1) if at not in lost],
        conflicts=found.conflicts,
    )


def _worth_counting(tree: Tree, edits: Sequence[Edit]) -> set[NodeId] | None:
    """The nodes whose products are to be counted; None for all, where picking them out costs more."""
    found = concerned(tree, edits)
    return found if len(found) < _PICKED * len(tree) else None


def _stocks(
    uow: UnitOfWork,
    taxonomy: str,
    edits: Sequence[Edit],
    catalogs: Sequence[str],
    node_ids: set[NodeId] | None,
) -> list[Stock]:
    named: dict[str, list[ProductId]] = {}
    for one in edits:
        for catalog, product_ids in _naming(one):
            named.setdefault(catalog.lower(), []).extend(product_ids)
    wanted = [one.lower() for one in catalogs] or [*(one.name for one in uow.catalogs.names()), *named]
    return [
        Stock(
            name,
            uow.assignments.tally(name, taxonomy, node_ids),
            uow.assignments.held(name, taxonomy, named[name]) if name in named else {},
        )
        for name in dict.fromkeys(wanted)
    ]


def _naming(one: Edit) -> list[tuple[str, tuple[ProductId, ...]]]:
    """The products that an edit names, by catalogue."""
    match one:
        case Assign() | Unassign():
            return [(one.catalog, one.product_ids)]
        case Split(catalog=catalog, parts=parts):
            product_ids = tuple(chain.from_iterable(part.product_ids for part in parts))
            return [(catalog, product_ids)] if product_ids else []
        case _:
            return []
