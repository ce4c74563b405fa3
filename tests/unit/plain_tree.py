"""A category tree as plainly as can be: dictionaries, no versions, no inverses. What the real one is held to.

It shares no code with `taxonomy.tree`, `taxonomy.edits` and `taxonomy.invariants`; it only reads their edits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from taxonomy import edits as kinds
from taxonomy.changes import ChangeSet
from taxonomy.edits import Edit
from taxonomy.node import LabelKind, Node
from taxonomy.product import Source

ROOT = "root"
PLAIN_NAMES = {"Ash": "ash", "ASH": "ash", "Äsh": "ash", "Birch": "birch", "bírch": "birch", "Cedar": "cedar",
               "Elm": "elm", "Fir": "fir", "Oak": "oak", "Pine": "pine"}  # fmt: skip
"""Names in use, each with what it is called when case and accents do not count."""


class Refused(Exception):
    """A rule forbids it."""


@dataclass
class PlainTree:
    """Parents, children, what is said of nodes, where retired ids went, pinned queries, products."""

    max_depth: int
    parent: dict[str, str] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: {ROOT: []})
    facts: dict[str, dict[str, object]] = field(default_factory=dict)
    went: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "PlainTree":
        """A snapshot."""
        children = {at: list(ids) for at, ids in self.children.items()}
        facts = {at: dict(said) for at, said in self.facts.items()}
        rest = (dict(self.went), dict(self.pins), dict(self.placed), dict(self.said))
        return PlainTree(self.max_depth, dict(self.parent), children, facts, *rest)

    def after(self, edits: Sequence[Edit], *, by_person: bool) -> "PlainTree":
        """The tree after all of the edits; Refused if a rule forbids one."""
        done = self.copy()
        if not edits:
            raise Refused("nothing to do")
        for edit in edits:
            done._apply(edit, by_person)
        done._require(not done.twins(), "same names")
        return done

    def takes(self, change: ChangeSet) -> bool:
        """Whether no rule is against the change set, by itself."""
        try:
            self.after(change.edits, by_person=change.source is Source.PERSON)
        except Refused:
            return False
        return True

    def live(self, at: str) -> bool:
        """Whether the id is a node that can be edited."""
        return at in self.parent

    def end(self, at: str) -> str:
        """Where somebody who asks for an id is led."""
        while at in self.went:
            at = self.went[at][0][0]
        return at

    def standing(self, product: str) -> str | None:
        """The live node of a product: where a person put it, else where a machine did."""
        for table in (self.placed, self.said):
            if product in table and self.live(end := self.end(table[product])):
                return end
        return None

    def twins(self) -> bool:
        """Whether two siblings have one name."""
        return any(
            len({PLAIN_NAMES[str(self.facts[at]["name"])] for at in family}) < len(family)
            for family in self.children.values()
        )

    def _require(self, holds: bool, why: str) -> None:
        if not holds:
            raise Refused(why)

    def _require_live(self, *ids: str) -> None:
        self._require(all(map(self.live, ids)), "not live")

    def _require_open(self, at: str) -> None:
        self._require_live(at)
        self._require("locked" not in self.facts[at], "locked")

    def _require_parent(self, at: str) -> None:
        self._require(at == ROOT or self.live(at), "no such parent")

    def _below(self, at: str) -> list[str]:
        return [at, *(deep for child in self.children[at] for deep in self._below(child))]

    def _depth(self, at: str) -> int:
        return 0 if at == ROOT else 1 + self._depth(self.parent[at])

    def _require_room(self, at: str, parent: str) -> None:
        self._require(parent == ROOT or parent not in self._below(at), "cycle")
        height = max(self._depth(deep) for deep in self._below(at)) - self._depth(at)
        self._require(self._depth(parent) + 1 + height <= self.max_depth, "too deep")

    def _hang(self, at: str, parent: str, position: int | None) -> None:
        family = self.children[parent]
        family.insert(len(family) if position is None else position, at)
        self.parent[at] = parent
        self.children.setdefault(at, [])

    def _unhang(self, at: str) -> None:
        self.children[self.parent.pop(at)].remove(at)

    def _dissolve(self, at: str, ways: list[tuple[str, float]]) -> None:
        self._require_open(at)
        to = ways[0][0]
        self._require(to == ROOT or to not in self._below(at), "cycle")
        for child in self.children[at]:
            self._require_open(child)
            self._require_room(child, to)
        self._unhang(at)
        for child in self.children.pop(at):
            self.parent[child] = to
            self.children[to].append(child)
        self.went[at] = ways

    def _apply(self, edit: Edit, by_person: bool) -> None:
        match edit:
            case kinds.Create(node, position):
                self._require(node.id not in (ROOT, *self.parent, *self.went), "id used")
                self._require_parent(node.parent_id)
                self._require(self._depth(node.parent_id) < self.max_depth, "too deep")
                self.facts[node.id] = facts_of(node)
                self._hang(node.id, node.parent_id, position)
            case kinds.Move(at, to, position):
                self._require_open(at)
                self._require_parent(to)
                self._require_room(at, to)
                self._unhang(at)
                self._hang(at, to, position)
            case kinds.Reorder(parent, order):
                self._require_parent(parent)
                family = self.children[parent]
                self._require(set(order) <= set(family) and len(set(order)) == len(order), "strangers")
                self.children[parent] = [*order, *(at for at in family if at not in order)]
            case kinds.Merge(many, into):
                self._require_live(into, *many)
                for at in many:
                    self._require_live(at)
                    self._dissolve(at, [(into, 1.0)])
            case kinds.Retire(at, to_id, others, shares):
                self._require_live(at, *others)
                to = self.parent[at] if to_id is None else str(to_id)
                self._require_parent(to)
                self._require(at not in (to, *others), "leads to itself")
                self._require(len(shares) == 1 + len(others) and abs(sum(shares) - 1) < 1e-6, "shares")
                self._dissolve(at, list(zip((to, *others), shares, strict=True)))
            case kinds.Split():
                self._split(edit, by_person)
            case kinds.Restore(node, position, children):
                self._require(node.id in self.went, "not retired")
                self._require_parent(node.parent_id)
                for child in children:
                    self._require_open(child)
                del self.went[node.id]
                self._hang(node.id, node.parent_id, position)
                for child in children:
                    self._require_room(child, node.id)
                    self._unhang(child)
                    self._hang(child, node.id, None)
                self.facts[node.id] = facts_of(node)
            case kinds.Assign(_, at, products):
                self._require_live(at)
                (self.placed if by_person else self.said).update(dict.fromkeys(products, at))
            case kinds.Unassign(_, products):
                self._require(by_person, "only people let go")
                for product in products:
                    self.placed.pop(product, None)
            case kinds.Pin(query, None):
                self.pins.pop(query.lower(), None)
            case kinds.Pin(query, at):
                self._require(at in self.went or self.live(str(at)), "no such node")
                self.pins[query.lower()] = str(at)
            case _:
                self._say(edit, by_person)

    def _split(self, edit: kinds.Split, by_person: bool) -> None:
        self._require_live(edit.node_id)
        parent, counts = self.parent[edit.node_id], [len(part.product_ids) for part in edit.parts]
        counts[0] += edit.n_rest
        at = self.children[parent].index(edit.node_id) + 1
        for offset, part in enumerate(edit.parts):
            self._require(part.node_id not in (ROOT, *self.parent, *self.went), "id used")
            self.facts[part.node_id] = {"name": part.name}
            self._hang(part.node_id, parent, at + offset)
        whole = sum(counts)
        shares = [n / whole for n in counts] if whole else [1.0] + [0.0] * (len(counts) - 1)
        self._dissolve(edit.node_id, [(p.node_id, s) for p, s in zip(edit.parts, shares, strict=True)])
        for part in edit.parts:
            (self.placed if by_person else self.said).update(dict.fromkeys(part.product_ids, part.node_id))

    def _say(self, edit: Edit, by_person: bool) -> None:
        """The edits of one node's facts; a fact that says nothing is none."""
        self._require_live(edit.node_id)  # type: ignore[attr-defined]
        facts: dict[str, object] = self.facts[edit.node_id]  # type: ignore[attr-defined]
        if isinstance(edit, kinds.Lock):
            self._require(by_person, "only people lock")
            _fact(facts, "locked", edit.locked)
            return
        self._require("locked" not in facts, "locked")
        match edit:
            case kinds.Rename(_, name, language):
                facts["name"] = name
                if language is not None:
                    _fact(facts, "language", language)
            case kinds.Relabel(_, language, preferred, alternative, hidden, note):
                texts = (preferred, frozenset(alternative), frozenset(hidden))
                _fact(facts, f"labels {language}", texts if any(texts) else None)
                if note is not None:
                    _fact(facts, "note", note)
            case kinds.SetAttributes(_, attributes):
                _fact(facts, "attributes", attributes)
            case kinds.Relate(at, relation, other, related):
                self._require(self.live(other) or other in self.went or not related, "no such node")
                self._require(at != other or not related, "related to itself")
                _fact(facts, f"{relation} {other}", related)
            case kinds.Restrict(_, restrictions):
                _fact(facts, "restrictions", frozenset(restrictions))
            case kinds.SetCrosswalk(_, scheme, target, match):
                _fact(facts, f"crosswalk {scheme}", None if target is None else (target, match))


def _fact(facts: dict[str, object], aspect: str, value: object) -> None:
    facts.pop(aspect, None)
    if value:
        facts[aspect] = value


def facts_of(node: Node) -> dict[str, object]:
    """What a real node says, in the model's words."""
    facts: dict[str, object] = {"name": node.name}
    _fact(facts, "locked", node.locked)
    _fact(facts, "language", node.language)
    _fact(facts, "note", node.scope_note)
    _fact(facts, "attributes", node.attributes)
    _fact(facts, "restrictions", frozenset(node.restrictions))
    for language in {one.language for one in node.labels}:
        texts = {
            kind: [x.text for x in node.labels if (x.language, x.kind) == (language, kind)]
            for kind in LabelKind
        }
        preferred = next(iter(texts[LabelKind.PREFERRED]), "")
        others = (frozenset(texts[LabelKind.ALTERNATIVE]), frozenset(texts[LabelKind.HIDDEN]))
        facts[f"labels {language}"] = (preferred, *others)
    for relation in node.relations:
        facts[f"{relation.kind} {relation.node_id}"] = True
    for match in node.crosswalk:
        facts[f"crosswalk {match.scheme}"] = (match.target, match.kind)
    return facts
