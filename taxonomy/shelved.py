"""Products on a tree that is being edited, in lots: each edit moves what it concerns and nothing else."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from taxonomy.edits import Assign, Edit, Merge, Move, Pin, Rename, Restore, Retire, Split, Unassign
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.product import Path, ProductId, Source
from taxonomy.redirects import resolve
from taxonomy.staleness import with_all_below
from taxonomy.tree import Draft

__all__ = ["Lot", "Shelved", "Step", "disturbs"]


@dataclass(eq=False, slots=True)
class Lot:
    """`n` products that are held alike; `start` is where they stood at first, `at` where they stand now."""

    n: int
    placed: NodeId | None
    said: NodeId | None
    at: NodeId | None = None
    start: NodeId | None = None
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one edit did: counts of products and of pinned queries, and the ids that it retired."""

    n_moved: int
    n_repathed: int
    n_rerouted: int
    retired: tuple[NodeId, ...]


Catalog = tuple[str, Sequence[Lot], dict[ProductId, Lot]]
"""Its name, the lots of products that no edit names, and a lot for each that one does."""


@dataclass
class Shelved:
    """The products of some catalogues on a draft.

    Parameters
    ----------
    draft : Draft
        Changed by `step` alone from here on.
    stock : sequence of Catalog
    """

    draft: Draft
    stock: Sequence[Catalog]
    _at: dict[NodeId | None, set[Lot]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self._named = {name.lower(): named for name, _, named in self.stock}
        for _, lots in self.catalogs():
            for lot in lots:
                self._put(lot)
                lot.start = lot.at
        self._routes = self._pinned()

    def catalogs(self) -> Iterator[tuple[str, list[Lot]]]:
        """Each catalogue with all its lots."""
        return ((name, [*lots, *named.values()]) for name, lots, named in self.stock)

    def step(self, edit: Edit, source: Source) -> Step:
        """Apply one more edit to the draft; errors as `Edit.apply`."""
        retired = _retired(edit)
        paths = {at: self._path(at) for at in self._tops(edit) if at in self.draft.nodes}
        concerned = self._concerned(edit, retired)
        edit.apply(self.draft)
        concerned |= self._assigned(edit, source)
        moved = {lot for lot in concerned if self._put(lot)}
        tops = (at for at, path in paths.items() if at in self.draft.nodes and self._path(at) != path)
        repathed = with_all_below(self.draft, tops)
        return Step(
            n_moved=sum(lot.n for lot in moved),
            n_repathed=sum(lot.n for at in repathed for lot in self._at.get(at, ()) if lot not in moved),
            n_rerouted=self._rerouted(edit, repathed),
            retired=retired,
        )

    def _put(self, lot: Lot) -> bool:
        """Stand a lot where it is held; whether that is another place than before."""
        before, placed = lot.at, self._live(lot.placed)
        lot.at, lot.by_person = (placed, True) if placed else (self._live(lot.said), False)
        if before is not None:
            self._at[before].discard(lot)
        if lot.at is not None:
            self._at[lot.at].add(lot)
        return lot.at != before

    def _live(self, node_id: NodeId | None) -> NodeId | None:
        """The live node that an id stands for; None if there is none."""
        if node_id in self.draft.redirects:
            node_id = resolve(self.draft.redirects, node_id)
        return node_id if node_id in self.draft.nodes else None

    def _concerned(self, edit: Edit, retired: Iterable[NodeId]) -> set[Lot]:
        """The lots that may stand elsewhere because nodes go or come back."""
        if isinstance(
            edit, Restore
        ):  # their way may lead by the node that comes back: rare, so all are tried
            return {lot for _, lots in self.catalogs() for lot in lots}
        return {lot for at in retired for lot in self._at.get(at, ())}

    def _assigned(self, edit: Edit, source: Source) -> set[Lot]:
        """Hold the products that the edit names as it says."""
        match edit:
            case Assign():
                return self._hold(edit, source)
            case Split(catalog=catalog, parts=parts):
                parted = (Assign(catalog, part.node_id, part.product_ids) for part in parts)
                return {lot for one in parted for lot in self._hold(one, source)}
            case Unassign(catalog=catalog, product_ids=product_ids):
                freed = self._lots(catalog, product_ids)
                for lot in freed:
                    lot.placed = None
                return freed
            case _:
                return set()

    def _hold(self, edit: Assign, source: Source) -> set[Lot]:
        lots = self._lots(edit.catalog, edit.product_ids)
        for lot in lots:
            if source is Source.PERSON:
                lot.placed = edit.node_id
            else:
                lot.said = edit.node_id
        return lots

    def _lots(self, catalog: str, product_ids: Iterable[ProductId]) -> set[Lot]:
        named = self._named.get(catalog.lower(), {})
        return {named[at] for at in product_ids if at in named}

    def _tops(self, edit: Edit) -> Iterable[NodeId]:
        """The nodes whose path the edit may change, and with it that of all below them."""
        gone = set(_retired(edit))
        return [child for at in gone for child in self.draft.children_of(at)] if gone else disturbs(edit)

    def _path(self, node_id: NodeId) -> Path:
        names: list[str] = []
        while node_id != ROOT_ID:
            node = self.draft.nodes[node_id]
            names.append(node.name)
            node_id = node.parent_id
        return tuple(reversed(names))

    def _pinned(self) -> dict[str, NodeId | None]:
        return {query: self._live(at) for query, at in self.draft.pins.items()}

    def _rerouted(self, edit: Edit, repathed: set[NodeId]) -> int:
        """How many pinned queries go elsewhere, or to another path."""
        before = self._routes
        if isinstance(edit, Pin | Merge | Retire | Split | Restore):
            self._routes = self._pinned()
        elif not repathed:
            return 0
        return sum(
            before.get(query) != (at := self._routes.get(query)) or at in repathed
            for query in before.keys() | self._routes.keys()
        )


def disturbs(edit: Edit) -> tuple[NodeId, ...]:
    """The nodes that an edit takes away or whose path it may change, and with it that of all below them."""
    match edit:
        case Rename() | Move():
            return (edit.node_id,)
        case Restore(child_ids=child_ids):
            return child_ids
        case _:
            return _retired(edit)


def _retired(edit: Edit) -> tuple[NodeId, ...]:
    match edit:
        case Merge(node_ids=node_ids):
            return node_ids
        case Retire(node_id=node_id) | Split(node_id=node_id):
            return (node_id,)
        case _:
            return ()
