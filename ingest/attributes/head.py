"""A token tagger that finds brands no dictionary has, by how and where they stand.

It is taught by what the dictionaries know (distant supervision, Mintz et al. 2009). A word itself is never a
feature, else it would learn the dictionaries by heart; its company, its spelling and its place in the
catalogue's titles are, and those as if none of its brand's own products had been seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.attributes.attribute import Attribute, Means, Name
from ingest.attributes.openings import Places
from ingest.attributes.tokens import LONGEST, Key, Words
from ingest.cluster.words import HELPERS, NAMELESS, SMALL_WORDS

__all__ = ["DIM", "N_TAGS", "Head", "Lesson", "taught"]

DIM = 1 << 14  # hashed features; a catalogue of 20 thousand products has some 9 thousand
N_TAGS = 3  # outside, begins a brand, goes on with one
READ = 60  # words of a text: brands stand at the beginning or in the first sentences
_TEXTS = 6000  # learnt from; more found no more of the hidden brands
_PASSES = 6
_LEAST = 200  # lessons with a brand: fewer are not learnt from
_WORTH = 0.05  # of the hidden brands that it must find, being right as often as not
_ONCE = 1  # title with a word: it may be the very one that is read, so that the word counts as new
_STEPS = (1, 2, 4, 10, 50)  # of counts
_OUTSIDE, _BEGINS, _GOES_ON = range(N_TAGS)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text with the place of its brand (None: it names none), and how many of its products to leave out."""

    words: Words
    span: Span | None
    n_unseen: int = 1

    @property
    def key(self) -> Key:
        """The brand's phrase."""
        return tuple(word.key for word in self.words[slice(*self.span)]) if self.span else ()


@dataclass(frozen=True)
class Head:
    """The tagger.

    Attributes
    ----------
    weights : (DIM, N_TAGS) float32
    bias : (N_TAGS,) float32
    slope, offset : float
        From the margin of a span to its log odds, so that confidences are what was right among hidden brands.
    found, precision : float
        0..1, of brands hidden from it: how many it found, and how often it was right.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    slope: float = 1.0
    offset: float = 0.0
    found: float = 0.0
    precision: float = 0.0

    def find(self, words: Words, places: Places, classes: Mapping[str, Name]) -> Attribute | None:
        """The likeliest brand of a text; None for an empty one."""
        best = self.span(words, places, classes)
        if best is None:
            return None
        (first, last), odds = best
        value = " ".join(word.text for word in words[first:last])
        sure = 1 / (1 + exp(-max(-30.0, min(30.0, self.slope * odds + self.offset))))
        return Attribute(
            Name.BRAND, value, words[first].start, words[last - 1].end, round(sure, 4), Means.HEAD
        )

    def span(self, words: Words, places: Places, classes: Mapping[str, Name]) -> tuple[Span, float] | None:
        """First word and the one after the last of the likeliest brand, and its margin."""
        return self._span(Lesson(words[:READ], None, 0), places, classes)

    def _span(self, one: Lesson, places: Places, classes: Mapping[str, Name]) -> tuple[Span, float] | None:
        rows = list(_features(one, places, classes))
        if not rows:
            return None
        scores = np.stack([self.weights[row].sum(axis=0) for row in rows]) + self.bias
        margins = scores[:, _BEGINS] - scores[:, [_OUTSIDE, _GOES_ON]].max(axis=1)
        first = int(margins.argmax())
        last = first + 1
        while last < min(len(rows), first + LONGEST) and scores[last].argmax() == _GOES_ON:
            last += 1
        return (first, last), float(margins[first])


def taught(
    lessons: Sequence[Lesson], places: Places, classes: Mapping[str, Name], *, trust: float, seed: int
) -> Head | None:
    """A tagger, measured on brands that were hidden from it; None where it is of no use.

    Parameters
    ----------
    lessons : sequence of Lesson
        Those without a span teach that a text may name no brand.
    trust : float
        0..1, how often a text without a known brand has one all the same to be found; 1 where the lessons
        say which have none.
    """
    rng = np.random.default_rng(seed)
    kept = [lessons[at] for at in rng.permutation(len(lessons))[:_TEXTS]]
    shown, hidden = _halves(kept)
    if min(sum(one.span is not None for one in half) for half in (shown, hidden)) < _LEAST / 2:
        return None
    measured = _measured(_fitted(shown, places, classes, seed), hidden, places, classes, trust)
    if measured.found < _WORTH or measured.precision < 0.5:
        return None
    whole = _fitted(kept, places, classes, seed)
    return Head(
        whole.weights, whole.bias, measured.slope, measured.offset, measured.found, measured.precision
    )


def _halves(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Brands of one half are never met in the other; texts without one go to both sides by turns."""
    sides: tuple[list[Lesson], list[Lesson]] = ([], [])
    for at, one in enumerate(lessons):
        sides[crc32(" ".join(one.key).encode()) % 2 if one.span else at % 2].append(one)
    return sides


def _measured(
    head: Head, hidden: Sequence[Lesson], places: Places, classes: Mapping[str, Name], trust: float
) -> Head:
    from sklearn.linear_model import LogisticRegression

    odds, right = [], []
    for one in hidden:
        cut = Lesson(one.words[:READ], one.span, one.n_unseen)
        if best := head._span(cut, places, classes):
            odds.append(best[1])
            right.append(best[0] == one.span)
    slope, offset = head.slope, head.offset
    if len(set(right)) > 1:  # else all were found, or none: then there is nothing to calibrate by
        platt = LogisticRegression().fit(np.array(odds)[:, None], right)
        slope, offset = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    given = np.array(odds) * slope + offset > 0
    hits = int((given & np.array(right)).sum())
    n_named = sum(one.span is not None for one in hidden)
    precision = trust * hits / max(int(given.sum()), 1)
    return Head(head.weights, head.bias, slope, offset + log(max(trust, 1e-3)), hits / n_named, precision)


def _fitted(lessons: Sequence[Lesson], places: Places, classes: Mapping[str, Name], seed: int) -> Head:
    from scipy import sparse
    from sklearn.linear_model import SGDClassifier

    rows: list[NDArray[np.int64]] = []
    tags: list[int] = []
    for one in lessons:
        cut = Lesson(one.words[:READ], one.span, one.n_unseen)
        rows += _features(cut, places, classes)
        tags += _tags(cut)
    pointers = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.concatenate(rows)
    design = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, pointers), (len(rows), DIM))
    weights, bias = np.zeros((DIM, N_TAGS), np.float32), np.full(N_TAGS, -10.0, np.float32)
    for tag in sorted(set(tags)):
        model = SGDClassifier(
            loss="log_loss", alpha=1e-5, max_iter=_PASSES, tol=None, average=True, random_state=seed
        )
        model.fit(design, np.array(tags) == tag)
        weights[:, tag], bias[tag] = model.coef_[0], model.intercept_[0]
    return Head(weights, bias)


def _tags(one: Lesson) -> list[int]:
    tags = [_OUTSIDE] * len(one.words)
    if one.span and one.span[0] < len(tags):
        first, last = one.span
        tags[first:last] = [_BEGINS, *[_GOES_ON] * (min(last, len(tags)) - first - 1)]
    return tags


def _features(one: Lesson, places: Places, classes: Mapping[str, Name]) -> Iterator[NDArray[np.int64]]:
    """Hashed features of each word of a text."""
    own = frozenset(one.key)
    said = []
    for at, word in enumerate(one.words):
        less = one.n_unseen if word.key in own else min(one.n_unseen, 1)
        uses = places.uses.get(word.key, 0) - less
        opens = places.opens.get(word.key, 0) - (less if word.key in own or at == 0 else 0)
        if uses <= _ONCE:
            uses = opens = 0
        said.append(
            (
                _class(word.key, classes),
                _shape(word.text),
                _rank(uses),
                str(int(4 * max(0, opens) / (1 + uses))),
                str(int(4 * places.ending(word.key))) if uses else "-",
                _rank(places.small.get(word.key, 0)),
            )
        )
    for at in range(len(one.words)):
        yield np.array([_place(name) for name in _named(one.words, at, said)], dtype=np.int64)


@lru_cache(maxsize=1 << 16)
def _place(feature: str) -> int:
    return crc32(feature.encode()) % DIM


def _named(words: Words, at: int, said: Sequence[tuple[str, ...]]) -> Iterator[str]:
    word = words[at]
    kind, shape, uses, opens, ends, small = said[at]
    line_start = at == 0 or words[at - 1].line < word.line
    place = f"{word.line}{min(at, 4) if not word.line else 5 + line_start}"
    yield from (f"p{place}", f"k{kind}", f"s{shape}", f"u{uses}", f"o{opens}", f"e{ends}", f"l{small}")
    yield from (f"pu{place}{uses}{opens}", f"ps{place}{shape}", f"us{uses}{shape}{small}")
    yield f"pul{place}{uses}{small}"
    yield f"n{min(len(word.text), 12)}"
    if at and not line_start:
        gap = words[at].start - words[at - 1].end
        yield from (f"<{words[at - 1].key}", f"<k{said[at - 1][0]}", f"<g{min(gap, 3)}")
        yield from (f"<s{said[at - 1][1]}{shape}", f"<u{said[at - 1][2]}{uses}")
        yield f"<l{said[at - 1][5]}{small}"
    if at + 1 < len(words) and words[at + 1].line == word.line:
        gap = words[at + 1].start - word.end
        yield from (f">{words[at + 1].key}", f">k{said[at + 1][0]}", f">g{min(gap, 3)}")
        yield from (f">s{said[at + 1][1]}{shape}", f">u{said[at + 1][2]}{uses}", f">e{said[at + 1][4]}")
        yield f">l{said[at + 1][5]}{small}"


def _class(key: str, classes: Mapping[str, Name]) -> str:
    if key in classes:
        return classes[key].value
    if any(map(str.isdigit, key)):
        return "number"
    kinds = (("small", SMALL_WORDS), ("praise", NAMELESS), ("helper", HELPERS))
    return next((kind for kind, words in kinds if key in words), "")


def _shape(text: str) -> str:
    if any(map(str.isdigit, text)):
        return "9"
    if text.isupper():
        return "A" if len(text) > 1 else "a"
    if text[0].isupper():
        return "Aa" if text[1:].islower() else "AaA"
    return "aa" if text.islower() else "aA" if any(map(str.isupper, text)) else "o"


def _rank(n: int) -> str:
    """The magnitude of a count, as one character."""
    return str(sum(n >= step for step in _STEPS))
