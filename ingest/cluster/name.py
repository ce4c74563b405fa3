"""Names for the nodes of a new tree, with the phrases that speak for them.

A leaf is named by the phrase that many of its titles share and its siblings' do not (class-based TF-IDF),
and that ends its part of a title as a head noun does. A parent takes a phrase that most of its leaves share,
else the names of its two largest children: "Tea & Coffee".
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from ingest.cluster.induce import Branch
from ingest.cluster.namer import Case, Namer, as_suggested
from ingest.cluster.phrases import Key, PhraseBook
from taxonomy.formats.tree_json import Phrase
from taxonomy.text import fold

__all__ = ["AND", "Named", "name_tree", "numbered", "title_case", "told_apart"]

AND = " & "
"""Between two things that name a parent together."""

_KEPT = 12  # candidates looked at per node
_ALTERNATIVES = 3
_TITLES = 8  # shown to a namer
_JOINED = 3  # children, of whom two name a parent
_COMMON = 0.08  # a phrase in fewer of a leaf's titles than this is an accident
_BREADTH = 0.5  # a phrase names a parent if so much of it, leaf by leaf, knows the phrase
_WEAK = 0.2  # of the best phrase's score: what is weaker misleads where better ones are taken
_LENGTH_BONUS = (1.0, 1.35, 1.45)  # "green tea" over "tea" where it holds for nearly as many
_SMALL = frozenset({"and", "of", "for", "with", "the", "&"})


@dataclass(frozen=True, slots=True)
class Named:
    """A node's name, three others that were close, and the phrases they were chosen from, best first."""

    name: str
    alternatives: tuple[str, ...]
    phrases: tuple[Phrase, ...]


Shares = dict[Key, float]
"""The part of a node's titles, leaf by leaf, that hold a phrase."""


def name_tree(
    root: Branch, members: Sequence[Sequence[int]], book: PhraseBook, *, namer: Namer = as_suggested
) -> dict[Branch, Named]:
    """A name for every node below the root; siblings never share one, nor does a child with its parent.

    Parameters
    ----------
    root : Branch
        The tree over groups.
    members : sequence, one per group, of product positions
        Whose titles speak for the group.
    book : PhraseBook
        The phrases of those titles.
    namer : Namer
        Asked about each node; the suggestions are taken as they are when nothing is given.
    """
    return dict(_Namer(members, book, namer).below(root, frozenset()))


class _Namer:
    def __init__(self, members: Sequence[Sequence[int]], book: PhraseBook, namer: Namer) -> None:
        self.book, self.members, self.namer = book, members, namer
        self.by_group = [_shares(group, book) for group in members]

    def below(self, node: Branch, used: frozenset[str]) -> Iterator[tuple[Branch, Named]]:
        """Names of the children and what is below them, none of them in `used`."""
        shares = [self.shares(child) for child in node.children]
        ranked = [self.rank(i, shares) for i in range(len(shares))]
        taken = set(used)
        order = sorted(range(len(shares)), key=lambda i: (-self.size(node.children[i]), i))
        named = {}
        for i in order:
            named[i] = self.choose(node.children[i], ranked[i], frozenset(taken))
            taken.add(told_apart(named[i].name))
        for i, child in enumerate(node.children):
            yield child, named[i]
            yield from self.below(child, used | {told_apart(named[i].name)})

    def size(self, node: Branch) -> int:
        return sum(len(self.members[group]) for group in node.groups)

    def shares(self, node: Branch) -> Shares:
        """Each leaf group counts once, so that a large one does not name the parent alone."""
        total: Counter[Key] = Counter()
        for group in node.groups:
            total.update(self.by_group[group])
        return {key: share / len(node.groups) for key, share in total.items()}

    def rank(self, at: int, shares: Sequence[Shares]) -> list[tuple[Key, float]]:
        """Candidates of one sibling, best first; ties by spelling."""
        own, others = shares[at], [other for i, other in enumerate(shares) if i != at]
        # Where titles have little in common, the commonest of it is better than no name.
        likely = [key for key, share in own.items() if share >= _COMMON] or sorted(
            own, key=lambda key: (-own[key], key)
        )[:_KEPT]
        scored = ((key, self.score(key, own[key], others)) for key in likely)
        return sorted(scored, key=lambda item: (-item[1], item[0]))[:_KEPT]

    def score(self, key: Key, share: float, others: Sequence[Shares]) -> float:
        elsewhere = max((other.get(key, 0.0) for other in others), default=0.0)
        rarity = log(1 + len(self.book.of) / self.book.counts[key]) / log(1 + len(self.book.of))
        head = 0.2 + 0.8 * self.book.tail[key]
        contrast = share / (share + elsewhere)
        return share * (0.3 + rarity) * head * contrast * _LENGTH_BONUS[len(key) - 1]

    def choose(self, node: Branch, ranked: list[tuple[Key, float]], taken: frozenset[str]) -> Named:
        phrases = tuple(Phrase(title_case(self.book.surface[key]), round(score, 4)) for key, score in ranked)
        fit = ranked if len(node.groups) == 1 else [item for item in ranked if self.is_shared(item[0], node)]
        own = _distinct([title_case(self.book.surface[key]) for key, _ in fit])
        rest = _distinct([phrase.text for phrase in phrases])
        below = self.likely(node)
        wordings = own if len(node.groups) == 1 else [*own, *_joint(below[:_JOINED], rest)]
        weak = {p.text for p in phrases if p.score < _WEAK * phrases[0].score}
        strong = [name for name in _distinct([*wordings, *rest]) if name not in weak]
        suggested = self.asked(node, below, _distinct([*strong, *_pairs(strong)]), phrases)
        free = [name for name in suggested if told_apart(name) not in taken]
        name = free[0] if free else numbered(f"Other {rest[0]}" if rest else "Other", taken)
        others = [other for other in _distinct([*free, *rest, *_pairs(rest)]) if other != name]
        return Named(name, tuple(others[:_ALTERNATIVES]), phrases)

    def is_shared(self, key: Key, node: Branch) -> bool:
        knows = sum(self.by_group[group].get(key, 0.0) >= _COMMON for group in node.groups)
        return knows >= _BREADTH * len(node.groups)

    def likely(self, node: Branch) -> list[str]:
        """What its children are likely to be called, the largest first."""
        largest = sorted(node.children, key=lambda child: -self.size(child))
        shares = [self.shares(child) for child in largest]
        ranked = [self.rank(i, shares) for i in range(len(largest))]
        return [title_case(self.book.surface[r[0][0]]) for r in ranked if r]

    def asked(
        self, node: Branch, below: Sequence[str], suggested: Sequence[str], phrases: Sequence[Phrase]
    ) -> list[str]:
        """The suggestions after what the namer says of them."""
        products = [product for group in node.groups for product in self.members[group]]
        titles = tuple(self.book.titles[product] for product in products[:_TITLES])
        known = {phrase.text: phrase.score for phrase in phrases}
        offered = tuple(Phrase(name, known.get(name, 0.0)) for name in suggested)
        answers = self.namer(Case(titles, tuple(below), offered))
        return _distinct([*(phrase.text for phrase in answers), *suggested])


def _shares(group: Sequence[int], book: PhraseBook) -> Shares:
    counts = Counter(key for product in group for key in book.of[product])
    shared = {key: n / len(group) for key, n in counts.items() if n >= 2}
    if shared:
        return shared
    # Titles without a word in common: what others say too is at least no whim of one seller.
    known: Shares = {key: 1 / len(group) for key in counts if len(key) == 1 and book.counts[key] >= 2}
    return known or {key: 1 / len(group) for key in counts if len(key) == 1}


def _joint(below: Sequence[str], rest: Sequence[str]) -> list[str]:
    """The likely names of the largest children together."""
    heads = _distinct(below or list(rest[:2]))
    return _pairs(heads) or heads


def _distinct(names: Sequence[str]) -> list[str]:
    return list({told_apart(name): name for name in reversed(names)}.values())[::-1]


def _pairs(names: Sequence[str]) -> list[str]:
    return [
        f"{names[0]}{AND}{other}" for other in names[1:] if not set(_words(other)) & set(_words(names[0]))
    ]


def _words(name: str) -> list[str]:
    return fold(name).split()


def told_apart(name: str) -> str:
    """What two names must differ in, side by side: no case, no accents, and of two things no order.

    >>> told_apart("Hoses & Garden Rakes") == told_apart("Garden rakes & hoses")
    True
    """
    return AND.join(sorted(fold(name).split(AND)))


def numbered(name: str, taken: frozenset[str]) -> str:
    """The name, or where it is taken the next that is free: "Lamps 2"."""
    count = 1
    while told_apart(numbered := name if count == 1 else f"{name} {count}") in taken:
        count += 1
    return numbered


def title_case(words: str) -> str:
    """As a shop prints it.

    >>> title_case("bean-to-cup machines for the office")
    'Bean-to-cup Machines for the Office'
    """
    return " ".join(word if word in _SMALL else word[:1].upper() + word[1:] for word in words.split())
