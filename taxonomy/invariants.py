"""The rules of a tree, all of them and only here.

`require_*` check one step before it is taken, on a draft; `check` looks at a whole tree. Rules:

1. one hidden root, which no edit touches;
2. every parent is live, and no node stands below itself;
3. an id is given out once;
4. a name is one line of 1 to 250 characters without the path separator;
5. siblings differ in name (case and accents folded), except where an import brought them;
6. a locked node stays as it is until a person unlocks it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from taxonomy.errors import NodeLocked, RuleBroken, UnknownId
from taxonomy.node import ROOT_ID, Node, NodeId
from taxonomy.product import SEPARATOR
from taxonomy.text import fold
from taxonomy.tree import Draft, Tree

__all__ = [
    "check",
    "require_fresh",
    "require_live",
    "require_name",
    "require_no_cycle",
    "require_parent",
    "require_unique_children",
    "require_unlocked",
]

_BREAKS = ("Cc", "Zl", "Zp")  # not Cf: published names hold zero-width spaces
MAX_NAME_LENGTH = 250  # the longest name in the published taxonomies that we know is 98 characters


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


def require_fresh(draft: Draft, node_id: NodeId) -> None:
    """The id was never given out in this tree."""
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


def require_unique_children(draft: Draft, parent_id: NodeId) -> None:
    """No two children of the node have the same name."""
    if twins := _twins(draft.nodes[at] for at in draft.children_of(parent_id)):
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
    faults = [f"{at}: {fault}" for at, node in tree.nodes.items() if (fault := _name_fault(node.name))]
    reached = list(tree.descendants())
    if len(reached) != len(set(reached)):
        faults.append("some node has two places among the children")
    faults += [f"{at} cannot be reached from the root" for at in tree.nodes.keys() - set(reached)]
    for parent_id, child_ids in tree.children.items():
        if parent_id not in tree:
            faults.append(f"{parent_id} has children and does not exist")
        faults += [f"{at} names another parent" for at in child_ids if tree.nodes[at].parent_id != parent_id]
        if unique_siblings and (twins := _twins(tree.nodes[at] for at in child_ids)):
            faults.append(f"siblings of the same name: {', '.join(twins)}")
    faults += [f"{at} is live and retired at once" for at in tree.redirects if at in tree]
    faults += [f"{at} leads nowhere" for at in tree.redirects if not _ends(tree, at)]
    return faults


def _name_fault(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name != name.strip() or any(unicodedata.category(c) in _BREAKS for c in name):
        return "it has blanks around it, or a line break or control character in it"
    if len(name) > MAX_NAME_LENGTH:
        return f"it has {len(name)} characters, {MAX_NAME_LENGTH} is the most"
    return f"it contains the path separator {SEPARATOR!r}" if SEPARATOR in name else ""


def _twins(siblings: Iterable[Node]) -> list[NodeId]:
    nodes = list(siblings)
    names = Counter(fold(node.name) for node in nodes)
    name, count = names.most_common(1)[0] if names else ("", 0)
    return [node.id for node in nodes if fold(node.name) == name] if count > 1 else []


def _ends(tree: Tree, node_id: NodeId) -> bool:
    try:
        return tree.resolve(node_id) in tree
    except UnknownId:
        return False
