"""Findings about a tree, each with what shows it and the edits that would mend it.

A rule is a file: `posing` (brands and product names), `labels`, `same`, `content` (overlap, mixed), `shape`
(single, empty, overfull), `attributes`. `mend` makes the edits, `plan` puts them together in change sets.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from taxonomy.audit.attributes import attributes
from taxonomy.audit.content import Content
from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.labels import labels
from taxonomy.audit.plan import Plan, plan
from taxonomy.audit.posing import posing
from taxonomy.audit.same import same
from taxonomy.audit.shape import empty, overfull, single
from taxonomy.audit.shelves import Encode, Shelves
from taxonomy.node import NodeId
from taxonomy.product import Product
from taxonomy.tree import Tree

__all__ = ["Encode", "Evidence", "Finding", "Kind", "Limits", "Plan", "audit", "plan"]

_NO_PRODUCTS: Mapping[NodeId, Sequence[Product]] = {}
_DEFAULTS = Limits()


def audit(
    tree: Tree,
    *,
    products_by_node: Mapping[NodeId, Sequence[Product]] = _NO_PRODUCTS,
    counts: Mapping[NodeId, int] | None = None,
    encode: Encode | None = None,
    kinds: Collection[Kind] = tuple(Kind),
    limits: Limits = _DEFAULTS,
    catalog: str = "",
) -> list[Finding]:
    """What is wrong with a tree: by kind, the surest first; an empty tree has no findings.

    A node that turns out to be a brand or a product is not also compared with others by what it holds.

    Parameters
    ----------
    tree : Tree
    products_by_node : mapping of NodeId to sequence of Product
        What stands in each node itself, or a sample of it. Without products only names and shape are judged.
    counts : mapping of NodeId to int, optional
        How many products really stand in each node, where `products_by_node` is a sample.
    encode : callable, optional
        `Encoder.encode`; without it, texts are compared by the words they share.
    kinds : collection of Kind
        What to look for.
    limits : Limits
    catalog : str
        Whose products they are: the edits that split a node name it.

    Examples
    --------
    >>> tree = Tree.from_paths([("Garden", "Tools;"), ("Garden", "Seeds")])
    >>> [(one.kind.value, one.edits[0].name) for one in audit(tree)]
    [('label', 'Tools')]
    """
    shelves = Shelves.of(tree, products_by_node, counts, encode)
    found = [one for one in _all(shelves, frozenset(kinds), limits, catalog) if one.kind in kinds]
    order = {kind: at for at, kind in enumerate(Kind)}
    return sorted(found, key=lambda one: (order[one.kind], -one.score))


def _all(shelves: Shelves, kinds: frozenset[Kind], limits: Limits, catalog: str) -> Iterator[Finding]:
    poses = list(posing(shelves, limits)) if kinds - {Kind.EMPTY, Kind.OVERFULL, Kind.ATTRIBUTES} else []
    skipped = frozenset(one.node_ids[0] for one in poses)
    yield from poses
    if Kind.LABEL in kinds:
        yield from labels(shelves, limits, skipped)
    if kinds & {Kind.SAME, Kind.OVERLAP, Kind.MIXED}:
        content = Content(shelves, limits, skipped)
        if Kind.SAME in kinds:
            yield from same(shelves, content, limits, skipped)
        if Kind.OVERLAP in kinds:
            yield from content.overlaps()
        if Kind.MIXED in kinds:
            yield from content.mixed(catalog)
    if Kind.EMPTY in kinds:
        yield from empty(shelves)
    if Kind.OVERFULL in kinds:
        yield from overfull(shelves, limits, catalog)
    if Kind.SINGLE in kinds:
        yield from single(shelves, skipped)
    if Kind.ATTRIBUTES in kinds:
        yield from attributes(shelves, limits)
