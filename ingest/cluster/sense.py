"""Names for the nodes of a new tree by what phrases mean, where the encoder is at hand.

A leaf takes the phrase of its titles whose meaning is nearest to that of its products. Leaves side by side
that would take the same name are one category, and become one. A parent takes a phrase that means all that is
below it, else the names of its two largest children: "Tea & Coffee".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from ingest.cluster.induce import Branch
from ingest.cluster.meaning import Encode, Meaning
from ingest.cluster.name import Named, numbered, title_case
from ingest.cluster.phrases import Key, PhraseBook, stem
from taxonomy.formats.tree_json import Phrase
from taxonomy.ports import Floats
from taxonomy.text import fold

__all__ = ["name_by_meaning"]

# Weights beside a cosine, from a ridge regression of the cosine between candidates and shops' own category
# names, over 1,400 candidates of each of two catalogues and the sample store; half or double moves little.
_HEAD = 0.2  # times the share of the node's titles that the phrase heads
_TAIL = 0.05  # times how often it is a head noun anywhere
_RARITY = 0.03  # times log(products / products with it): brands and model names are rare
_LONG = 0.05  # each word after the first
_NO_HEAD = 0.1  # a material or adjective ("cubic zirconia"): seen often, hardly ever a head noun
_OFTEN, _HARDLY = 5, 0.1
_ONCE = 0.1  # only one product of the node says so
_JOINT = 0.15  # two names together: one is better where it says as much

_LOOKED_AT = 40  # phrases of a node whose meaning is asked for
_TOLD = 12  # of them in the evidence
_ALTERNATIVES = 3
_COMMON = {True: 0.01, False: 0.08}  # of a parent's and of a leaf's titles: below, a phrase is an accident
_SMALL = 12  # in a leaf of so few products, one may have the right word
_KNOWS, _BREADTH = 0.02, 0.5  # a parent's phrase is in so much of a child's titles, in so many children

Ranked = list[tuple[Key, float]]
"""Phrases with scores from 0 up, best first."""


def name_by_meaning(
    root: Branch, members: Sequence[Sequence[int]], book: PhraseBook, vectors: Floats, encode: Encode
) -> tuple[Branch, dict[Branch, Named]]:
    """The tree with leaves of one name united, and a name for every node below its root.

    Siblings never share a name, nor does a node with one below it.

    Parameters
    ----------
    root : Branch
        The tree over groups; without children it comes back as it is.
    members : sequence, one per group, of product positions
    book : PhraseBook
        The phrases of the products' titles.
    vectors : (n_products, dim) float32, unit rows
    encode : Encode
        Of the encoder that made the vectors.
    """
    if not root.children:
        return root, {}
    usual = {key for node in root.walk() for key in _likely(node, members, book)}
    namer = _Namer(members, book, Meaning(vectors, encode, (book.surface[key] for key in usual)))
    united = Branch(root.groups, namer.unite(root.children))
    return united, namer.below(united)


@dataclass
class _Namer:
    members: Sequence[Sequence[int]]
    book: PhraseBook
    meaning: Meaning
    _ranked: dict[Branch, Ranked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = sorted(text for text in self.book.surface.values() if text in self.meaning)
        self.spelt = {title_case(text): text for text in known}

    def unite(self, siblings: Sequence[Branch]) -> tuple[Branch, ...]:
        """The siblings, those leaves joined that the same phrase names best, bottom up."""
        alike: dict[object, list[Branch]] = {}
        for child in siblings:
            below = self.unite(child.children)
            is_parent = len(below) > 1 or any(grandchild.children for grandchild in below)
            node = Branch(child.groups, below if is_parent else ())
            best = [] if is_parent else self.rank(node)[:1]
            alike.setdefault(best[0][0] if best else node, []).append(node)
        return tuple(_joined(nodes) for nodes in alike.values())

    def below(self, node: Branch) -> dict[Branch, Named]:
        """Names of all below a node, leaves first: they say best what they are."""
        named: dict[Branch, Named] = {}
        for child in node.children:
            named.update(self.below(child))
        taken: set[str] = set()
        for child in sorted(node.children, key=lambda child: (bool(child.children), -self.size(child))):
            beneath = {fold(named[lower].name) for lower in child.walk() if lower is not child}
            named[child] = self.choose(child, named, taken | beneath)
            taken.add(fold(named[child].name))
        return named

    def size(self, node: Branch) -> int:
        return sum(len(self.members[group]) for group in node.groups)

    def choose(self, node: Branch, named: Mapping[Branch, Named], taken: set[str]) -> Named:
        ranked = [self.told(key, score) for key, score in self.rank(node)]
        phrases = ranked
        if node.children:
            shared = [self.told(key, score) for key, score in self.rank(node) if self.is_shared(key, node)]
            phrases = sorted([*shared, *self.joint(node, named)], key=lambda phrase: -phrase.score)
        wordings: dict[str, str] = {}
        for phrase in (*phrases, *ranked):
            wordings.setdefault(fold(phrase.text), phrase.text)
        free = [text for folded, text in wordings.items() if folded not in taken]
        name, *others = free or [numbered("Other", frozenset(taken))]
        told = dict.fromkeys([*phrases, *ranked])
        return Named(name, tuple(others[:_ALTERNATIVES]), tuple(told)[:_TOLD])

    def told(self, key: Key, score: float) -> Phrase:
        return Phrase(title_case(self.book.surface[key]), round(score, 4))

    def is_shared(self, key: Key, node: Branch) -> bool:
        held = [[key in self.book.of[p] for p in _products(child, self.members)] for child in node.children]
        return sum(sum(has) >= max(2, _KNOWS * len(has)) for has in held) >= _BREADTH * len(held)

    def joint(self, node: Branch, named: Mapping[Branch, Named]) -> list[Phrase]:
        """What the two largest children are, together, where that has no word in common."""
        largest = sorted(node.children, key=lambda child: -self.size(child))[:2]
        names = [name for child in largest if (name := self.likeliest(child, named))]
        words = [stem(word) for name in names for word in fold(name).split()]
        if len(names) < 2 or len(set(words)) < len(words):
            return []
        fit = self.meaning.joint_fit([self.spelt[name] for name in names], self.centre(node))
        return [Phrase(" & ".join(names), round(max(0.0, fit - _JOINT), 4))]

    def likeliest(self, node: Branch, named: Mapping[Branch, Named]) -> str:
        """The name at or below a node, none of two together, that means most of it."""
        known = [lower for lower in node.walk() if named[lower].name in self.spelt]
        names = [named[lower].name for lower in known]
        fits = self.meaning.fit([self.spelt[name] for name in names], self.centre(node))
        weights = [fit * sqrt(self.size(lower)) for fit, lower in zip(fits, known, strict=True)]
        return max(zip(weights, names, strict=True), default=(0.0, ""))[1]

    def centre(self, node: Branch) -> Floats:
        return self.meaning.centre(_products(node, self.members))

    def keys(self, node: Branch) -> list[Key]:
        likely = _likely(node, self.members, self.book)
        return [key for key in likely if self.book.surface[key] in self.meaning]

    def rank(self, node: Branch) -> Ranked:
        if node not in self._ranked:
            keys, products = self.keys(node), _products(node, self.members)
            said = Counter(key for product in products for key in self.book.of[product])
            heads = Counter(key for product in products for key in self.book.heads[product])
            fits = self.meaning.fit([self.book.surface[key] for key in keys], self.centre(node))
            scored = [
                (key, max(0.0, fit + self.use(key, heads[key] / len(products)) - _ONCE * (said[key] == 1)))
                for key, fit in zip(keys, fits, strict=True)
            ]
            self._ranked[node] = sorted(scored, key=lambda item: (-item[1], item[0]))
        return self._ranked[node]

    def use(self, key: Key, head_share: float) -> float:
        """What the way that titles use a phrase adds to its meaning."""
        rarity = log(len(self.book.of) / self.book.counts[key])
        tail = self.book.tail[key]
        no_head = _NO_HEAD * (self.book.counts[key] >= _OFTEN and tail < _HARDLY)
        return _HEAD * head_share + _TAIL * tail - _RARITY * rarity - _LONG * (len(key) - 1) - no_head


def _joined(nodes: Sequence[Branch]) -> Branch:
    if len(nodes) == 1:
        return nodes[0]
    return Branch(tuple(sorted(group for node in nodes for group in node.groups)))


def _products(node: Branch, members: Sequence[Sequence[int]]) -> list[int]:
    return [product for group in node.groups for product in members[group]]


def _likely(node: Branch, members: Sequence[Sequence[int]], book: PhraseBook) -> list[Key]:
    """Phrases of enough of a node's titles, heads of titles first."""
    products = _products(node, members)
    counts = Counter(key for product in products for key in book.of[product])
    least = max(_COMMON[bool(node.children)] * len(products), 1 if len(products) < _SMALL else 2)
    known = (key for key, n in counts.items() if n >= least)
    return sorted(known, key=lambda key: (-counts[key] * (0.2 + book.tail[key]), key))[:_LOOKED_AT]
