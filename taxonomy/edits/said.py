"""Edits of what is said of one node: its name, labels, attributes and so on; its place stays."""

from dataclasses import dataclass, replace
from typing import ClassVar

from taxonomy import invariants as rules
from taxonomy.edits.edit import Edit, OfOneNode, Touch
from taxonomy.node import (
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
from taxonomy.tree import Draft

__all__ = ["Lock", "Relabel", "Relate", "Rename", "Renumber", "Restrict", "SetAttributes", "SetCrosswalk"]


@dataclass(frozen=True, slots=True)
class Rename(OfOneNode):
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
class Renumber(OfOneNode):
    """Another id in the file that the node comes from: a new edition may count anew."""

    kind: ClassVar[str] = "renumber"
    node_id: NodeId
    external_id: str

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return (Renumber(self.node_id, self._change(draft, external_id=self.external_id).external_id),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "external id"),)


@dataclass(frozen=True, slots=True)
class Relabel(OfOneNode):
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
class SetAttributes(OfOneNode):
    """What the shop asks of the node's products, and of those below it."""

    kind: ClassVar[str] = "set_attributes"
    node_id: NodeId
    attributes: tuple[Attribute, ...]

    def apply(self, draft: Draft) -> tuple[Edit, ...]:
        return (SetAttributes(self.node_id, self._change(draft, attributes=self.attributes).attributes),)

    def writes(self) -> tuple[Touch, ...]:
        return ((self.node_id, "attributes"),)


@dataclass(frozen=True, slots=True)
class Relate(OfOneNode):
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
class Restrict(OfOneNode):
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
class SetCrosswalk(OfOneNode):
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
