"""The concepts of a SKOS file, ours or anybody's, as categories."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from taxonomy.errors import FileError, InputError
from taxonomy.formats.entries import Contents, Entry
from taxonomy.formats.lines import numbered
from taxonomy.formats.skos_terms import MATCHES, OWN, PREFIXES, RELATIONS, SKOS, match_of_iri, node_of_iri
from taxonomy.invariants import MAX_DEPTH, MAX_NOTE_LENGTH, require_name
from taxonomy.node import ROOT_ID, Attribute, Label, LabelKind, Match, Node, NodeId, Relation, Restriction
from taxonomy.product import Path as Names
from taxonomy.redirects import Redirect
from taxonomy.values import from_json

if TYPE_CHECKING:
    from rdflib import Graph

__all__ = ["read"]

T = TypeVar("T")

_NOWHERE = "relative:///"
"""What relative IRIs are completed with where the file names no base: not the folder that it lies in."""
_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_LABELS = {LabelKind.ALTERNATIVE: f"{SKOS}altLabel", LabelKind.HIDDEN: f"{SKOS}hiddenLabel"}


def read(path: Path, *, language: str = "") -> Contents:
    """The concepts, those above first; a concept with two broader ones stands under the first by IRI.

    A concept of our own exports keeps its id, another is known by its IRI. Retired ids and pinned queries are
    those of our own exports. What is odd and can be mended is a finding that names the concept.

    Parameters
    ----------
    language : str
        Which preferred label is the name where there are several; by default the language that most have.

    Raises
    ------
    FileError
        The file is no RDF or holds no concept, `skos:broader` goes round in a ring or over more levels than
        a tree may have, or a label cannot be a name; the message names the line or the concept.
    """
    return _Reader(path, _facts(_graph(path)), language).contents()


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    language: str = ""


@dataclass
class _Facts:
    """A graph as two tables, since looking things up in rdflib's takes most of the time."""

    links: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    texts: defaultdict[tuple[str, str], list[_Text]] = field(default_factory=lambda: defaultdict(list))
    concepts: set[str] = field(default_factory=set)
    n_nameless: int = 0  # concepts that are blank nodes


def _graph(path: Path) -> "Graph":
    from xml.sax import SAXException

    from rdflib import Graph
    from rdflib.exceptions import ParserError
    from rdflib.plugins.parsers.notation3 import BadSyntax

    log = logging.getLogger("rdflib")
    if not log.handlers:  # of a date that is none it tells stderr with a traceback, unless somebody listens
        log.addHandler(logging.NullHandler())
    text = "".join(line for _, line in numbered(path, markup=True))
    is_xml = ".rdf" in path.suffixes
    if is_xml and "<!DOCTYPE" in text:  # entities can grow without end
        raise FileError(path, "it declares entities: save it as Turtle")
    try:
        return Graph(bind_namespaces="none").parse(
            data=text, format="xml" if is_xml else "turtle", publicID=_NOWHERE
        )
    except BadSyntax as error:
        why = str(error._why)
        raise FileError(path, f"it is no Turtle ({why})", line=error.lines + 1) from None
    except (SAXException, ParserError, ValueError, RecursionError) as error:
        raise FileError(path, f"it is no RDF that can be read ({error})") from None


def _facts(graph: "Graph") -> _Facts:
    from rdflib import BNode, Literal, URIRef

    found = _Facts()
    for subject, predicate, value in graph:
        about = (str(subject), str(predicate))
        if isinstance(value, Literal):
            found.texts[about].append(_Text(str(value), value.language or ""))
        elif about[1] == _RDF_TYPE and str(value) == f"{SKOS}Concept":
            if isinstance(subject, BNode):
                found.n_nameless += 1
            else:
                found.concepts.add(about[0])
        elif isinstance(value, URIRef):
            found.links[about].append(str(value))
    for texts in found.texts.values():
        texts.sort(key=lambda one: (one.language, one.text))
    for links in found.links.values():
        links.sort()
    return found


@dataclass
class _Reader:
    path: Path
    facts: _Facts
    language: str
    findings: list[str] = field(default_factory=list)

    def contents(self) -> Contents:
        if not self.live:
            raise FileError(self.path, "it holds no concept of SKOS")
        if self.facts.n_nameless:
            self.findings.append(f"{self.facts.n_nameless} concepts have no IRI and were left out")
        entries = list(self._entries())
        ours = [(iri, at) for iri in sorted(self.facts.concepts) if (at := node_of_iri(iri)) is not None]
        redirects = {at: self._redirect(iri) for iri, at in ours if iri in self.retired}
        pins = {one.text: at for iri, at in ours for one in self._own(iri, "pinnedQuery")}
        return Contents(entries, redirects, pins, tuple(self.findings))

    @cached_property
    def retired(self) -> set[str]:
        deprecated = f"{PREFIXES['owl']}deprecated"
        return {
            iri
            for iri in self.facts.concepts
            if any(one.text == "true" for one in self._said(iri, deprecated))
        }

    @cached_property
    def live(self) -> list[str]:
        return sorted(self.facts.concepts - self.retired)

    @cached_property
    def parents(self) -> dict[str, str]:
        """The concept above each that has one."""
        broader = {iri: list(self.facts.links[iri, f"{SKOS}broader"]) for iri in self.live}
        for above in self.live:
            for iri in self.facts.links[above, f"{SKOS}narrower"]:
                broader.setdefault(iri, []).append(above)
        found: dict[str, str] = {}
        for iri in self.live:
            known = sorted({one for one in broader[iri] if one in broader and one not in self.retired})
            if lost := sorted(set(broader[iri]) - set(known)):
                self._find(iri, f"its broader concept {_short(lost[0])} is not in the file")
            if known:
                found[iri] = known[0]
            if len(known) > 1:
                others = ", ".join(_short(one) for one in known[1:])
                self._find(iri, f"it stands under {_short(known[0])} and not also under {others}")
        return found

    def _entries(self) -> Iterator[Entry]:
        children: defaultdict[str, list[str]] = defaultdict(list)
        nodes = {iri: self._node(iri) for iri in self.live}
        for iri in sorted(self.live, key=lambda iri: (self._position(iri), nodes[iri].name, iri)):
            children[self.parents.get(iri, "")].append(iri)
        stack: list[tuple[str, Names]] = [(iri, ()) for iri in reversed(children[""])]
        n_reached = 0
        while stack:
            iri, above = stack.pop()
            n_reached += 1
            names = (*above, nodes[iri].name)
            if len(names) > MAX_DEPTH:
                raise FileError(
                    self.path, f"{_short(iri)} stands more than {MAX_DEPTH} levels deep below {above[0]!r}"
                )
            yield self._entry(iri, names, nodes[iri])
            stack += [(child, names) for child in reversed(children[iri])]
        if n_reached < len(self.live):
            raise FileError(self.path, self._ring())

    def _entry(self, iri: str, names: Names, node: Node) -> Entry:
        above = self.parents.get(iri, "")
        parent_id = node_of_iri(above) if above else ROOT_ID
        ours = node_of_iri(iri) is not None
        return Entry(
            names,
            node.external_id if ours else iri.removeprefix(_NOWHERE),
            "" if parent_id is not None else above.removeprefix(_NOWHERE),
            said=replace(node, parent_id=parent_id or ROOT_ID),
        )

    def _ring(self) -> str:
        at = next(iri for iri in self.live if not self._ends(iri))
        chain = [at]
        while (at := self.parents[at]) not in chain:
            chain.append(at)
        ring = " > ".join(_short(one) for one in chain[chain.index(at) :][:5])
        return f"skos:broader goes round in a ring, {ring} and back to {_short(at)}: take one of them away"

    def _ends(self, iri: str) -> bool:
        seen = set[str]()
        while iri in self.parents and iri not in seen:
            seen.add(iri)
            iri = self.parents[iri]
        return iri not in seen

    def _node(self, iri: str) -> Node:
        name, language, labels = self._labels(iri)
        at = node_of_iri(iri)
        if at is None:
            self._look(iri)
        return Node(
            at or NodeId(""),
            name,
            locked=any(one.text == "true" for one in self._own(iri, "locked")),
            external_id=next((one.text for one in self._said(iri, f"{SKOS}notation")), ""),
            language=language,
            labels=labels,
            scope_note=self._scope_note(iri),
            attributes=self._values(iri, "attributes", Attribute),
            relations=tuple(sorted(self._relations(iri))),
            restrictions=self._values(iri, "restrictions", Restriction),
            crosswalk=tuple(sorted(self._matches(iri))),
        )

    def _look(self, iri: str) -> None:
        """What is odd about a concept that is not of our own making."""
        if iri.startswith(_NOWHERE):
            self._find(iri, "its IRI is relative and the file names no base; it is known by that")
        schemes = (f"{SKOS}inScheme", f"{SKOS}topConceptOf")
        if not any(self.facts.links.get((iri, one)) for one in schemes) and iri not in self._tops:
            self._find(iri, "it is in no scheme; it was taken all the same")

    @cached_property
    def _tops(self) -> set[str]:
        top = f"{SKOS}hasTopConcept"
        return {iri for (_, predicate), iris in self.facts.links.items() if predicate == top for iri in iris}

    @cached_property
    def _common(self) -> str:
        """The language that most names are in."""
        labels = (self._said(iri, f"{SKOS}prefLabel") for iri in self.live)
        counts = Counter(one.language for some in labels for one in some)
        return max(sorted(counts), key=lambda one: counts[one], default="")

    def _labels(self, iri: str) -> tuple[str, str, tuple[Label, ...]]:
        """The name, its language, and all other labels."""
        preferred = [self._tidy(one) for one in self._said(iri, f"{SKOS}prefLabel")]
        name = self._name(iri, preferred)
        others = {
            Label(one.text, kind, one.language)
            for kind, predicate in _LABELS.items()
            for one in map(self._tidy, self._said(iri, predicate))
        }
        spoken = {name.language}
        for one in preferred:
            if one != name:
                kind = LabelKind.ALTERNATIVE if one.language in spoken else LabelKind.PREFERRED
                if kind is LabelKind.ALTERNATIVE:
                    self._find(
                        iri, f"it has two names in {one.language!r}; {one.text!r} became another label"
                    )
                spoken.add(one.language)
                others.add(Label(one.text, kind, one.language))
        others |= {self._value(iri, one.text, Label) for one in self._own(iri, "label")}
        language = next((one.text for one in self._own(iri, "language")), name.language)
        self._require(iri, name.text)
        return name.text, language, tuple(sorted(one for one in others if self._sound(iri, one)))

    def _name(self, iri: str, preferred: list[_Text]) -> _Text:
        if not preferred:
            texts = [*self._said(iri, _LABELS[LabelKind.ALTERNATIVE]), _Text(_tail(iri))]
            self._find(iri, f"it has no prefLabel; it is called {texts[0].text!r}")
            return self._tidy(texts[0])
        ours = next((one.text for one in self._own(iri, "language")), None)
        wanted = (ours if ours in [one.language for one in preferred] else "",) if ours is not None else ()
        for language in (*wanted, self.language, self._common):
            if found := next((one for one in preferred if one.language == language), None):
                return found
        return preferred[0]

    def _tidy(self, one: _Text) -> _Text:
        return _Text(" ".join(one.text.split()), one.language) if "\n" in one.text else one

    def _require(self, iri: str, name: str) -> None:
        try:
            require_name(name)
        except InputError as error:
            raise FileError(self.path, f"{_short(iri)}: {error}") from None

    def _sound(self, iri: str, label: Label) -> bool:
        try:
            require_name(label.text)
        except InputError as error:
            self._find(iri, f"a label was left out: {error}")
            return False
        return True

    def _scope_note(self, iri: str) -> str:
        notes = self._said(iri, f"{SKOS}scopeNote") or self._said(iri, f"{SKOS}definition")
        if not notes:
            return ""
        rank = {language: at for at, language in enumerate(("", self.language or self._common))}
        note = min(notes, key=lambda one: rank.get(one.language, len(rank))).text
        if len(note) > MAX_NOTE_LENGTH:
            self._find(iri, f"its note was cut to {MAX_NOTE_LENGTH} of {len(note):,} characters")
        return note[:MAX_NOTE_LENGTH]

    def _relations(self, iri: str) -> set[Relation]:
        found = set[Relation]()
        for kind, predicate in RELATIONS.items():
            for other in self.facts.links.get((iri, predicate), ()):
                if other not in self.facts.concepts or other == iri:
                    self._find(
                        iri, f"it is related to {_short(other)}, which is no other concept of the file"
                    )
                else:
                    found.add(Relation(kind, node_of_iri(other) or NodeId(other.removeprefix(_NOWHERE))))
        return found

    def _matches(self, iri: str) -> Iterable[Match]:
        found: dict[str, Match] = {}
        for kind, predicate in MATCHES.items():
            for other in self.facts.links.get((iri, predicate), ()):
                match = match_of_iri(other, kind)
                if found.setdefault(match.scheme, match) != match:
                    kept = found[match.scheme].target
                    self._find(
                        iri, f"of its matches in {match.scheme} {kept!r} is kept, not {match.target!r}"
                    )
        for one in self._own(iri, "unmapped"):
            word, _, scheme = one.text.partition(" ")
            found[scheme] = self._value(
                iri, json.dumps({"scheme": scheme, "target": "", "kind": word}), Match
            )
        return found.values()

    def _redirect(self, iri: str) -> Redirect:
        if said := self._own(iri, "shares"):
            text = said[0].text
            pairs = self._checked(iri, lambda: [(str(at), float(share)) for at, share in json.loads(text)])
            return Redirect(tuple(NodeId(at) for at, _ in pairs), tuple(share for _, share in pairs))
        ends = self.facts.links.get((iri, f"{PREFIXES['dct']}isReplacedBy"), [])
        targets = [at for one in ends if (at := node_of_iri(one)) is not None]
        if len(targets) != 1:
            raise FileError(self.path, f"{_short(iri)} is retired and should be replaced by one category")
        return Redirect((targets[0],))

    def _values(self, iri: str, name: str, kind: type[T]) -> tuple[T, ...]:
        text = next((one.text for one in self._own(iri, name)), "[]")
        return self._checked(iri, lambda: tuple(from_json(kind, one) for one in json.loads(text)))

    def _value(self, iri: str, text: str, kind: type[T]) -> T:
        return self._checked(iri, lambda: from_json(kind, json.loads(text)))

    def _checked(self, iri: str, make: Callable[[], T]) -> T:
        try:
            return make()
        except (InputError, ValueError, TypeError) as error:
            raise FileError(self.path, f"{_short(iri)}: {error}") from None

    def _position(self, iri: str) -> int:
        said = self._own(iri, "position")
        return self._checked(iri, lambda: int(said[0].text)) if said else 0

    def _own(self, iri: str, name: str) -> list[_Text]:
        return self.facts.texts.get((iri, OWN + name), [])

    def _said(self, iri: str, predicate: str) -> list[_Text]:
        return self.facts.texts.get((iri, predicate), [])

    def _find(self, iri: str, what: str) -> None:
        self.findings.append(f"{_short(iri)}: {what}")


def _short(iri: str) -> str:
    return f"<{iri.removeprefix(_NOWHERE)}>"


def _tail(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri
