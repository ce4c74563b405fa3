"""Whether a text was stuffed with words to be found by, rather than written to describe a product."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taxonomy.text import normalise
from taxonomy.tree import Tree

__all__ = ["Stuffing"]

REFUSED = 0.001
"""Share of texts like the calibration's that each of four measures may refuse; most refuse none at all."""

_LEAST = (40, 3, 2, 1)  # words, repeats, names, long names: what any honest text may have
_LONGEST = 5  # words of a name that are compared
_CUT = 2_000  # characters in which names and repeats are looked for
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_PLAIN_WORD = re.compile(r"\w+(?:['’.-]\w+)*")  # the same where there is no underscore, and a third faster

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stuffing:
    """How many words, repeats and names of categories a text may have.

    Attributes
    ----------
    limits : tuple of four int
        The most words; the most times that two words may follow each other; the most categories named; the
        most categories named by more than one word.
    names : frozenset of tuple of str
        The names of all categories, in words.
    openings : mapping of str to int
        The first words of names, by which most words of a text are passed over, and of how many words the
        longest name is that begins so.
    """

    limits: tuple[int, int, int, int]
    names: frozenset[Words] = frozenset()
    openings: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def fit(cls, tree: Tree, calibration_texts: Sequence[str], *, refuse: float = REFUSED) -> "Stuffing":
        """Limits that a share `refuse` of normalised calibration texts at most goes beyond, by each measure.

        Each is the conformal quantile (the highest value seen where texts are few), but never less than what
        any honest text may have; of words twice that, for length alone is no fault.
        """
        bare = cls(_LEAST).on(tree)
        seen = np.array([bare._measures(text) for text in calibration_texts], dtype=np.int64).reshape(-1, 4)
        if not len(seen):
            return bare
        rank = min(int(np.ceil((len(seen) + 1) * (1 - refuse))), len(seen)) - 1
        words, repeats, names, long_names = np.maximum(np.sort(seen, axis=0)[rank], _LEAST).tolist()
        return replace(bare, limits=(2 * words, repeats, names, long_names))

    def on(self, tree: Tree) -> "Stuffing":
        """These limits for the names of another tree."""
        all_names = (tuple(_WORD.findall(normalise(tree.node(at).name))) for at in tree.descendants())
        names = frozenset(name for name in all_names if name)
        openings: dict[str, int] = {}
        for name in names:
            openings[name[0]] = max(openings.get(name[0], 0), min(len(name), _LONGEST))
        return replace(self, names=names, openings=openings)

    def is_stuffed(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(n_texts,) bool: which normalised texts go beyond a limit."""
        return np.fromiter(map(self._is_beyond, texts), dtype=np.bool_, count=len(texts))

    def _is_beyond(self, text: str) -> bool:
        """Whether any measure is beyond its limit; most texts are cleared by what a measure cannot exceed."""
        most_words, most_repeats, most_names, most_long = self.limits
        if text.count(" ") >= most_words:
            return True
        words = _words(text)
        again = len(words) - len(set(words))  # a pair that comes k times makes k words come again, or one
        if again and again >= most_repeats and _repeats(words) > most_repeats:
            return True
        starts = [at for at, word in enumerate(words) if word in self.openings]
        if len(starts) <= min(most_names, most_long):
            return False
        named = self._named(words, starts)
        return len(named) > most_names or _n_long(named) > most_long

    def _measures(self, text: str) -> tuple[int, int, int, int]:
        words = _words(text)
        named = self._named(words, [at for at, word in enumerate(words) if word in self.openings])
        return text.count(" ") + 1, _repeats(words), len(named), _n_long(named)

    def _named(self, words: Sequence[str], starts: Iterable[int]) -> set[Words]:
        """The categories named, the longest name first where several begin with one word."""
        named: set[Words] = set()
        end = 0
        for at in starts:
            if at >= end and (name := self._name_at(words, at)):
                named.add(name)
                end = at + len(name)
        return named

    def _name_at(self, words: Sequence[str], at: int) -> Words:
        for length in range(self.openings[words[at]], 0, -1):
            if (name := tuple(words[at : at + length])) in self.names:
                return name
        return ()


def _words(text: str) -> list[str]:
    cut = text[:_CUT]
    return (_WORD if "_" in cut else _PLAIN_WORD).findall(cut)


def _repeats(words: Sequence[str]) -> int:
    """How often the two words that follow each other most often do; 0 where no word comes again."""
    if len(set(words)) == len(words):
        return 0
    return max(Counter(pairwise(words)).values(), default=0)


def _n_long(named: Iterable[Words]) -> int:
    return sum(len(name) > 1 for name in named)
