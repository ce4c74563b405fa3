"""Brands and product names that pose as categories.

How many products a node has is not looked at, only what they are called: a brand is what titles open with
(or what the brand column says), a product name is what the titles below it repeat.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from taxonomy.audit.finding import Evidence, Finding, Kind, Limits
from taxonomy.audit.mend import retire
from taxonomy.audit.shelves import Shelves
from taxonomy.audit.words import AUDIENCE, LINKS, Words, stem, words
from taxonomy.node import NodeId

__all__ = ["posing"]

_SAMPLE = 200  # titles a node: enough for a share
_LONGEST_BRAND = 5  # words
_OPENS = 0.6  # of the titles with a brand's name open with it, one more that does not taken for granted
_BRANDED = 0.5  # of titles: catalogues that name brands first have 0.75 to 0.9, others 0.2
_TIMES = 3  # a word that was met less often says nothing about where it stands
_REPEATS = 0.8  # of a title's first words are the name's
_SENTENCE = 5  # words from which on a name that titles repeat is a product's
_FOR = frozenset({"for", "fits", "fit", "für", "pour", "para", "per"})
_CUT = ("...", "…")


def posing(shelves: Shelves, limits: Limits) -> Iterator[Finding]:
    """Nodes named for a brand or a product, in display order; none without products."""
    book = _Book(shelves)
    for at in shelves.tree.descendants():
        shelf = shelves.sample(shelves.below.get(at, ()), _SAMPLE)
        if shelf and (found := book.posing(at, shelf)) and found.score >= limits.posing:
            yield found


class _Book:
    """Where words stand in the catalogue's titles and in the tree's names."""

    def __init__(self, shelves: Shelves) -> None:
        self.shelves, self.tree = shelves, shelves.tree
        self.names = {at: tuple(map(stem, words(node.name))) for at, node in self.tree.nodes.items()}
        self.known = Counter(word for name in self.names.values() for word in set(name))
        self.makers = Counter(brand for brand in shelves.brands if brand)
        self.postings: dict[str, list[int]] = defaultdict(list)
        for index, title in enumerate(shelves.titles):
            for word in dict.fromkeys(title):
                self.postings[word].append(index)
        self._opens: dict[Words, float] = {}
        self.is_branded = bool(self.makers) or self._opens_with_brands()
        self.things = frozenset(name[-1] for at, name in self.names.items() if self._ends_in_a_thing(at))

    def posing(self, at: NodeId, shelf: Sequence[int]) -> Finding | None:
        """The node as a product name or as a brand, whichever is surer; None if it is neither."""
        found = [one for one in (self.product(at, shelf), self.brand(at, shelf)) if one]
        return max(found, key=lambda one: one.score, default=None)

    def product(self, at: NodeId, shelf: Sequence[int]) -> Finding | None:
        """The node as a product name: titles below it begin as its name does, to the end of either."""
        label = self.tree.nodes[at].name
        is_cut = label.endswith(_CUT)
        name = self.names[at][:-1] if is_cut else self.names[at]  # the last word may be half a word
        repeats = [index for index in shelf if self._repeats(name, index, is_cut)]
        is_long = len(name) >= _SENTENCE or is_cut or any(map(str.isdigit, label))
        if not repeats or not (is_long or self._is_made(name[:1])):
            return None
        share = len(repeats) / len(shelf)
        why = f"{share:.0%} of its products are called just so: it is a product, not a category"
        return self._found(Kind.PRODUCT, at, share, why, name, repeats)

    def brand(self, at: NodeId, shelf: Sequence[int]) -> Finding | None:
        """The node as a brand: part of its name opens the titles below, the rest says what is above it."""
        name = self.names[at]
        openings = Counter(span for index in shelf for span in self._openings(index))
        best: Finding | None = None
        for start, end in _spans(len(name)):
            span = name[start:end]
            opens = self.opens(span) if openings[span] and self.is_branded else 0.0
            if opens < _OPENS or not self._may_be_brand(at, span) or not self._is_known(at, span):
                continue
            share = openings[span] / len(shelf)
            if best is None or share * opens > best.score:
                why = f"{share:.0%} of its products are of {' '.join(span)!r}, which is a brand"
                best = self._found(Kind.BRAND, at, share * opens, why, span, shelf, opens)
        return best

    def opens(self, span: Words) -> float:
        """How surely words are a brand: of the products that hold them, those that open with them.

        One more that does not is taken for granted, so that a word met once proves nothing. What a product
        is "for" does not count: covers for Acorn's phones do not make Acorn a common word.
        """
        if span not in self._opens:
            rarest = min(span, key=lambda word: len(self.postings.get(word, ())))
            places = [_place(span, self.shelves.titles[at]) for at in self.postings.get(rarest, ())]
            holding = sum(place >= 0 for place in places)
            opening = self.makers[span] if self.makers else places.count(0)
            self._opens[span] = opening / (1 + max(holding, opening))
        return self._opens[span]

    def _opens_with_brands(self) -> bool:
        """Whether titles begin with brands here: most begin with a word that is seldom met inside one."""
        openings = (title[:1] for title in self.shelves.titles if title)
        first = [word for word in openings if len(self.postings[word[0]]) >= _TIMES]
        return bool(first) and sum(self.opens(word) >= _OPENS for word in first) >= _BRANDED * len(first)

    def _ends_in_a_thing(self, at: NodeId) -> bool:
        """As "Formal Shirts" does, but not "Shirts by Acorn", a long name or one that opens titles itself."""
        name = self.names[at]
        is_likely = 1 < len(name) < _SENTENCE and name[-2] not in LINKS
        return is_likely and not self.tree.nodes[at].name.endswith(_CUT) and self.opens(name) < _OPENS

    def _openings(self, index: int) -> list[Words]:
        """What may be the brand of a product: its brand if such are known, else how its title begins."""
        if self.makers:
            return [self.shelves.brands[index]]
        title = self.shelves.titles[index]  # which goes on after its brand
        return [title[:end] for end in range(1, min(_LONGEST_BRAND + 1, len(title)))]

    def _is_made(self, opening: Words) -> bool:
        return self.is_branded and self.opens(opening) >= _OPENS and not AUDIENCE.intersection(opening)

    def _may_be_brand(self, at: NodeId, span: Words) -> bool:
        """Whether nothing says that the words are common ones."""
        above = {word for up in self.tree.ancestors(at) for word in self.names[up]}
        is_common = above.issuperset(span) or AUDIENCE.intersection(span) or span[-1] in self.things
        return bool(self.makers) or not is_common

    def _is_known(self, at: NodeId, span: Words) -> bool:
        """Whether all other words of the name are used by other nodes as well."""
        rest = Counter(self.names[at]) - Counter(span)
        return all(word in LINKS or self.known[word] > 1 for word in rest)

    def _repeats(self, name: Words, index: int, is_cut: bool) -> bool:
        """Whether a name is the beginning of a title, or all of the title and then some."""
        title, brand = self.shelves.titles[index], self.shelves.brands[index]
        if brand and title[: len(brand)] == brand != name[: len(brand)]:
            title = title[len(brand) :]
        same = sum(one == other for one, other in zip(name, title, strict=False))
        return len(name) > 1 and same >= _REPEATS * (min(len(name), len(title)) if is_cut else len(title))

    def _found(
        self,
        kind: Kind,
        at: NodeId,
        score: float,
        why: str,
        telling: Words,
        shelf: Sequence[int],
        opens: float | None = None,
    ) -> Finding:
        figures = (("share", score),) if opens is None else (("score", score), ("opens", opens))
        evidence = Evidence(telling, figures, self.shelves.examples(shelf))
        return Finding(kind, (at,), score, why, evidence, retire(self.tree, at))


def _place(span: Words, title: Words) -> int:
    """At which word a title holds the span; -1: nowhere, or as what the product is for."""
    size = len(span)
    at = next((at for at in range(len(title) - size + 1) if title[at : at + size] == span), -1)
    return -1 if at > 0 and title[at - 1] in _FOR else at


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """All stretches of a name, the longest first."""
    for size in range(min(length, _LONGEST_BRAND), 0, -1):
        yield from ((start, start + size) for start in range(length - size + 1))
