"""Names for the nodes of a new tree by what phrases mean, where the encoder is at hand.

Phrases of a leaf's titles and labels of a reference taxonomy compete. Each gets a score for how near its
meaning and its use are to the products, and the one wins that most of them, weighed by their scores, would be
taken for. Leaves side by side that would take the same name are one category, and become one. A parent takes
what the reference has above its leaves, or what most of its products are, else two such: "Tea & Coffee".
"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from math import exp, log

from ingest.cluster.induce import Branch
from ingest.cluster.meaning import Encode, Meaning
from ingest.cluster.name import AND, Named, numbered, title_case, told_apart
from ingest.cluster.namer import Case, Namer, as_suggested
from ingest.cluster.number import is_done, is_english, plural
from ingest.cluster.phrases import Key, PhraseBook, stem
from ingest.cluster.reference import Reference
from ingest.cluster.tally import Tally
from ingest.cluster.words import MATERIALS
from taxonomy.formats.tree_json import Phrase
from taxonomy.ports import Floats
from taxonomy.product import Path
from taxonomy.text import fold

__all__ = ["name_by_meaning"]

# Weights from a ridge regression of the cosine between candidates and shops' own category names, over the
# candidates of two catalogues. Chosen on one, they do on the other as those chosen there.
_FIT, _LIKENESS = 0.3, 0.4  # times the cosine to what the products have apart from all, and to their mean
_HEAD = 0.17  # times the share of the node's titles that the phrase heads
_TAIL = 0.05  # times how often it is a head noun anywhere
_RARITY = 0.01  # times log(products / products with it): brands and model names are rare
_LONG = 0.03  # each word after the first
_LABEL = 0.05  # more for a label of the reference: somebody has printed it
_ONCE = 0.1  # less where only one product of the node says so
_DOUBT = 0.05  # scores that differ by so much are as 1 to e
_MODIFIES = 0.5  # times what is no head noun
_SAID = 0.6  # of a label's words are in the titles, or it is far-fetched: "Flute Stands"

_OFTEN, _HARDLY = 5, 0.2  # a material or adjective ("cubic zirconia"): seen often, hardly ever a head noun
_LABELS = 20  # of the reference, the nearest
_TOLD = 12  # in the evidence
_ALTERNATIVES = 3
_TITLES = 8  # shown to a namer
_THINGS = 6  # that a parent's leaves mostly are: each of them, and two together, could name it
_KNOWS, _BREADTH = 0.02, 0.3  # a parent's phrase is in so much of a child's titles, in so many children
_SHARE, _TWO = 0.05, 0.03  # times the share of a parent's products; less for two things together
_MOST, _SAID_BY_MOST = 0.6, 1.5  # of a parent's products: what so many are or say counts for more
_TAKEN = 0.5  # times a parent's wording that a leaf below needs more
_WHOLE = 0.3  # of a parent's products are so called or say so, or it is the word of a minority
_LENT = ("a", "i", "u")  # few English words end so: a borrowed one is counted where it is
_SURELY = 0.6  # of its uses a head noun, and often: "kurtis", but "aloe vera"
_NOUN = 0.5  # of a word's uses end their part of a title


def name_by_meaning(
    root: Branch,
    members: Sequence[Sequence[int]],
    book: PhraseBook,
    vectors: Floats,
    encode: Encode,
    *,
    reference: Iterable[Path] = (),
    namer: Namer = as_suggested,
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
    reference : iterable of paths
        Categories of a published taxonomy; their labels are wordings beside the catalogue's own.
    namer : Namer
        Asked about each node; the suggestions are taken as they are when nothing is given.
    """
    if not root.children:
        return root, {}
    labels = Reference.of(reference)
    tally = Tally(members, book)
    usual = {book.surface[key] for node in root.walk() for key in tally.likely(node)}
    meaning = Meaning(vectors, encode, usual | set(labels.above))
    ranked = _Ranker(tally, meaning, labels)
    united = Branch(root.groups, ranked.unite(root.children))
    return united, _Namer(ranked, namer).below(united, frozenset())


@dataclass
class _Ranker:
    """What each node could be called, best first."""

    tally: Tally
    meaning: Meaning
    labels: Reference
    _ranked: dict[Branch, list[Phrase]] = field(default_factory=dict)
    _votes: dict[Branch, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.book, self.products = self.tally.book, self.tally.products
        self.is_english = is_english(self.book.titles)

    def unite(self, siblings: Sequence[Branch]) -> tuple[Branch, ...]:
        """The siblings, those leaves joined that the same phrase names best, bottom up."""
        alike: dict[object, list[Branch]] = {}
        for child in siblings:
            below = self.unite(child.children)
            is_parent = len(below) > 1 or any(grandchild.children for grandchild in below)
            node = Branch(child.groups, below if is_parent else ())
            best = [] if is_parent else self.rank(node)[:1]
            alike.setdefault(best[0].text if best else node, []).append(node)
        return tuple(_joined(nodes) for nodes in alike.values())

    def printed(self, words: str) -> str:
        key = _key(words)
        tail = max(self.book.tail.get(part, 0.0) for part in (key, key[-1:]))
        is_known = self.book.counts[key[-1:]] >= _OFTEN and tail >= _SURELY
        is_counted = tail >= _NOUN and (is_known or not key[-1].endswith(_LENT))
        return title_case(plural(words) if self.is_english and is_counted else words)

    def rank(self, node: Branch) -> list[Phrase]:
        """Wordings of a node by what its own titles say, and the reference; each once."""
        if node not in self._ranked:
            scored = self.scored(node)
            agreed = self.meaning.agreement(list(scored), [exp(one / _DOUBT) for one in scored.values()])
            told = [self.told(words, score) for words, score in zip(scored, agreed, strict=True)]
            self._ranked[node] = _once(sorted(told, key=lambda phrase: (-phrase.score, phrase.text)))
        return self._ranked[node]

    def told(self, words: str, score: float) -> Phrase:
        printed = self.printed(words)
        if fold(printed) in self.book.brands:
            return Phrase(printed, 0.0)
        if words in self.labels.above:
            return Phrase(words, score)
        return Phrase(printed, round(score * _MODIFIES, 4) if self.is_modifier(words) else score)

    def is_modifier(self, words: str) -> bool:
        key = _key(words)
        is_known = self.book.counts[key] >= _OFTEN and self.book.tail[key] < _HARDLY
        return is_known or _is_material(words) or (self.is_english and is_done(key[-1]))

    def scored(self, node: Branch) -> dict[str, float]:
        products, said, heads = self.products(node), self.tally.said(node), self.tally.headed(node)
        spelt = {self.book.surface[key]: key for key in self.tally.likely(node)}
        centre = self.meaning.centre(products)
        words = [*spelt, *(label for label in self.apt(node) if label not in spelt)]
        self.meaning.learn(words)  # of leaves that became one, what was in too few titles of each
        scores: dict[str, float] = {}
        for text, fit, like in zip(
            words, self.meaning.fit(words, centre), self.meaning.likeness(words, products), strict=True
        ):
            key = spelt.get(text, tuple(stem(word) for word in fold(text).split()[-1:]))
            use = self.use(key, heads[key] / len(products)) - _ONCE * (said[key] == 1 and text in spelt)
            label = _LABEL if text in self.labels.above else 0.0
            scores[text] = max(0.0, _FIT * fit + _LIKENESS * like + use + label)
        return scores

    def apt(self, node: Branch) -> list[str]:
        """The nearest labels of the reference whose words the titles say."""
        near = self.near(self.products(node))
        spoken = {word for key in self.tally.said(node) for word in key} if near else set()
        return [label for label in near if _is_said(label, spoken)]

    def near(self, products: Sequence[int]) -> list[str]:
        """The labels of the reference that are nearest in meaning."""
        every = list(self.labels.above)
        if not every:
            return []
        fits = self.meaning.fit(every, self.meaning.centre(products))
        likes = self.meaning.likeness(every, products)
        order = sorted(range(len(every)), key=lambda i: (-fits[i] - likes[i], every[i]))
        return [every[i] for i in order[:_LABELS]]

    def use(self, key: Key, head_share: float) -> float:
        """What the way that titles use a phrase adds to its meaning."""
        rarity = log(len(self.book.of) / max(self.book.counts[key], 1))
        tail = self.book.tail.get(key, 0.0)
        return _HEAD * head_share + _TAIL * tail - _RARITY * rarity - _LONG * (len(key) - 1)

    def parent(self, node: Branch, above: Iterable[str]) -> list[Phrase]:
        """Wordings of a node with children: what they are, one or two of it together, and what they say."""
        offered, products = self.offered(node, above), self.products(node)
        self.meaning.learn(offered)
        fits = self.meaning.fit(list(offered), self.meaning.centre(products))
        likes = self.meaning.likeness(list(offered), products)
        scores = [
            _FIT * fit + _LIKENESS * like + _SHARE * share - _TWO * (AND in text)
            for (text, share), fit, like in zip(offered.items(), fits, likes, strict=True)
        ]
        agreed = self.meaning.agreement(list(offered), [exp(score / _DOUBT) for score in scores])
        below = [_key(one) for one in self.best_below(node)]
        told = []
        for (words, share), agreement in zip(offered.items(), agreed, strict=True):
            is_said = share >= _MOST and AND not in words
            more = Phrase(self.printed(words), agreement * _SAID_BY_MOST)  # if a modifier: "garden"
            phrase = more if is_said else self.told(words, agreement)
            key = _key(phrase.text)
            is_taken = AND not in words and any(_ends_in(key, one) for one in below)
            weight = _TAKEN if is_taken else 1.0
            told.append(Phrase(phrase.text, round(phrase.score * weight, 4)))
        return _once(sorted(told, key=lambda phrase: (-phrase.score, phrase.text)))

    def best_below(self, node: Branch) -> list[str]:
        leaves = (leaf for leaf in node.walk() if not leaf.children)
        return [best[0].text for leaf in leaves if (best := self.rank(leaf)[:1])]

    def offered(self, node: Branch, above: Iterable[str]) -> dict[str, float]:
        """Wordings of a parent, each with the share of its products that are so called or say so."""
        n = len(self.products(node))
        largest = [(text, count / n) for text, count in self.things(node)]
        said = ((text, share) for text, share in (*self.spread(node), *largest) if not _is_material(text))
        whole = {text: share for text, share in said if share >= _WHOLE}
        pairs = [two for two in combinations(largest, 2) if _are_apart(two[0][0], two[1][0])]
        joint = {f"{one}{AND}{other}": share + more for (one, share), (other, more) in pairs}
        inside = [text for text in joint if _is_inside(text, above)]
        new = (text for text in inside if joint[text] >= _WHOLE and not _repeats(text, above))
        pair = next(new, inside[0] if inside else "")
        return {**whole, **({pair: joint[pair]} if pair else {})}

    def spread(self, node: Branch) -> Iterator[tuple[str, float]]:
        """Phrases that several of the children know, with the share of titles that hold each."""
        said = [(self.tally.said(child), len(self.products(child))) for child in node.children]
        for key in self.tally.likely(node):
            known = sum(counts[key] >= _KNOWS * n for counts, n in said)
            if known >= _BREADTH * len(said):
                yield self.book.surface[key], sum(counts[key] for counts, _ in said) / sum(n for _, n in said)

    def things(self, node: Branch) -> list[tuple[str, int]]:
        """What the leaves below are, in one word where the catalogue uses it alone, with their products."""
        plain: Counter[str] = Counter()
        whole: Counter[str] = Counter()
        for leaf in node.walk():
            if not leaf.children and (best := self.rank(leaf)[:1]):
                thing = self.plainly(best[0].text)
                (plain if thing else whole)[thing or best[0].text] += len(self.products(leaf))
        return [*plain.most_common(_THINGS), *whole.most_common(_THINGS)][:_THINGS]

    def plainly(self, name: str) -> str:
        """The head of a name, or with "box" and the like all of it; nothing if the head is no plain noun."""
        head = fold(name).split()[-1]
        keys = [key for key in ((stem(head),), (head.removesuffix("s"),)) if key in self.book.counts]
        if not keys:
            return name
        return self.printed(self.book.surface[keys[0]]) if self.book.tail[keys[0]] >= _NOUN else ""

    def votes(self, node: Branch) -> dict[str, float]:
        """How many products of a leaf each label of the reference speaks for."""
        if node not in self._votes:
            found: dict[str, float] = defaultdict(float)
            for child in node.children:
                for label, weight in self.votes(child).items():
                    found[label] += weight
            if not node.children and self.labels.above:
                products = self.products(node)
                near = self.near(products)
                centre = self.meaning.centre(products)
                fits = zip(self.meaning.fit(near, centre), self.meaning.likeness(near, products), strict=True)
                weights = [exp((_FIT * fit + _LIKENESS * like) / _DOUBT) for fit, like in fits]
                for label, weight in zip(near, weights, strict=True):
                    found[label] += weight / sum(weights) * len(products)
            self._votes[node] = dict(found)
        return self._votes[node]


@dataclass
class _Namer:
    """Gives each node one of its wordings, parents first."""

    ranked: _Ranker
    namer: Namer

    def below(self, node: Branch, above: frozenset[str]) -> dict[Branch, Named]:
        """Names of all below a node; none is in `above`, the names over it."""
        named: dict[Branch, Named] = {}
        taken = {told_apart(name) for name in above}
        for child in sorted(node.children, key=lambda child: (-self.size(child), child.groups)):
            named[child] = self.choose(child, taken, above)
            taken.add(told_apart(named[child].name))
        for child in node.children:
            over = {named[child].name} | self.ranked.labels.over(named[child].name)
            named.update(self.below(child, above | {fold(name) for name in over}))
        return named

    def size(self, node: Branch) -> int:
        return len(self.ranked.products(node))

    def choose(self, node: Branch, taken: set[str], above: frozenset[str]) -> Named:
        suggestions = self.suggestions(node, above)
        titles = tuple(self.ranked.book.titles[p] for p in self.ranked.products(node)[:_TITLES])
        case = Case(titles, tuple(self.likely(child, above) for child in node.children), suggestions)
        wordings: dict[str, Phrase] = {}
        for phrase in (*self.namer(case), *suggestions):
            wordings.setdefault(told_apart(phrase.text), phrase)
        free = [one for name, one in wordings.items() if name not in taken and _is_inside(name, above)]
        if not free:
            over = suggestions[0].text if suggestions else ""
            free = [Phrase(numbered(f"Other {over}".strip(), frozenset(taken)), 0.0)]
        chosen, *others = free
        told = sorted(
            dict.fromkeys((*free[: _ALTERNATIVES + 1], *suggestions[:_TOLD])), key=lambda p: -p.score
        )
        return Named(chosen.text, tuple(one.text for one in others[:_ALTERNATIVES]), tuple(told))

    def likely(self, node: Branch, above: frozenset[str]) -> str:
        return next((phrase.text for phrase in self.suggestions(node, above)), "")

    def suggestions(self, node: Branch, above: frozenset[str]) -> tuple[Phrase, ...]:
        ranked = self.ranked.rank(node)
        if not node.children:
            return tuple(ranked)
        return tuple(_once((*self.ancestors(node), *self.ranked.parent(node, above), *ranked)))

    def ancestors(self, node: Branch) -> Iterator[Phrase]:
        for label, score in self.ranked.labels.common(self.ranked.votes(node)):
            yield Phrase(label, round(score, 4))


def _is_said(label: str, said: Container[str]) -> bool:
    words = [stem(word) for word in fold(label).replace(",", " ").split() if word.isalnum()]
    return sum(word in said for word in words) >= _SAID * len(words) > 0


def _are_apart(one: str, other: str) -> bool:
    """Whether two names have no word in common."""
    words = {stem(word) for word in fold(one).split()}
    return words.isdisjoint(stem(word) for word in fold(other).split())


def _is_material(words: str) -> bool:
    """Whether they say what things are made of, not what they are."""
    return MATERIALS.issuperset(fold(words).split())


@lru_cache(maxsize=2**14)
def _key(words: str) -> Key:
    return tuple(stem(word) for word in fold(words).split())


def _ends_in(whole: Key, part: Key) -> bool:
    return whole[-len(part) :] == part


def _repeats(pair: str, above: Iterable[str]) -> bool:
    """Whether one of two things is said in a name above, as all of it or beside another."""
    said = [_key(part) for name in above for part in name.split(AND)]
    return any(_ends_in(one, _key(part)) for one in said for part in pair.split(AND))


def _is_inside(name: str, above: Iterable[str]) -> bool:
    """Whether a name neither adds another thing to one above nor is wider: "Shirts" in "Casual Shirts"."""
    parts = [_key(part) for part in name.split(AND)]
    if len(parts) > 1:
        return not any(_ends_in(_key(one), part) for one in above if AND not in one for part in parts)
    said = [_key(part) for one in above for part in one.split(AND)]
    return not any(one != parts[0] and _ends_in(one, parts[0]) for one in said)


def _once(phrases: Iterable[Phrase]) -> list[Phrase]:
    found: dict[str, Phrase] = {}
    for phrase in phrases:
        found.setdefault(told_apart(phrase.text), phrase)
    return list(found.values())


def _joined(nodes: Sequence[Branch]) -> Branch:
    if len(nodes) == 1:
        return nodes[0]
    return Branch(tuple(sorted(group for node in nodes for group in node.groups)))
