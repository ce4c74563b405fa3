"""Attributes that a node's siblings have and it has not."""

from collections import Counter
from collections.abc import Iterator

from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import describe
from taxonomy.audit.shelves import Shelves
from taxonomy.node import ROOT_ID, Attribute, NodeId
from taxonomy.text import fold
from taxonomy.tree import Tree

__all__ = ["attributes"]


def attributes(shelves: Shelves, limits: Limits) -> Iterator[Finding]:
    """Nodes without an attribute that most of their siblings define; those of a node above count as had."""
    tree = shelves.tree
    for parent_id in (ROOT_ID, *tree.descendants()):
        family = tree.children_of(parent_id)
        customary = _customary(tree, family, limits.custom) if len(family) > 2 else {}
        for at in family if customary else ():
            had = {fold(one.name) for up in tree.lineage(at) for one in tree.nodes[up].attributes}
            missing = [one for name, (one, _) in customary.items() if name not in had]
            if missing:
                share = max(customary[fold(one.name)][1] for one in missing)
                names = tuple(one.name for one in missing)
                why = f"it has no {', '.join(names)}, which {share:.0%} of its siblings have"
                evidence = Evidence(names, (("share", share),))
                yield Finding(Kind.ATTRIBUTES, (at,), share, why, evidence, describe(tree, at, missing))


def _customary(tree: Tree, family: tuple[NodeId, ...], custom: float) -> dict[str, tuple[Attribute, float]]:
    """Attributes that so large a share of the siblings define, as most define them, with the share."""
    forms = Counter(one for at in family for one in dict.fromkeys(tree.nodes[at].attributes))
    users = Counter(name for at in family for name in {fold(one.name) for one in tree.nodes[at].attributes})
    found: dict[str, tuple[Attribute, float]] = {}
    for one, _ in forms.most_common():
        share = users[fold(one.name)] / len(family)
        if custom <= share < 1:
            found.setdefault(fold(one.name), (one, share))
    return found
