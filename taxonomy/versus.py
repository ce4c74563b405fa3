"""Two trees over one catalogue: what only one of them has, and which products stand elsewhere."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taxonomy.node import NodeId
from taxonomy.product import ProductId
from taxonomy.tree import Tree

__all__ = ["Flow", "Pair", "Places", "Versus", "jaccards", "one_to_one", "versus"]

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
    pairs = _pairs(one, other, jaccards(one, at_one, other, at_other))
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


def jaccards(one: Tree, at_one: Places, other: Tree, at_other: Places) -> dict[tuple[NodeId, NodeId], float]:
    """The overlap of each node of a tree with each of another with which it shares a product.

    Counted are products that both know; what stands below a node is in it.
    """
    both, sizes = Counter[tuple[NodeId, NodeId]](), (Counter[NodeId](), Counter[NodeId]())
    joint = Counter(
        (here, at_other[product_id]) for product_id, here in at_one.items() if product_id in at_other
    )
    for (here, there), n in joint.items():
        above, beyond = one.lineage(here) if here else (), other.lineage(there) if there else ()
        sizes[0].update(dict.fromkeys(above, n))
        sizes[1].update(dict.fromkeys(beyond, n))
        both.update({(a, b): n for a in above for b in beyond})
    return {(a, b): n / (sizes[0][a] + sizes[1][b] - n) for (a, b), n in both.items()}


def one_to_one(pairs: Iterable[tuple[NodeId, NodeId]]) -> dict[NodeId, NodeId]:
    """Pairs in their order, without those of which a node is taken already."""
    found: dict[NodeId, NodeId] = {}
    taken: set[NodeId] = set()
    for a, b in pairs:
        if a not in found and b not in taken:
            found[a] = b
            taken.add(b)
    return found


def _pairs(one: Tree, other: Tree, overlaps: dict[tuple[NodeId, NodeId], float]) -> tuple[Pair, ...]:
    """The same id first, then the most in common; of a chain of only children the pair of one depth."""
    same = {(at, at): 0.0 for at in one.nodes if at in other.nodes}
    likely = {ends: n for ends, n in (same | overlaps).items() if ends in same or n > _SAME}
    found = one_to_one(
        sorted(
            likely,
            key=lambda p: (p not in same, -likely[p], abs(one.depth(p[0]) - other.depth(p[1])), p),
        )
    )
    return tuple(Pair(at, found[at], likely[at, found[at]]) for at in one.descendants() if at in found)
