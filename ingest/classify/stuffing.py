"""Whether a text was stuffed with words to be found by, rather than written to describe a product."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    openings : frozenset of str
        The first words of names, by which most words of a text are passed over.
    """

    limits: tuple[int, int, int, int]
    names: frozenset[Words] = frozenset()
    openings: frozenset[str] = frozenset()

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
        return replace(self, names=names, openings=frozenset(name[0] for name in names))

    def is_stuffed(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(n_texts,) bool: which normalised texts go beyond a limit."""
        measures = np.array([self._measures(text) for text in texts], dtype=np.int64).reshape(-1, 4)
        stuffed: NDArray[np.bool_] = np.any(measures > np.array(self.limits), axis=1)
        return stuffed

    def _measures(self, text: str) -> tuple[int, int, int, int]:
        words = _WORD.findall(text[:_CUT])
        repeated = len(set(words)) < len(words)  # without, no pair comes twice
        pairs = Counter(pairwise(words)) if repeated else Counter[Words]()
        named = self._named(words)
        return (
            text.count(" ") + 1,
            max(pairs.values(), default=0),
            len(named),
            sum(len(name) > 1 for name in named),
        )

    def _named(self, words: Sequence[str]) -> set[Words]:
        """The categories named, the longest name first where several begin with one word."""
        named: set[Words] = set()
        end = 0
        for at, word in enumerate(words):
            if word in self.openings and at >= end and (name := self._name_at(words, at)):
                named.add(name)
                end = at + len(name)
        return named

    def _name_at(self, words: Sequence[str], at: int) -> Words:
        for length in range(_LONGEST, 0, -1):
            if (name := tuple(words[at : at + length])) in self.names:
                return name
        return ()
