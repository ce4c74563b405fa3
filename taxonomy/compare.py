"""What differs between two trees: as values, as sentences and as JSON.

The trees may be two versions of one taxonomy, in any order, or two files. Nodes are matched by id.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from taxonomy.node import ROOT_ID, Attribute, Label, LabelKind, Match, Node, NodeId, Relation, Restriction
from taxonomy.product import Path, join_path
from taxonomy.redirects import Redirect
from taxonomy.tree import Tree
from taxonomy.values import to_json

__all__ = ["Change", "Comparison", "Kind", "Lead", "aligned", "compare", "fields_changed", "leads"]

Said = str | bool | tuple[str | Label | Attribute | Relation | Restriction | Match | NodeId, ...] | Redirect
"""What a field held."""


class Kind(StrEnum):
    """In what way a node, or what is kept beside nodes, differs."""

    ADDED = "added"
    RESTORED = "restored"
    RETIRED = "retired"
    RENAMED = "renamed"
    MOVED = "moved"
    REORDERED = "reordered"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    RELABELLED = "relabelled"
    RENUMBERED = "renumbered"
    ATTRIBUTES = "attributes"
    RELATIONS = "relations"
    RESTRICTIONS = "restrictions"
    CROSSWALK = "crosswalk"
    PINNED = "pinned"
    REDIRECTED = "redirected"


@dataclass(frozen=True, slots=True)
class Lead:
    """A live node that an id leads to, with its share of the products.

    The root, whose path is empty, says that nothing took the id's place.
    """

    node_id: NodeId
    path: Path
    share: float


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    `key` is a node's id, the root's for the order of top categories, or the query that is pinned. `path` is
    the node's in the later tree; in the earlier one where it is retired. `before` and `after` are what the
    field held, None where there was nothing; `leads` say where a retired node's products went.
    """

    kind: Kind
    key: str
    path: Path
    sentence: str
    before: Said | None = None
    after: Said | None = None
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs, in the order of `Kind` and then of the tree; nothing for equal trees."""

    before_version: int
    after_version: int
    changes: tuple[Change, ...]

    def counts(self) -> dict[Kind, int]:
        """How many differences there are of each kind that occurs."""
        return dict(Counter(one.kind for one in self.changes))

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each difference."""
        return tuple(one.sentence for one in self.changes)

    def to_json(self) -> dict[str, object]:
        """Everything as JSON values: versions, counts by kind, changes."""
        return {
            "before_version": self.before_version,
            "after_version": self.after_version,
            "counts": {str(kind): n for kind, n in self.counts().items()},
            "changes": [to_json(one) for one in self.changes],
        }


def compare(before: Tree, after: Tree) -> Comparison:
    """What differs between two trees, at a cost by their size.

    Two trees give an empty comparison exactly when their digests are equal.

    >>> from taxonomy.changes import apply
    >>> from taxonomy.edits import Rename
    >>> tree = Tree.from_paths([("Garden", "Tools")])
    >>> after = apply(tree, [Rename(tree.find(("Garden", "Tools")), "Spades")]).tree
    >>> compare(tree, after).sentences()
    ("'Garden > Tools' is now called 'Spades'",)
    """
    found = chain(
        _came(before, after),
        _went(before, after),
        _differing(before, after),
        _reordered(before, after),
        _pinned(before, after),
        _redirected(before, after),
    )
    rank = {kind: at for at, kind in enumerate(Kind)}
    changes = tuple(sorted(found, key=lambda one: rank[one.kind]))
    return Comparison(before.version, after.version, changes)


def aligned(tree: Tree, onto: Tree) -> Tree:
    """A tree from a file with the ids of another, so that the two can be compared.

    A node takes the id of the one with its id, else with its external id, else at its path; all others keep
    their own. What a file does not tell, redirects and pins, is taken from `onto`.
    """
    outside = {node.external_id: at for at, node in onto.nodes.items() if node.external_id}
    ids: dict[NodeId, NodeId] = {ROOT_ID: ROOT_ID}
    taken: set[NodeId] = set()
    for find in (
        lambda at: at if at in onto.nodes else None,
        lambda at: outside.get(tree.nodes[at].external_id),
        lambda at: onto.find(tree.path(at)),
    ):
        for at in tree.nodes:
            if at not in ids and (found := find(at)) is not None and found not in taken:
                ids[at] = found
                taken.add(found)
    ids = {at: ids.get(at, at) for at in (ROOT_ID, *tree.nodes)}
    nodes = {
        ids[at]: replace(node, id=ids[at], parent_id=ids[node.parent_id], relations=_aligned(node, ids))
        for at, node in tree.nodes.items()
    }
    children = {ids[at]: tuple(ids[one] for one in below) for at, below in tree.children.items()}
    ways = {at: way for at, way in onto.redirects.items() if at not in nodes}
    return Tree(nodes, children, ways, tree.version, onto.pins)


def fields_changed(before: Node, after: Node, called: Callable[[NodeId], str]) -> Iterator[Change]:
    """What differs between two states of a node but for its place.

    `called` gives what sentences call a node, this one or one that it is related to.
    """
    name = f"'{called(before.id)}'"
    if before.name != after.name:
        yield _field(Kind.RENAMED, after, f"{name} is now called '{after.name}'", before.name, after.name)
    if before.locked != after.locked:
        kind = Kind.LOCKED if after.locked else Kind.UNLOCKED
        yield _field(kind, after, f"{name} was {kind}", before.locked, after.locked)
    if before.external_id != after.external_id:
        said = f"{name} has the id {after.external_id or 'nowhere'} in its source"
        yield _field(Kind.RENUMBERED, after, said, before.external_id, after.external_id)
    if (old := _labels(before)) != (new := _labels(after)):
        yield _field(Kind.RELABELLED, after, f"{name}: {_difference(old, new)}", before.labels, after.labels)
    for kind, field in _FIELDS.items():
        held: tuple[Said, Said] = (getattr(before, field), getattr(after, field))
        if held[0] != held[1]:
            texts = [[_in_words(part, called) for part in getattr(one, field)] for one in (before, after)]
            said = _difference(texts[0], texts[1]) or "in another order"
            yield _field(kind, after, f"{name}: {kind}: {said}", *held)


def leads(tree: Tree, node_id: NodeId) -> tuple[Lead, ...]:
    """Where an id leads in a tree, the largest share first; a live id leads to itself.

    Raises
    ------
    UnknownId
        The id was never given out.
    """
    return tuple(Lead(at, tree.path(at), share) for at, share in tree.successors(node_id).items())


def _aligned(node: Node, ids: Mapping[NodeId, NodeId]) -> tuple[Relation, ...]:
    moved = (replace(one, node_id=ids.get(one.node_id, one.node_id)) for one in node.relations)
    return tuple(sorted(moved))


_FIELDS = {
    Kind.ATTRIBUTES: "attributes",
    Kind.RELATIONS: "relations",
    Kind.RESTRICTIONS: "restrictions",
    Kind.CROSSWALK: "crosswalk",
}


def _field(kind: Kind, node: Node, sentence: str, before: Said, after: Said) -> Change:
    return Change(kind, node.id, (), sentence, before, after)


def _came(before: Tree, after: Tree) -> Iterator[Change]:
    for at in after.descendants():
        if at not in before.nodes:
            back = at in before.redirects
            said = f"'{after.label(at)}' is {'back' if back else 'new'}"
            yield Change(Kind.RESTORED if back else Kind.ADDED, at, after.path(at), said)


def _went(before: Tree, after: Tree) -> Iterator[Change]:
    for at in before.descendants():
        if at not in after.nodes:
            ends = leads(after, at) if at in after.redirects else ()
            said = f"'{before.label(at)}' was retired{_whither(ends)}"
            yield Change(Kind.RETIRED, at, before.path(at), said, leads=ends)


def _differing(before: Tree, after: Tree) -> Iterator[Change]:
    def called(node_id: NodeId) -> str:
        tree = before if node_id in before.nodes else after
        return tree.label(node_id) if node_id in tree.nodes else node_id

    for at in after.descendants():
        old, new = before.nodes.get(at), after.nodes[at]
        if old is None or old == new:
            continue
        path = after.path(at)
        for one in fields_changed(old, new, called):
            yield Change(one.kind, at, path, one.sentence, one.before, one.after)
        if old.parent_id != new.parent_id:
            places = before.path(old.parent_id), path[:-1]
            said = f"'{before.label(at)}' moved to {_place(places[1])}"
            yield Change(Kind.MOVED, at, path, said, *places)


def _reordered(before: Tree, after: Tree) -> Iterator[Change]:
    for parent_id in (ROOT_ID, *after.descendants()):
        if parent_id not in before:
            continue
        old, new = before.children_of(parent_id), after.children_of(parent_id)
        if old == new:
            continue
        stayed = set(old) & set(new)  # children that came or went are told by themselves
        if [at for at in old if at in stayed] == [at for at in new if at in stayed]:
            continue
        said = f"the order below {_place(after.path(parent_id))} changed"
        yield Change(Kind.REORDERED, parent_id, after.path(parent_id), said, old, new)


def _pinned(before: Tree, after: Tree) -> Iterator[Change]:
    for query in sorted(before.pins.keys() | after.pins.keys()):
        old, new = before.pins.get(query), after.pins.get(query)
        if old == new:
            continue
        live = new is not None and (new in after or new in after.redirects)
        path = after.path(after.resolve(new)) if new is not None and live else ()
        said = "is decided by the machine again" if new is None else f"goes to {_place(path)}"
        yield Change(Kind.PINNED, query, path, f"the query '{query}' {said}", old, new)


def _redirected(before: Tree, after: Tree) -> Iterator[Change]:
    """Ways of retired ids that neither tree has as a node."""
    for at in sorted(before.redirects.keys() | after.redirects.keys()):
        old, new = before.redirects.get(at), after.redirects.get(at)
        if old == new or at in before.nodes or at in after.nodes:
            continue
        ends = leads(after, at) if new is not None else ()
        said = f"the retired id {at} leads to {_ends(ends)}" if new else f"the retired id {at} is unknown"
        yield Change(Kind.REDIRECTED, at, (), said, old, new, ends)


def _labels(node: Node) -> tuple[str, ...]:
    name = f"the name is in {node.language}" if node.language else ""
    note = f"scope note '{node.scope_note}'" if node.scope_note else ""
    return tuple(one for one in (name, note, *(_in_words(one, str) for one in node.labels)) if one)


def _difference(before: Iterable[str], after: Iterable[str]) -> str:
    """'with' what is new, 'without' what is gone."""
    old, new = list(before), list(after)
    came = [one for one in new if one not in old]
    gone = [one for one in old if one not in new]
    parts = ("with " + ", ".join(came) if came else "", "without " + ", ".join(gone) if gone else "")
    return "; ".join(part for part in parts if part)


def _in_words(one: object, called: Callable[[NodeId], str]) -> str:
    match one:
        case Label(text, kind, language):
            what = {LabelKind.ALTERNATIVE: "label", LabelKind.HIDDEN: "hidden label"}.get(kind, "name")
            return f"{what} '{text}'" + (f" ({language})" if language else "")
        case Attribute(name, kind, unit, values, required):
            choices = ": " + ", ".join(values) if values else ""
            said = f"{kind}{f' in {unit}' if unit else ''}{choices}{', required' if required else ''}"
            return f"'{name}' ({said})"
        case Relation(kind, node_id):
            return f"{kind} '{called(node_id)}'"
        case Restriction(kind, regions, note):
            return " ".join(
                part for part in (str(kind), ", ".join(regions), f"({note})" if note else "") if part
            )
        case Match(scheme, target, kind):
            return f"{scheme} {f'{target} ({kind})' if target else 'has none'}"
    return str(one)


def _whither(ends: tuple[Lead, ...]) -> str:
    return f": its products go to {_ends(ends)}" if ends else ""


def _ends(ends: tuple[Lead, ...]) -> str:
    if len(ends) == 1:
        return _place(ends[0].path)
    return " and ".join(f"{_place(one.path)} ({one.share:.0%})" for one in ends)


def _place(path: Path) -> str:
    return f"'{join_path(path)}'" if path else "the top"
