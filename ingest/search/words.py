"""Queries and names as words: stems, misspellings, compounds.

A query is understood against a `Vocabulary`: each of its words is matched to the words that the vocabulary
has, exactly, or else by spelling, by joining it with its neighbour ("blue tooth") or by splitting it
("fishtank").
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
import snowballstemmer
from rapidfuzz import fuzz, process

from taxonomy.ports import Floats
from taxonomy.text import fold, normalise

__all__ = ["STOP_WORDS", "Match", "QueryWord", "Vocabulary", "stems"]

_STOP = "a all an and any by for from in into of on or other s the to with without"
STOP_WORDS = frozenset(_STOP.split())
"""English words that say nothing about a category; `all` and `other` stand in many node names."""

MIN_RATIO = 78.0
"""Spelling similarity (indel ratio, 0..100) from which two words may be one: "fod" and "food" have 86,
"fod" and "rod" 67. The first letter must agree; misspellings seldom hurt it."""

MAX_SPELLINGS = 3
MAX_REMEMBERED = 100_000
"""Misspellings whose matches are kept: a server runs for months and every query may bring a new one."""

MIN_PART = 3
"""Shortest half of a compound that is split, in letters: shorter ones split nearly anything."""

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]+|(?:(?![{_CJK}])[^\W_])+(?:\.\d+)*")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:\.\d+)*")
_CJK_RUN = re.compile(f"[{_CJK}]")
_MAX_LETTERS = 40
"""Longer words are compared as they are: no language needs more, and guessing at them costs seconds."""
_MAX_CHARS = 2000
"""What is read of a query or title; longer ones are not typed by anybody, and matching costs time."""


_STEMMING = Lock()
"""Two threads in one stemmer mix up their words, and the mixture would stay in the cache."""


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    if word.endswith("s") and len(word) > 2 and not set(word) & set("aeiouy"):
        return word[:-1]  # "tvs", "dvds": the stemmer leaves words without a vowel alone
    with _STEMMING:
        return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> "snowballstemmer.stemmer":
    return snowballstemmer.stemmer("english")


def stems(text: str) -> list[str]:
    """The words of a text in order, mended, case, accents and English endings off, stop words dropped.

    Words with a digit are kept as they are, but for units, which stand apart; Chinese and Japanese runs give
    pairs of characters. A text of stop words alone keeps them. Only the first 2,000 characters are read.

    >>> stems("Women's TVs & Stands, 19.5in")
    ['women', 'tv', 'stand', '19.5', 'inch']
    >>> stems("电视柜")
    ['电视', '视柜']
    """
    return list(_stems(text[:_MAX_CHARS]))


@lru_cache(maxsize=1 << 16)  # titles come again with every query
def _stems(text: str) -> tuple[str, ...]:
    found = tuple(part for word in _words(normalise(text)) for part in _parts(word))
    return tuple(word for word in found if word not in STOP_WORDS) or found


def _words(text: str) -> list[str]:
    plain = text.replace("'", " ")
    return _ASCII_WORD.findall(plain) if plain.isascii() else _WORD.findall(fold(plain))


def _parts(word: str) -> list[str]:
    if not word.isascii() and _CJK_RUN.match(word):
        return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
    return [_stem(word) if word.isalpha() and len(word) <= _MAX_LETTERS else word]


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the vocabulary (its index) that a query word stands for, and how surely (0..1)."""

    word: str
    at: int
    weight: float


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query, its rarity (idf) and what it matches (nothing: unknown to the vocabulary)."""

    text: str
    idf: float
    matches: tuple[Match, ...]


class Vocabulary:
    """The words of a collection of documents, with their rarity.

    Parameters
    ----------
    documents : iterable of collections of str
        The stems of each document. None at all gives a vocabulary that matches nothing.
    """

    def __init__(self, documents: Iterable[Collection[str]]) -> None:
        n_documents, counts = 0, Counter[str]()
        for document in documents:
            n_documents += 1
            counts.update(set(document))
        self.words: list[str] = sorted(counts)
        self.index = {word: at for at, word in enumerate(self.words)}
        self.idf: Floats = np.array(
            [math.log1p(n_documents / counts[word]) for word in self.words], dtype=np.float32
        )
        self.unknown_idf = math.log1p(n_documents)
        self._by_first: dict[str, list[str]] = {}
        for word in self.words:
            if word.isalpha():
                self._by_first.setdefault(word[0], []).append(word)
        self._spellings: dict[str, tuple[Match, ...]] = {}

    def __len__(self) -> int:
        return len(self.words)

    def read(self, text: str) -> list[QueryWord]:
        """What the words of a query stand for, in order, each once; an empty query gives none."""
        return [self._word(word, fuzzy=True) for word in dict.fromkeys(self._join(stems(text)))]

    def _word(self, word: str, *, fuzzy: bool) -> QueryWord:
        if (at := self.index.get(word)) is not None:
            return QueryWord(word, float(self.idf[at]), (Match(word, at, 1.0),))
        matches = self._near(word) if fuzzy else ()
        idf = max((float(self.idf[match.at]) for match in matches), default=self.unknown_idf)
        return QueryWord(word, idf, matches)

    def _join(self, words: Sequence[str]) -> list[str]:
        """Join neighbours that the vocabulary writes as one word, split words that it writes as two."""
        out: list[str] = []
        for word in words:
            joined = _stem((out[-1] + word)[: _MAX_LETTERS + 1]) if out else ""
            if joined in self.index and not (out[-1] in self.index and word in self.index):
                out[-1] = joined
            elif word in self.index:
                out.append(word)
            else:
                out.extend(self._split(word) or [word])
        return out

    def _split(self, word: str) -> list[str]:
        if len(word) > _MAX_LETTERS:
            return []
        for at in range(len(word) - MIN_PART, MIN_PART - 1, -1):
            head, tail = _stem(word[:at]), _stem(word[at:])
            if head in self.index and tail in self.index and word.isalpha():
                return [head, tail]
        return []

    def _near(self, word: str) -> tuple[Match, ...]:
        """The best spellings of an unknown word; codes and numbers are never guessed."""
        if not MIN_PART <= len(word) <= _MAX_LETTERS or not word.isalpha():
            return ()
        if word not in self._spellings:
            if len(self._spellings) >= MAX_REMEMBERED:
                self._spellings.clear()
            found = process.extract(
                word,
                self._by_first.get(word[0], ()),
                scorer=fuzz.ratio,
                score_cutoff=MIN_RATIO,
                limit=MAX_SPELLINGS,
            )
            self._spellings[word] = tuple(
                Match(near, self.index[near], ratio / 100)
                for near, ratio, _ in found
                if len(near) >= MIN_PART
            )
        return self._spellings[word]
