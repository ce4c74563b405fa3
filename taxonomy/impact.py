"""What edits would do to products, links and pinned queries, told before they are applied.

Products come in as lots: how many are held alike, so that a million of them cost as much as the nodes that
they stand in. Only those that an edit names are looked at one by one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from taxonomy.changes import Conflict
from taxonomy.edits import Edit, Restore
from taxonomy.node import ROOT_ID, NodeId
from taxonomy.product import Path, ProductId, Source
from taxonomy.records import Held
from taxonomy.redirects import successors
from taxonomy.shelved import Lot, Shelved, disturbs
from taxonomy.staleness import Reach, reach, stale_nodes, with_all_below
from taxonomy.tree import Draft, Tree

__all__ = [
    "CatalogImpact",
    "Effect",
    "Impact",
    "Rerouted",
    "Stock",
    "Target",
    "Way",
    "concerned",
    "impact",
]


@dataclass(frozen=True, slots=True)
class Stock:
    """What a catalogue has: how many products are held alike, and how those are that the edits name.

    `tally` may leave out products that no node of `concerned` holds.
    """

    catalog: str
    tally: Mapping[Held, int] = field(default_factory=dict)
    named: Mapping[ProductId, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A node that a retired id leads to, and its share of the products in 0..1."""

    node_id: NodeId
    path: Path
    share: float


@dataclass(frozen=True, slots=True)
class Way:
    """A redirect that is made: from an id and its path to live nodes, or to none."""

    node_id: NodeId
    path: Path
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Rerouted:
    """A pinned query that goes elsewhere, or to the same node at another path.

    `before` and `after` are None where it goes nowhere by a person's word. `candidates` are more than one
    where its node was split: which of them is meant is for a person to say.
    """

    query: str
    before: NodeId | None
    after: NodeId | None
    path_before: Path
    path_after: Path
    candidates: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one edit does, after those before it; `ordinal` counts from 1.

    Products that two edits concern count at each, so that these may add up to more than the sum.
    """

    ordinal: int
    kind: str
    n_moved: int
    n_repathed: int
    n_retag: int
    n_rerouted: int
    redirects: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class CatalogImpact:
    """What all edits together do to the products of one catalogue."""

    catalog: str
    n_moved: int
    n_repathed: int
    n_retag: int
    n_unplaced: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What edits would do to the tree at `version`, one by one and in sum.

    Attributes
    ----------
    n_moved : int
        Products that stand in another node than before, or in one for the first time, or in none.
    n_repathed : int
        Products whose node stays and whose path does not.
    n_retag : int
        Products that a machine placed and that may belong elsewhere now: `taxonomy.staleness`.
    n_unplaced : int
        Those of `n_moved` that stand nowhere then.
    created, retired, moved, renamed : tuple of NodeId
        Nodes that come (or come back), go, change their parent, change their name.
    redirects : tuple of Way
    rerouted : tuple of Rerouted
        Pinned queries.
    effects : tuple of Effect
        One an edit.
    conflicts : tuple of Conflict
        Edits that the tree does not take as it is now; nothing else here counts them.
    """

    version: int
    n_moved: int
    n_repathed: int
    n_retag: int
    n_unplaced: int
    catalogs: tuple[CatalogImpact, ...]
    created: tuple[NodeId, ...]
    retired: tuple[NodeId, ...]
    moved: tuple[NodeId, ...]
    renamed: tuple[NodeId, ...]
    redirects: tuple[Way, ...]
    rerouted: tuple[Rerouted, ...]
    effects: tuple[Effect, ...]
    conflicts: tuple[Conflict, ...]


def impact(
    tree: Tree,
    edits: Sequence[Edit],
    stocks: Iterable[Stock] = (),
    *,
    source: Source = Source.PERSON,
    ordinals: Sequence[int] = (),
    conflicts: Sequence[Conflict] = (),
) -> Impact:
    """What these edits would do to this tree; nothing is changed.

    Parameters
    ----------
    edits : sequence of Edit
        That the tree takes, as `taxonomy.changes.merge` says; no edits do nothing.
    stocks : iterable of Stock
        One for each catalogue to count in; those that an edit names but that are not here are left out.
    source : Source
        Who makes the edits: an `Assign` by a person holds, one by a machine gives way to people.
    ordinals : sequence of int
        What to call the edits, by default 1, 2, ...
    conflicts : sequence of Conflict
        To be told along.

    Raises
    ------
    EditError, UnknownId
        As for `taxonomy.changes.apply`.

    Examples
    --------
    >>> from taxonomy.edits import Merge
    >>> tree = Tree.from_paths([("Garden", "Tools"), ("Garden", "Spades")])
    >>> tools, spades = tree.find(("Garden", "Tools")), tree.find(("Garden", "Spades"))
    >>> found = impact(tree, [Merge((spades,), tools)], [Stock("shop", {Held(None, spades): 12})])
    >>> found.n_moved, found.redirects[0].targets[0].path
    (12, ('Garden', 'Tools'))
    """
    draft = Draft(tree)
    shelved = Shelved(draft, [_lots(one) for one in stocks])
    steps = [shelved.step(one, source) for one in edits]
    after = draft.tree(version=tree.version + 1)
    repathed, stale = _repathed(tree, after), stale_nodes(edits, tree, after)
    in_sum = tuple(_of_catalog(name, lots, repathed, stale) for name, lots in shelved.catalogs())
    machine = _Machine.of(after, (lot for _, lots in shelved.catalogs() for lot in lots))
    effects = tuple(
        Effect(
            ordinal=ordinal,
            kind=one.kind,
            n_moved=step.n_moved,
            n_repathed=step.n_repathed,
            n_retag=machine.within(reach(one, tree, after)),
            n_rerouted=step.n_rerouted,
            redirects=tuple(_way(tree, after, at) for at in step.retired if at in tree.nodes),
        )
        for ordinal, one, step in zip(ordinals or range(1, len(edits) + 1), edits, steps, strict=True)
    )
    return Impact(
        version=tree.version,
        n_moved=sum(one.n_moved for one in in_sum),
        n_repathed=sum(one.n_repathed for one in in_sum),
        n_retag=sum(one.n_retag for one in in_sum),
        n_unplaced=sum(one.n_unplaced for one in in_sum),
        catalogs=in_sum,
        created=tuple(at for at in after.nodes if at not in tree.nodes),
        retired=(gone := tuple(at for at in tree.nodes if at not in after.nodes)),
        moved=tuple(_differing(tree, after, "parent_id")),
        renamed=tuple(_differing(tree, after, "name")),
        redirects=tuple(_way(tree, after, at) for at in gone),
        rerouted=tuple(_rerouted(tree, after)),
        effects=effects,
        conflicts=tuple(conflicts),
    )


def concerned(tree: Tree, edits: Sequence[Edit]) -> set[NodeId]:
    """The ids, retired ones too, whose products the edits may move, give another path, or make stale.

    Errors as for `impact`.
    """
    draft = Draft(tree)
    for one in edits:
        one.apply(draft)
    disturbed = {at for one in edits for at in disturbs(one)} & tree.nodes.keys()
    found = with_all_below(tree, disturbed) | stale_nodes(edits, tree, draft.tree())
    ends = found | {one.node.id for one in edits if isinstance(one, Restore)}
    return found | {at for at in tree.redirects if not ends.isdisjoint(_chain(tree, at))}


def _chain(tree: Tree, node_id: NodeId) -> Iterator[NodeId]:
    """A retired id and those that its products went through, to the live one."""
    seen: set[NodeId] = set()
    while node_id in tree.redirects and node_id not in seen:
        seen.add(node_id)
        yield node_id
        node_id = tree.redirects[node_id].targets[0]
    yield node_id


def _lots(stock: Stock) -> tuple[str, list[Lot], dict[ProductId, Lot]]:
    """A catalogue's products, those that edits name each as a lot of its own."""
    counts = Counter(stock.tally)
    counts.subtract(one for one in stock.named.values() if one != Held())
    lots = [Lot(n, one.placed, one.said) for one, n in counts.items() if n > 0]
    named = {at: Lot(1, one.placed, one.said) for at, one in stock.named.items()}
    return stock.catalog, lots, named


def _of_catalog(
    name: str, lots: Sequence[Lot], repathed: set[NodeId], stale: frozenset[NodeId]
) -> CatalogImpact:
    moved = [lot for lot in lots if lot.at != lot.start]
    return CatalogImpact(
        catalog=name,
        n_moved=sum(lot.n for lot in moved),
        n_repathed=sum(lot.n for lot in lots if lot.at == lot.start and lot.at in repathed),
        n_retag=sum(lot.n for lot in lots if lot.at in stale and not lot.by_person),
        n_unplaced=sum(lot.n for lot in moved if lot.at is None),
    )


@dataclass(frozen=True, slots=True)
class _Machine:
    """How many products machines have put into each node of a tree, and into each with all below."""

    tree: Tree
    own: Counter[NodeId]
    total: Counter[NodeId]

    @classmethod
    def of(cls, tree: Tree, lots: Iterable[Lot]) -> "_Machine":
        own: Counter[NodeId] = Counter()
        for lot in lots:
            if lot.at is not None and not lot.by_person:
                own[lot.at] += lot.n
        total: Counter[NodeId] = Counter()
        for at, n in own.items():
            for above in (ROOT_ID, *tree.lineage(at)):
                total[above] += n
        return cls(tree, own, total)

    def within(self, stale: Reach) -> int:
        """The products of what an edit makes stale, each once."""
        if not stale.subtrees:
            return sum(self.own[at] for at in stale.alone)
        tops = [at for at in stale.subtrees if not self._is_below(at, stale.subtrees - {at})]
        single = [at for at in stale.alone if not self._is_below(at, stale.subtrees)]
        return sum(self.total[at] for at in tops) + sum(self.own[at] for at in single)

    def _is_below(self, node_id: NodeId, others: Set[NodeId]) -> bool:
        """Whether a node is one of others or stands under one."""
        return ROOT_ID in others or not others.isdisjoint(self.tree.lineage(node_id))


def _repathed(before: Tree, after: Tree) -> set[NodeId]:
    """The nodes of both trees whose path is not the same in both, in one walk."""
    found: set[NodeId] = set()
    for at in after.descendants():
        old, new = before.nodes.get(at), after.nodes[at]
        if old is None:
            continue
        if old is new or (old.name, old.parent_id) == (new.name, new.parent_id):
            differs = new.parent_id in found  # parents come first
        else:
            differs = before.path(at) != after.path(at)
        if differs:
            found.add(at)
    return found


def _differing(before: Tree, after: Tree, name: str) -> Iterator[NodeId]:
    for at, new in after.nodes.items():
        old = before.nodes.get(at)
        if old is not None and old is not new and getattr(old, name) != getattr(new, name):
            yield at


def _way(before: Tree, after: Tree, node_id: NodeId) -> Way:
    return Way(node_id, before.path(node_id), _targets(after, node_id))


def _targets(tree: Tree, node_id: NodeId) -> tuple[Target, ...]:
    shares = successors(tree.redirects, node_id)
    return tuple(Target(at, tree.path(at), share) for at, share in shares.items() if at != ROOT_ID)


def _rerouted(before: Tree, after: Tree) -> Iterator[Rerouted]:
    for query in sorted({*before.pins, *after.pins}):
        old, new = before.pinned(query), after.pinned(query)
        path_before, path_after = (
            () if at is None else tree.path(at) for tree, at in ((before, old), (after, new))
        )
        if (old, path_before) != (new, path_after):
            held = after.pins.get(query)
            several = () if held is None else _targets(after, held)
            candidates = several if len(several) > 1 else ()
            yield Rerouted(query, old, new, path_before, path_after, candidates)
