"""The one kind of change: an edit is a value that is applied to a draft and gives what takes it back.

Structure never rewrites products: a retired id leaves a redirect, and reads follow it. That is why a merge
can be undone by `Restore`: the products assigned to the old id are its own again.

Each edit also says what it writes and what it needs, so that two people's edits can be told apart: those
that clash from those that go together (`clash`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.errors import EditError
from taxonomy.node import (
    ROOT_ID,
    Attribute,
    Label,
    LabelKind,
    Match,
    MatchKind,
    Node,
    NodeId,
    Relation,
    RelationKind,
    Restriction,
)
from taxonomy.product import ProductId
from taxonomy.redirects import Redirect, resolve, successors
from taxonomy.text import fold
from taxonomy.tree import Draft

__all__ = [
    "WHOLE",
    "Assign",
    "Create",
    "Edit",
    "Lock",
    "Merge",
    "Move",
    "Part",
    "Pin",
    "Relabel",
    "Relate",
    "Rename",
    "Renumber",
    "Reorder",
    "Restore",
    "Restrict",
    "Retire",
    "SetAttributes",
    "SetCrosswalk",
    "Split",
    "Touch",
    "Unassign",
    "clash",
]

Touch = tuple[str, str]
"""A key (a node's id, `product:CATALOG/ID` or `query:TEXT`) and which aspect of it."""

WHOLE = "*"
"""The aspect that stands for all: the node came or went."""


class Edit(ABC):
    """A change to a tree, or to where products stand in it."""

    kind: ClassVar[str]

    @abstractmethod
    def apply(self, draft: Draft) -> "tuple[Edit, ...]":
        """Change the draft and return the edits that take the change back.

        Raises
        ------
        EditError
            The edit would break a rule; the draft must be thrown away then.
        UnknownId
            It names a node that is not live.
        """

    @abstractmethod
    def writes(self) -> tuple[Touch, ...]:
        """What it changes: of two edits that write the same aspect, the second may undo the first."""

    def needs(self) -> tuple[NodeId, ...]:
        """The nodes that it takes for granted."""
        return ()

    def touches(self) -> tuple[NodeId, ...]:
        """The nodes that it changes or takes for granted."""
        written = (NodeId(key) for key, _ in self.writes() if ":" not in key)
        return tuple(dict.fromkeys((*written, *self.needs())))


def clash(edit: Edit, written: Iterable[Touch]) -> list[str]:
    """The keys at which an edit and what others wrote do not go together; none if they are disjoint.

    >>> clash(Rename(NodeId("a"), "Tools"), [("a", "place"), ("a", "name"), ("b", "name")])
    ['a']
    """
    mine: dict[str, set[str]] = {}
    for key, aspect in edit.writes():
        mine.setdefault(key, set()).add(aspect)
    needs = set(edit.needs())
    found: dict[str, None] = {}
    for key, aspect in written:
        aspects = mine.get(key, set())
        if aspect in aspects or WHOLE in aspects or (aspect == WHOLE and (aspects or key in needs)):
            found[key] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Create(Edit):
    """A new node, last among its siblings unless a position is given."""

    kind: ClassVar[str] = "create"
    node: Node
    position: int | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_fresh(draft, self.node.id)
        rules.require_parent(draft, self.node.parent_id)
        rules.require_node(draft, self.node)
        rules.require_depth(draft, self.node.id, self.node.parent_id)
        draft.add(self.node, self.position)
        return (Retire(self.node.id, self.node.parent_id),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node.id, WHOLE), (self.node.parent_id, f"child {self.node.id}"))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node.parent_id,)


class _Field(Edit):
    """An edit of one node's fields."""

    __slots__ = ()
    node_id: NodeId

    def _change(self, draft: Draft, **fields: object) -> Node:
        """Set the fields of the live, unlocked node; what it was before."""
        rules.require_live(draft, self.node_id)
        rules.require_unlocked(draft, self.node_id)
        before = draft.nodes[self.node_id]
        after = replace(before, **fields)  # type: ignore[arg-type]
        rules.require_node(draft, after)
        draft.replace(after)
        return before

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


@dataclass(frozen=True, slots=True)
class Rename(_Field):
    """Another name for the same node; `language` says which it is in, None leaves that as it is."""

    kind: ClassVar[str] = "rename"
    node_id: NodeId
    name: str
    language: str | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        language = {} if self.language is None else {"language": self.language}
        before = self._change(draft, name=self.name, **language)
        return (Rename(self.node_id, before.name, None if self.language is None else before.language),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "name"),)


@dataclass(frozen=True, slots=True)
class Renumber(_Field):
    """Another id in the file that the node comes from: a new edition may count anew."""

    kind: ClassVar[str] = "renumber"
    node_id: NodeId
    external_id: str

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return (Renumber(self.node_id, self._change(draft, external_id=self.external_id).external_id),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "external id"),)


@dataclass(frozen=True, slots=True)
class Relabel(_Field):
    """All labels of a node in one language are these; a scope note of None leaves it as it is.

    The name itself is the preferred label of its own language: `Rename` changes it.
    """

    kind: ClassVar[str] = "relabel"
    node_id: NodeId
    language: str = ""
    preferred: str = ""
    alternative: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    scope_note: str | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        held = draft.nodes[self.node_id].labels
        kept = (one for one in held if one.language != self.language)
        note = {} if self.scope_note is None else {"scope_note": self.scope_note}
        before = self._change(draft, labels=tuple(sorted({*kept, *self._labels()})), **note)
        old_note = None if self.scope_note is None else before.scope_note
        return (Relabel.of(before, self.language, scope_note=old_note),)

    @classmethod
    def of(cls, node: Node, language: str, *, scope_note: str | None = None) -> "Relabel":
        """What gives a node the labels that it has in a language."""
        texts: dict[LabelKind, list[str]] = {kind: [] for kind in LabelKind}
        for one in node.labels:
            if one.language == language:
                texts[one.kind].append(one.text)
        preferred = next(iter(texts[LabelKind.PREFERRED]), "")
        others = (tuple(texts[LabelKind.ALTERNATIVE]), tuple(texts[LabelKind.HIDDEN]))
        return cls(node.id, language, preferred, *others, scope_note)

    def writes(self) -> tuple[Touch, ...]:
        note = () if self.scope_note is None else ((self.node_id, "scope note"),)
        return ((self.node_id, f"labels {self.language}".rstrip()), *note)

    def _labels(self) -> set[Label]:
        groups = {
            LabelKind.PREFERRED: (self.preferred,) if self.preferred else (),
            LabelKind.ALTERNATIVE: self.alternative,
            LabelKind.HIDDEN: self.hidden,
        }
        return {Label(text, kind, self.language) for kind, texts in groups.items() for text in texts}


@dataclass(frozen=True, slots=True)
class SetAttributes(_Field):
    """What the shop asks of the node's products, and of those below it."""

    kind: ClassVar[str] = "set_attributes"
    node_id: NodeId
    attributes: tuple[Attribute, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return (SetAttributes(self.node_id, self._change(draft, attributes=self.attributes).attributes),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "attributes"),)


@dataclass(frozen=True, slots=True)
class Relate(_Field):
    """A node is related to another, or (`related` false) no longer."""

    kind: ClassVar[str] = "relate"
    node_id: NodeId
    relation: RelationKind
    other_id: NodeId
    related: bool = True

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        if self.related:
            rules.require_known(draft, self.other_id)  # retired: its successor is meant
        one = Relation(self.relation, self.other_id)
        kept = set(draft.nodes[self.node_id].relations) - {one}
        after = kept | {one} if self.related else kept
        before = self._change(draft, relations=tuple(sorted(after)))
        return (replace(self, related=one in before.relations),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, f"{self.relation} {self.other_id}"),)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id, self.other_id) if self.related else (self.node_id,)


@dataclass(frozen=True, slots=True)
class Restrict(_Field):
    """Who may be shown the node and all below it: these are all its restrictions."""

    kind: ClassVar[str] = "restrict"
    node_id: NodeId
    restrictions: tuple[Restriction, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        before = self._change(draft, restrictions=tuple(sorted(set(self.restrictions))))
        return (Restrict(self.node_id, before.restrictions),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "restrictions"),)


@dataclass(frozen=True, slots=True)
class SetCrosswalk(_Field):
    """The category of another scheme that the node corresponds to.

    An empty `target` says that there is none; None takes back whatever was said.
    """

    kind: ClassVar[str] = "set_crosswalk"
    node_id: NodeId
    scheme: str
    target: str | None
    match: MatchKind = MatchKind.EXACT

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        kept = {one for one in draft.nodes[self.node_id].crosswalk if one.scheme != self.scheme}
        said = set() if self.target is None else {Match(self.scheme, self.target, self.match)}
        before = self._change(draft, crosswalk=tuple(sorted(kept | said)))
        old = next((one for one in before.crosswalk if one.scheme == self.scheme), None)
        return (
            SetCrosswalk(self.node_id, self.scheme, None)
            if old is None
            else SetCrosswalk(self.node_id, self.scheme, old.target, old.kind),
        )

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, f"crosswalk {self.scheme}"),)


@dataclass(frozen=True, slots=True)
class Move(Edit):
    """The node and all below it go under another parent, or to another place under the same."""

    kind: ClassVar[str] = "move"
    node_id: NodeId
    parent_id: NodeId
    position: int | None = None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        rules.require_unlocked(draft, self.node_id)
        rules.require_parent(draft, self.parent_id)
        rules.require_no_cycle(draft, self.node_id, self.parent_id)
        rules.require_depth(draft, self.node_id, self.parent_id)
        back = Move(self.node_id, draft.nodes[self.node_id].parent_id, draft.position(self.node_id))
        node = draft.remove(self.node_id)
        draft.add(replace(node, parent_id=self.parent_id), self.position)
        return (back,)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "place"), (self.parent_id, f"child {self.node_id}"))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id, self.parent_id)


@dataclass(frozen=True, slots=True)
class Reorder(Edit):
    """The children of a node stand in this order; those not named stay behind them as they are."""

    kind: ClassVar[str] = "reorder"
    parent_id: NodeId
    child_ids: tuple[NodeId, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_parent(draft, self.parent_id)
        before = draft.children_of(self.parent_id)
        rules.require_children(draft, self.parent_id, self.child_ids)
        rest = (at for at in before if at not in set(self.child_ids))
        draft.arrange(self.parent_id, (*self.child_ids, *rest))
        return (Reorder(self.parent_id, before),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.parent_id, "order"), *((at, "place") for at in self.child_ids))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.parent_id, *self.child_ids)


@dataclass(frozen=True, slots=True)
class Lock(Edit):
    """Nobody changes the node until it is unlocked."""

    kind: ClassVar[str] = "lock"
    node_id: NodeId
    locked: bool = True

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        before = draft.nodes[self.node_id]
        draft.replace(replace(before, locked=self.locked))
        return (Lock(self.node_id, before.locked),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "lock"),)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


@dataclass(frozen=True, slots=True)
class Merge(Edit):
    """The products and children of some nodes go to another node, and so do their ids."""

    kind: ClassVar[str] = "merge"
    node_ids: tuple[NodeId, ...]
    into_id: NodeId

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.into_id, *self.node_ids)
        back: list[Edit] = []
        for node_id in self.node_ids:
            rules.require_live(draft, node_id)  # named twice, it is gone by now
            rules.require_no_cycle(draft, node_id, self.into_id)
            back.append(_dissolve(draft, node_id, Redirect((self.into_id,))))
        return tuple(reversed(back))

    def writes(self) -> tuple[Touch, ...]:
        came = ((self.into_id, f"child {at}") for at in self.node_ids)
        return (*((at, WHOLE) for at in self.node_ids), *came)

    def needs(self) -> tuple[NodeId, ...]:
        return (*self.node_ids, self.into_id)


@dataclass(frozen=True, slots=True)
class Retire(Edit):
    """The node goes; its products and children go to another node, its parent unless one is named.

    `others` take a share of the products beside `to_id`, as after a split: `shares` are then one for each,
    `to_id` first.
    """

    kind: ClassVar[str] = "retire"
    node_id: NodeId
    to_id: NodeId | None = None
    others: tuple[NodeId, ...] = ()
    shares: tuple[float, ...] = (1.0,)

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id, *self.others)
        rules.require_gone(self.node_id, self.others)
        to_id = draft.nodes[self.node_id].parent_id if self.to_id is None else self.to_id
        rules.require_parent(draft, to_id)
        rules.require_no_cycle(draft, self.node_id, to_id)
        rules.require_shares(self.node_id, (to_id, *self.others), self.shares)
        return (_dissolve(draft, self.node_id, Redirect((to_id, *self.others), self.shares)),)

    def writes(self) -> tuple[Touch, ...]:
        came = () if self.to_id is None else ((self.to_id, f"child {self.node_id}"),)
        return ((self.node_id, WHOLE), *came)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id, *(() if self.to_id is None else (self.to_id,)), *self.others)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the nodes that a node is split into, and the products named for it."""

    node_id: NodeId
    name: str
    product_ids: tuple[ProductId, ...] = ()


@dataclass(frozen=True, slots=True)
class Split(Edit):
    """The node is replaced, where it stands, by two or more parts.

    Products that no part names, and the children, go to the first part. `catalog` says whose products
    they are; `n_rest` how many no part names, for the shares that searches and links are led by.
    """

    kind: ClassVar[str] = "split"
    node_id: NodeId
    parts: tuple[Part, ...]
    catalog: str = ""
    n_rest: int = 0

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        if len(self.parts) < 2:
            raise EditError(
                "a split needs at least two parts: name another one, or rename the node", [self.node_id]
            )
        parent_id, position = draft.nodes[self.node_id].parent_id, draft.position(self.node_id)
        for offset, part in enumerate(self.parts):
            rules.require_fresh(draft, part.node_id)
            rules.require_name(part.name)
            draft.add(Node(part.node_id, part.name, parent_id), position + 1 + offset)
        part_ids = tuple(part.node_id for part in self.parts)
        restore = _dissolve(draft, self.node_id, Redirect(part_ids, self._shares()))
        return (restore, Merge(part_ids, self.node_id))

    def writes(self) -> tuple[Touch, ...]:
        parts = ((part.node_id, WHOLE) for part in self.parts)
        named = (at for part in self.parts for at in part.product_ids)
        return ((self.node_id, WHOLE), *parts, *_products(self.catalog, named))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)

    def _shares(self) -> tuple[float, ...]:
        sizes = [
            len(part.product_ids) + (self.n_rest if at == 0 else 0) for at, part in enumerate(self.parts)
        ]
        total = sum(sizes)
        if not total:  # nobody said how many: the first takes all
            return (1.0, *(0.0 for _ in self.parts[1:]))
        return tuple(size / total for size in sizes)


@dataclass(frozen=True, slots=True)
class Restore(Edit):
    """A retired node comes back with its own id and these children: the way back from merge and retire."""

    kind: ClassVar[str] = "restore"
    node: Node
    position: int
    child_ids: tuple[NodeId, ...] = ()

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        if self.node.id not in draft.redirects:
            raise EditError(f"{self.node.name!r} is not retired and cannot be restored", [self.node.id])
        rules.require_parent(draft, self.node.parent_id)
        rules.require_live(draft, *self.child_ids)
        rules.require_unlocked(draft, *self.child_ids)
        rules.require_depth(draft, self.node.id, self.node.parent_id)
        way = _live_way(draft, self.node.id)
        draft.redirect(self.node.id, None)
        draft.add(self.node, self.position)
        for child_id in self.child_ids:
            rules.require_no_cycle(draft, child_id, self.node.id)
            rules.require_depth(draft, child_id, self.node.id)
            draft.add(replace(draft.remove(child_id), parent_id=self.node.id))
        return (Retire(self.node.id, way.targets[0], way.targets[1:], way.shares),)

    def writes(self) -> tuple[Touch, ...]:
        came = (self.node.parent_id, f"child {self.node.id}")
        return ((self.node.id, WHOLE), came, *((at, "place") for at in self.child_ids))

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node.parent_id, *self.child_ids)


@dataclass(frozen=True, slots=True)
class Assign(Edit):
    """Products of a catalogue stand in a node; by a person they stay there whatever a machine says.

    `probabilities` are one per product in 0..1, or none where nobody estimated them. What takes it back
    depends on where the products stood, which the tree does not know: `taxonomy.service.editing` finds it.
    """

    kind: ClassVar[str] = "assign"
    catalog: str
    node_id: NodeId
    product_ids: tuple[ProductId, ...]
    probabilities: tuple[float, ...] = ()

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        rules.require_live(draft, self.node_id)
        if len(self.probabilities) not in (0, len(self.product_ids)):
            raise EditError("give a probability for each product, or none at all", [self.node_id])
        return ()

    def writes(self) -> tuple[Touch, ...]:
        return _products(self.catalog, self.product_ids)

    def needs(self) -> tuple[NodeId, ...]:
        return (self.node_id,)


@dataclass(frozen=True, slots=True)
class Unassign(Edit):
    """Products are no longer held where a person put them; what a machine said counts again."""

    kind: ClassVar[str] = "unassign"
    catalog: str
    product_ids: tuple[ProductId, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return ()

    def writes(self) -> tuple[Touch, ...]:
        return _products(self.catalog, self.product_ids)


@dataclass(frozen=True, slots=True)
class Pin(Edit):
    """A query goes to this node, whatever the machine says; None: the machine decides again.

    A node that retires later hands its queries on to its successor.
    """

    kind: ClassVar[str] = "pin"
    query: str
    node_id: NodeId | None

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        query = fold(self.query)
        rules.require_query(query)
        if self.node_id is not None:
            rules.require_known(draft, self.node_id)
        before = draft.pins.get(query)
        draft.pin(query, self.node_id)
        return (Pin(self.query, before),)

    def writes(self) -> tuple[Touch, ...]:
        return ((f"query:{fold(self.query)}", "pin"),)

    def needs(self) -> tuple[NodeId, ...]:
        return () if self.node_id is None else (self.node_id,)


def _products(catalog: str, product_ids: Iterable[ProductId]) -> tuple[Touch, ...]:
    return tuple((f"product:{catalog.lower()}/{at}", "place") for at in product_ids)


def _live_way(draft: Draft, node_id: NodeId) -> Redirect:
    """Where a retired id leads by now, with the one that has its children first."""
    first = resolve(draft.redirects, node_id)
    shares = successors(draft.redirects, node_id)
    others = tuple(at for at in shares if at not in (first, ROOT_ID))
    parts = tuple(shares[at] for at in others)
    return Redirect((first, *others), (1 - sum(parts), *parts) if parts else (1.0,))


def _dissolve(draft: Draft, node_id: NodeId, way: Redirect) -> Restore:
    """Retire a node in favour of others, of which the first takes its children."""
    rules.require_unlocked(draft, node_id, *draft.children_of(node_id))
    to_id = way.targets[0]
    back = Restore(draft.nodes[node_id], draft.position(node_id), draft.children_of(node_id))
    for child_id in back.child_ids:
        rules.require_depth(draft, child_id, to_id)
    draft.remove(node_id)
    for child_id in back.child_ids:
        draft.add(replace(draft.nodes[child_id], parent_id=to_id))
    draft.arrange(node_id, ())
    draft.redirect(node_id, way)
    return back
