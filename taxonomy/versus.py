"""Two trees over one catalogue: what only one of them has, and which products stand elsewhere."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.tree import Tree

__all__ = ["Flow", "Pair", "Places", "Versus", "versus"]

Places = Mapping[ProductId, NodeId | None]
"""Where products stand; None: nowhere."""

_SAME = 0.5  # of the products of either: more, and no other node can hold as many of them


@dataclass(frozen=True, slots=True)
class Pair:
    """A node of each tree that hold the same products, by and large; `overlap` is their Jaccard index."""

    one: NodeId
    other: NodeId
    overlap: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Products that stand in `one` there and in `other` here, which is no pair; None is nowhere."""

    one: NodeId | None
    other: NodeId | None
    product_ids: tuple[ProductId, ...]


@dataclass(frozen=True, slots=True)
class Versus:
    """What differs.

    Attributes
    ----------
    n_products : int
        That both trees were made of.
    pairs : tuple of Pair
        Nodes that have a counterpart, in the first tree's order.
    only_one, only_other : tuple of NodeId
        Those without, in the order of their tree.
    flows : tuple of Flow
        The largest first.
    """

    n_products: int
    pairs: tuple[Pair, ...]
    only_one: tuple[NodeId, ...]
    only_other: tuple[NodeId, ...]
    flows: tuple[Flow, ...]

    @property
    def n_elsewhere(self) -> int:
        """Products whose place differs."""
        return sum(len(flow.product_ids) for flow in self.flows)


def versus(one: Tree, at_one: Places, other: Tree, at_other: Places) -> Versus:
    """Hold two trees against each other, by the products that stand in both catalogues.

    Nodes are a pair if they share more than half of the products that either holds, or if they have one id.

    Examples
    --------
    >>> tree = Tree.from_paths([("Tea",), ("Coffee",)])
    >>> tea, coffee = tree.leaves()
    >>> before = {ProductId(name): tea for name in "abcd"}
    >>> found = versus(tree, before, tree, before | {ProductId("d"): coffee})
    >>> found.n_elsewhere, len(found.pairs)
    (1, 2)
    """
    common = [at for at in at_one if at in at_other]
    both = Counter[tuple[NodeId, NodeId]]()
    sizes = Counter[NodeId](), Counter[NodeId]()
    for product_id in common:
        here, there = (
            _lineage(tree, places[product_id]) for tree, places in ((one, at_one), (other, at_other))
        )
        sizes[0].update(here)
        sizes[1].update(there)
        both.update((a, b) for a in here for b in there)
    pairs = _pairs(one, other, both, sizes)
    pair_of = {pair.one: pair.other for pair in pairs}
    flows: dict[tuple[NodeId | None, NodeId | None], list[ProductId]] = defaultdict(list)
    for product_id in common:
        ends = at_one[product_id], at_other[product_id]
        if ends[1] != (None if ends[0] is None else pair_of.get(ends[0], NodeId(""))):
            flows[ends].append(product_id)
    ordered = sorted(flows.items(), key=lambda flow: (-len(flow[1]), str(flow[0])))
    taken = set(pair_of.values())
    return Versus(
        len(common),
        pairs,
        tuple(at for at in one.descendants() if at not in pair_of),
        tuple(at for at in other.descendants() if at not in taken),
        tuple(Flow(*ends, tuple(ids)) for ends, ids in ordered),
    )


def _lineage(tree: Tree, node_id: NodeId | None) -> tuple[NodeId, ...]:
    return () if node_id is None else tuple(tree.lineage(node_id))


def _pairs(
    one: Tree,
    other: Tree,
    both: Counter[tuple[NodeId, NodeId]],
    sizes: tuple[Counter[NodeId], Counter[NodeId]],
) -> tuple[Pair, ...]:
    """The same id first, then the most in common; of a chain of only children the pair of one depth."""
    found = [(*ends, _jaccard(ends, both, sizes)) for ends in _likely(one, other, both)]
    found = [pair for pair in found if pair[0] == pair[1] or pair[2] > _SAME]
    found.sort(key=lambda p: (p[0] != p[1], -p[2], abs(one.depth(p[0]) - other.depth(p[1])), p[:2]))
    taken: dict[NodeId, Pair] = {}
    used: set[NodeId] = set()
    for a, b, overlap in found:
        if a not in taken and b not in used:
            taken[a] = Pair(a, b, overlap)
            used.add(b)
    return tuple(taken[at] for at in one.descendants() if at in taken)


def _likely(one: Tree, other: Tree, both: Counter[tuple[NodeId, NodeId]]) -> Iterator[tuple[NodeId, NodeId]]:
    yield from both
    yield from ((at, at) for at in one.nodes if at in other.nodes and (at, at) not in both)


def _jaccard(
    ends: tuple[NodeId, NodeId],
    both: Counter[tuple[NodeId, NodeId]],
    sizes: tuple[Counter[NodeId], Counter[NodeId]],
) -> float:
    shared = both[ends]
    return shared / max(sizes[0][ends[0]] + sizes[1][ends[1]] - shared, 1)
