"""The rules of a tree, all of them and only here.

`require_*` check one step before it is taken, on a draft; `check` looks at a whole tree. Rules:

1. one hidden root, which no edit touches;
2. every parent is live, and no node stands below itself;
3. an id is 1 to 64 letters, digits and _, and given out once;
4. a name is one line of 1 to 250 characters without the path separator, and so is every label;
5. siblings differ in name (case and accents folded), except where an import brought them;
6. a locked node stays as it is until a person unlocks it;
7. no node stands deeper than 50 levels;
8. a node has one preferred label a language, its name among them; attributes that differ in name, choices
   with values, regions where the restriction is to regions, one match a scheme; it is not related to itself.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from taxonomy.errors import NodeLocked, RuleBroken, UnknownId
from taxonomy.node import ROOT_ID, AttributeKind, LabelKind, Node, NodeId, RestrictionKind
from taxonomy.product import SEPARATOR
from taxonomy.text import fold
from taxonomy.tree import Draft, Tree

__all__ = [
    "check",
    "require_children",
    "require_depth",
    "require_fresh",
    "require_gone",
    "require_known",
    "require_live",
    "require_name",
    "require_no_cycle",
    "require_node",
    "require_parent",
    "require_query",
    "require_shares",
    "require_unique_children",
    "require_unlocked",
]

_ID = re.compile("[0-9A-Za-z_]{1,64}")  # a label of a path in the store, where "-" would sort before digits
_BREAKS = ("Cc", "Cs", "Zl", "Zp")  # not Cf: published names hold zero-width spaces
MAX_NAME_LENGTH = 250  # the longest name in the published taxonomies that we know is 98 characters
MAX_DEPTH = 50  # published taxonomies have up to 8 levels; a path must still fit a line, and a walk a stack
_ROUNDING = 1e-6  # of shares that went through JSON and sums
MAX_NOTE_LENGTH = 4000  # a screen full: what is longer belongs in a document


def require_live(draft: Draft, *node_ids: NodeId) -> None:
    """Each id is a live node and not the root.

    Raises
    ------
    RuleBroken
        One is the root.
    UnknownId
        One is not live; the message names its successor if it was retired.
    """
    for node_id in node_ids:
        if node_id == ROOT_ID:
            raise RuleBroken("the root of a tree cannot be edited: name one of its categories", [node_id])
        if node_id not in draft.nodes:
            draft.tree().node(node_id)


def require_parent(draft: Draft, node_id: NodeId) -> None:
    """The id can have children: the root or a live node."""
    if node_id != ROOT_ID:
        require_live(draft, node_id)


def require_known(draft: Draft, node_id: NodeId) -> None:
    """The id was given out in this tree, whether it is live or retired."""
    if node_id not in draft.redirects:
        require_live(draft, node_id)


def require_children(draft: Draft, parent_id: NodeId, child_ids: Sequence[NodeId]) -> None:
    """The ids are children of the node, each named once."""
    strangers = set(child_ids) - set(draft.children_of(parent_id))
    if strangers or len(set(child_ids)) < len(child_ids):
        odd = next(iter(sorted(strangers)), child_ids[0])
        raise RuleBroken(
            f"an order names each child once and nothing else: look at {odd} again", [parent_id, odd]
        )


def require_depth(draft: Draft, node_id: NodeId, parent_id: NodeId) -> None:
    """Below that parent, neither the node nor anything below it stands too deep."""
    depth, at = 1, parent_id
    while at != ROOT_ID:
        depth, at = depth + 1, draft.nodes[at].parent_id
    level: Sequence[NodeId] = [node_id]
    while depth <= MAX_DEPTH and (level := [child for at in level for child in draft.children_of(at)]):
        depth += 1
    if depth > MAX_DEPTH:
        raise RuleBroken(f"{node_id} would stand more than {MAX_DEPTH} levels deep", [node_id, parent_id])


def require_node(draft: Draft, node: Node) -> None:
    """What the node says of itself holds together."""
    if fault := next(_node_faults(node), ""):
        raise RuleBroken(fault, [node.id])


def require_query(query: str) -> None:
    """The query has something in it."""
    if not query:
        raise RuleBroken("an empty query cannot be pinned: name a query")


def require_shares(node_id: NodeId, targets: Sequence[NodeId], shares: Sequence[float]) -> None:
    """Each successor has a share in 0..1, and together they take everything."""
    odd = len(shares) != len(targets) or any(not 0 <= one <= 1 for one in shares)
    if odd or abs(sum(shares) - 1) > _ROUNDING or ROOT_ID in targets[1:]:
        raise RuleBroken(
            "each successor of a node needs a share in 0..1, and they must add up to 1", [node_id, *targets]
        )


def require_gone(node_id: NodeId, targets: Sequence[NodeId]) -> None:
    """A node that goes does not lead to itself."""
    if node_id in targets:
        raise RuleBroken(f"{node_id} cannot take its own products: name another node", [node_id])


def require_fresh(draft: Draft, node_id: NodeId) -> None:
    """The id is one, and was never given out in this tree."""
    if not _ID.fullmatch(node_id):
        raise RuleBroken(
            f"{node_id!r} cannot be an id: 1 to 64 letters, digits and _ are expected", [node_id]
        )
    if node_id in draft or node_id in draft.redirects:
        raise RuleBroken(
            f"id {node_id} was given out before: ids are never reused, take a new one", [node_id]
        )


def require_no_cycle(draft: Draft, node_id: NodeId, parent_id: NodeId) -> None:
    """`parent_id` is not `node_id` and does not stand below it."""
    if draft.is_below(parent_id, node_id):
        name, parent = draft.nodes[node_id].name, draft.nodes[parent_id].name
        raise RuleBroken(
            f"{name!r} cannot move below {parent!r}, which stands inside it: move {parent!r} out first",
            [node_id, parent_id],
        )


def require_name(name: str) -> None:
    """The name can be printed in a path."""
    if fault := _name_fault(name):
        raise RuleBroken(f"{name!r} cannot be a category's name: {fault}")


def require_unlocked(draft: Draft, *node_ids: NodeId) -> None:
    """None of the nodes is locked."""
    for node_id in node_ids:
        if draft.nodes[node_id].locked:
            raise NodeLocked(f"{draft.nodes[node_id].name!r} is locked: unlock it first", [node_id])


def require_unique_children(draft: Draft, parent_id: NodeId, known: Sequence[Tree] = ()) -> None:
    """No two children of the node have the same name, but for those that had it in a known tree.

    Else nobody could edit beside namesakes that an import brought, nor rename them one at a time.
    """
    for twins in _twins(draft.nodes[at] for at in draft.children_of(parent_id)):
        if any(_are_twins(tree, twins) for tree in known):
            continue
        place = "at the top" if parent_id == ROOT_ID else f"under {draft.nodes[parent_id].name!r}"
        name = draft.nodes[twins[0]].name
        raise RuleBroken(f"there would be two categories {name!r} {place}: rename or merge one first", twins)


def check(tree: Tree, *, unique_siblings: bool = True) -> list[str]:
    """Every rule that the tree breaks, as sentences; empty for a sound tree.

    Parameters
    ----------
    tree : Tree
        Any tree, also one that did not come about by edits.
    unique_siblings : bool
        Whether rule 5 is to hold; imports may break it.
    """
    faults = [f"{at}: {fault}" for at, node in tree.nodes.items() for fault in _node_faults(node)]
    faults += [f"{at!r} cannot be an id" for at in tree.nodes if not _ID.fullmatch(at)]
    reached = list(tree.descendants())
    if len(reached) != len(set(reached)):
        faults.append("some node has two places among the children")
    faults += [f"{at} cannot be reached from the root" for at in tree.nodes.keys() - set(reached)]
    for parent_id, child_ids in tree.children.items():
        if parent_id not in tree:
            faults.append(f"{parent_id} has children and does not exist")
        faults += [f"{at} names another parent" for at in child_ids if tree.nodes[at].parent_id != parent_id]
        if unique_siblings:
            twins = _twins(tree.nodes[at] for at in child_ids)
            faults += [f"siblings of the same name: {', '.join(one)}" for one in twins]
    depths = {ROOT_ID: 0}
    for at in reached:
        depths[at] = depths.get(tree.nodes[at].parent_id, 0) + 1
    faults += [f"{at} stands {depth} levels deep" for at, depth in depths.items() if depth > MAX_DEPTH]
    faults += [
        f"{query!r} is pinned to an unknown id" for query, at in tree.pins.items() if not _ends(tree, at)
    ]
    faults += [f"{at} is live and retired at once" for at in tree.redirects if at in tree]
    faults += [f"{at} leads nowhere" for at in tree.redirects if not _ends(tree, at)]
    return faults


def _node_faults(node: Node) -> Iterator[str]:
    """What the node says that does not hold together, as sentences that can follow its id."""
    if fault := _name_fault(node.name):
        yield f"{node.name!r} cannot be a category's name: {fault}"
    for label in node.labels:
        if fault := _name_fault(label.text):
            yield f"{label.text!r} cannot be a label of {node.name!r}: {fault}"
    preferred = [one.language for one in node.labels if one.kind is LabelKind.PREFERRED]
    # Its name is the preferred label of its own language.
    if twice := next((one for one in preferred if preferred.count(one) > 1 or one == node.language), None):
        yield f"{node.name!r} would have two preferred labels in {twice!r}: take another language"
    if len(node.scope_note) > MAX_NOTE_LENGTH:
        yield f"the scope note of {node.name!r} has more than {MAX_NOTE_LENGTH} characters"
    names = [fold(one.name) for one in node.attributes]
    if len(set(names)) < len(names) or "" in names:
        yield f"the attributes of {node.name!r} need names that differ"
    if any(one.kind is AttributeKind.CHOICE and not one.values for one in node.attributes):
        yield f"an attribute of {node.name!r} is a choice without values"
    if any((one.kind is RestrictionKind.REGION) != bool(one.regions) for one in node.restrictions):
        yield f"{node.name!r}: a restriction to regions names them, another names none"
    schemes = [one.scheme for one in node.crosswalk]
    if len(set(schemes)) < len(schemes) or not all(schemes):
        yield f"{node.name!r}: one match a scheme, and every scheme has a name"
    if any(one.node_id == node.id for one in node.relations):
        yield f"{node.name!r} cannot be related to itself"


def _name_fault(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name != name.strip() or any(unicodedata.category(c) in _BREAKS for c in name):
        return "it has blanks around it, or a line break or control character in it"
    if len(name) > MAX_NAME_LENGTH:
        return f"it has {len(name)} characters, {MAX_NAME_LENGTH} is the most"
    return f"it contains the path separator {SEPARATOR!r}" if SEPARATOR in name else ""


def _twins(siblings: Iterable[Node]) -> list[list[NodeId]]:
    """The ids of siblings that share a name, name by name."""
    by_name: dict[str, list[NodeId]] = {}
    for node in siblings:
        by_name.setdefault(fold(node.name), []).append(node.id)
    return [ids for ids in by_name.values() if len(ids) > 1]


def _are_twins(tree: Tree, node_ids: Iterable[NodeId]) -> bool:
    """Whether all of them are siblings of one name in a tree."""
    nodes = [tree.nodes.get(at) for at in node_ids]
    return None not in nodes and len({(one.parent_id, fold(one.name)) for one in nodes if one}) == 1


def _ends(tree: Tree, node_id: NodeId) -> bool:
    try:
        return tree.resolve(node_id) in tree
    except UnknownId:
        return False
