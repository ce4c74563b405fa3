"""What edits, sources and numbers are called on screen: plain words for people who run a shop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from taxonomy.changes import ChangeSet
from taxonomy.edits import (
    Assign,
    Create,
    Edit,
    Lock,
    Merge,
    Move,
    Pin,
    Relabel,
    Relate,
    Rename,
    Renumber,
    Reorder,
    Restore,
    Restrict,
    Retire,
    SetAttributes,
    SetCrosswalk,
    Split,
    Unassign,
)
from taxonomy.node import ROOT_ID, NodeId, RelationKind, Restriction, RestrictionKind
from taxonomy.product import Source
from taxonomy.tree import Tree

__all__ = [
    "Names",
    "counted",
    "describe",
    "many",
    "per_cent",
    "plain",
    "planned",
    "quoted",
    "restricted",
    "source_name",
    "story",
    "when",
]

_MARKDOWN = frozenset("\\`*_{}[]<>#$:~|")
SPELLED_OUT = 3  # a change of more edits than this is counted, not told
_SOURCES = {
    Source.PERSON: "a person",
    Source.IMPORT: "the imported file",
    Source.MODEL: "the model",
    Source.BUILD: "the tree builder",
    Source.AUDIT: "the tree check",
}

_RELATIONS = {
    RelationKind.RELATED: "is related to",
    RelationKind.COMPLEMENT: "goes with",
    RelationKind.SUBSTITUTE: "can stand in for",
}

_TO_DO = {
    "Added": "Add",
    "Asks": "Ask",
    "Brought": "Bring",
    "Changed": "Change",
    "Forgot": "Forget",
    "Freed": "Free",
    "Locked": "Lock",
    "Merged": "Merge",
    "Moved": "Move",
    "Removed": "Remove",
    "Renamed": "Rename",
    "Restricted": "Restrict",
    "Unlocked": "Unlock",
}
"""What is to be done, for what `describe` says was done; other sentences do for both."""

_NOUNS: dict[type[Edit], str] = {
    Create: "new category",
    Rename: "rename",
    Move: "move",
    Merge: "merge",
    Split: "split",
    Retire: "removal",
    Restore: "recovery",
    Reorder: "new order",
    Relabel: "change of labels",
    Renumber: "new id in the file",
    SetAttributes: "change of attributes",
    Relate: "relation",
    Restrict: "change of restrictions",
    SetCrosswalk: "outside match",
    Lock: "lock",
    Pin: "pinned search",
}


def many(n: int, thing: str) -> str:
    """A count with its noun.

    >>> many(1, "product"), many(1200, "category")
    ('1 product', '1,200 categories')
    """
    first, of, rest = thing.partition(" of ")  # "change of labels" has its plural in the middle
    plural = (first[:-1] + "ies" if first.endswith("y") else first + _ending(first)) + of + rest
    return f"{n:,} {thing if n == 1 else plural}"


def _ending(word: str) -> str:
    return "es" if word.endswith(("ch", "sh", "s", "x")) else "s"


def plain(text: str) -> str:
    """The text so that Streamlit shows it as it is, whatever signs it has in it.

    >>> plain("5 $ *new*")
    '5 \\\\$ \\\\*new\\\\*'
    """
    return "".join("\\" + sign if sign in _MARKDOWN else sign for sign in text)


def quoted(name: str) -> str:
    """The name in quotation marks."""
    return f"“{name}”"


def per_cent(share: float) -> str:
    """A share of 0..1 as a percentage; small shares do not become nothing.

    >>> per_cent(0.254), per_cent(0.001), per_cent(0)
    ('25%', 'under 1%', '0%')
    """
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def source_name(source: Source) -> str:
    """Who placed a product or made a change."""
    return _SOURCES[source]


def when(at: datetime | None) -> str:
    """Day and time in the zone of the machine; empty if unknown."""
    return "" if at is None else f"{at.astimezone():%d %b %Y, %H:%M}"


@dataclass(frozen=True, slots=True)
class Names:
    """What nodes are called, also those that are gone or not there yet.

    `tree` may be the tree before the edits or after them; after them, `edits` and `inverse` remember what the
    tree no longer does.
    """

    tree: Tree
    edits: tuple[Edit, ...] = ()
    inverse: tuple[Edit, ...] = ()

    def of(self, node_id: NodeId) -> str:
        """The name in quotation marks; `the top` for the root."""
        if node_id == ROOT_ID:
            return "the top"
        if node_id in self.tree.nodes:
            return quoted(self.tree.nodes[node_id].name)
        return next((quoted(name) for at, name in self._told() if at == node_id), "a category that is gone")

    def before(self, node_id: NodeId) -> str:
        """The name before a rename."""
        old = (e.name for e in self.inverse if isinstance(e, Rename) and e.node_id == node_id)
        return next(map(quoted, old), self.of(node_id))

    def parent_before(self, node_id: NodeId) -> NodeId | None:
        """The parent before a move; None if nobody remembers."""
        old = (e.parent_id for e in self.inverse if isinstance(e, Move) and e.node_id == node_id)
        node = self.tree.nodes.get(node_id)
        return next(old, node.parent_id if node else None)

    def _told(self) -> list[tuple[NodeId, str]]:
        told: list[tuple[NodeId, str]] = []
        for edit in (*self.inverse, *self.edits):
            if isinstance(edit, Create | Restore):
                told.append((edit.node.id, edit.node.name))
            elif isinstance(edit, Split):
                told += [(part.node_id, part.name) for part in edit.parts]
        return told


def describe(edit: Edit, names: Names) -> str:
    """One edit as a sentence about what was done, without a full stop."""
    match edit:
        case Rename(node_id, name):
            return f"Renamed {names.before(node_id)} to {quoted(name)}"
        case Move(node_id, parent_id):
            if names.parent_before(node_id) == parent_id:
                return f"Changed the order around {names.of(node_id)}"
            return (
                f"Moved {names.of(node_id)} {'to' if parent_id == ROOT_ID else 'under'} {names.of(parent_id)}"
            )
        case Merge(node_ids, into_id):
            return f"Merged {', '.join(map(names.of, node_ids))} into {names.of(into_id)}"
        case Split(node_id, parts):
            return f"Split {names.of(node_id)} into {' and '.join(quoted(part.name) for part in parts)}"
        case Create(node):
            return f"Added {quoted(node.name)} {_place(node.parent_id, names)}"
        case Retire(node_id):
            return f"Removed {names.of(node_id)}"
        case Restore(node):
            return f"Brought back {quoted(node.name)}"
        case Lock(node_id, locked):
            return f"{'Locked' if locked else 'Unlocked'} {names.of(node_id)}"
        case Renumber(node_id, number):
            return f"{names.of(node_id)} has the id {number or 'none'} in its file"
        case Reorder(parent_id):
            return f"Changed the order {_place(parent_id, names)}"
        case Relabel(node_id, language):
            return f"Changed the labels of {names.of(node_id)}" + (f" in {language}" if language else "")
        case SetAttributes(node_id, attributes):
            told = ", ".join(one.name for one in attributes)
            return f"Asks of {names.of(node_id)}: {told or 'no attributes of its own'}"
        case Relate(node_id, relation, other_id, related):
            how = _RELATIONS[relation]
            return f"{names.of(node_id)} {how if related else 'no longer ' + how} {names.of(other_id)}"
        case Restrict(node_id, restrictions):
            told = ", ".join(restricted(one) for one in restrictions)
            name = names.of(node_id)
            return f"Restricted {name}: {told}" if told else f"Freed {name} for everybody"
        case SetCrosswalk(node_id, scheme, target):
            if target is None:
                return f"Forgot what {names.of(node_id)} is called in {scheme}"
            return f"{names.of(node_id)} is {target or 'not to be found'} in {scheme}"
        case Pin(query, node_id):
            if node_id is None:
                return f"Searches for {quoted(query)} find their own way again"
            return f"Searches for {quoted(query)} go to {names.of(node_id)}"
        case Assign(_, node_id, product_ids):
            return f"Put {many(len(product_ids), 'product')} into {names.of(node_id)}"
        case Unassign(_, product_ids):
            return f"Let go of {many(len(product_ids), 'product')} that people had placed"
    return f"Changed the tree ({edit.kind})"


def planned(edit: Edit, names: Names) -> str:
    """One edit as a sentence about what is to be done, without a full stop.

    >>> planned(Lock(NodeId("a")), Names(Tree()))
    'Lock a category that is gone'
    """
    said = describe(edit, names)
    verb, _, rest = said.partition(" ")
    return f"{_TO_DO[verb]} {rest}" if verb in _TO_DO else said


def restricted(one: Restriction) -> str:
    """A restriction in words.

    >>> restricted(Restriction(RestrictionKind.REGION, ("DE", "AT")))
    'only in DE, AT'
    """
    if one.kind is RestrictionKind.REGION:
        return f"only in {', '.join(one.regions)}"
    return f"{one.kind} ({one.note})" if one.note else str(one.kind)


def story(change: ChangeSet, tree: Tree) -> str:
    """What a change set does, in one line, given the tree of today."""
    if change.reverts:
        return f"Took back: {change.reason.removeprefix('takes back: ')}"
    if len(change.edits) > SPELLED_OUT:
        return counted(change.edits)
    names = Names(tree, change.edits, change.inverse)
    tell = describe if change.applied_version else planned
    return "; ".join(tell(edit, names) for edit in change.edits)


def counted(edits: Sequence[Edit]) -> str:
    """What edits do, by how often they do it; fit for what was done and for what is proposed.

    >>> counted([Rename(NodeId("a"), "Cups"), Rename(NodeId("b"), "Mugs")])
    '2 renames'
    """
    n = Counter(type(edit) for edit in edits)
    parts = [many(n[kind], noun) for kind, noun in _NOUNS.items() if n[kind]]
    if n_products := sum(len(edit.product_ids) for edit in edits if isinstance(edit, Assign)):
        parts.append(f"{many(n_products, 'product')} placed")
    return ", ".join(parts) or many(len(edits), "change")


def _place(parent_id: NodeId, names: Names) -> str:
    return "at the top" if parent_id == ROOT_ID else f"under {names.of(parent_id)}"
