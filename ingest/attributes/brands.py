"""The brands of a catalogue, and which of them a text is of.

That a brand's words stand in a text says little: "Comfort" is a brand and a promise. How often the words
meant the brand where the column knows, how they are written and where they stand are weighed together, with
weights fitted to the catalogue itself where it has a brand column.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log

import numpy as np

from ingest.attributes.attribute import Attribute, Means, Name
from ingest.attributes.tokens import LONGEST, Key, Words, joined, key_of, matches, openers

__all__ = ["DEFAULT_WEIGHTS", "FEATURES", "Brand", "Brands", "by_column"]

FEATURES = (
    "share", "words", "capital", "title", "opening", "first_of_line", "by", "repeats", "products", "spelling",
    "one",
)  # fmt: skip
"""Of a brand's words in a text: share of their uses that mean the brand (log odds), how many words, written
with a capital, in the title, opening it, opening a later line, after "by", how often, of how many products it
is the brand, written as the catalogue does; and the constant."""

DEFAULT_WEIGHTS = (1.0, 0.3, 0.5, 0.0, 0.5, 0.0, 0.5, 0.2, 0.0, 0.3, 0.0)
"""Where a catalogue has too few rows with a brand to fit them: a choice, most signs as fitted ones have them.
To count a place inside a title for less raised precision by 0.01 and cost the head all that it found."""

_BY = frozenset(("by", "from", "von", "par", "de", "por", "di", "da", "от", "由"))
_PRIOR_USES = 2.0  # uses that the mean of all brands counts for: one met once is not sure
_MIN_JOINED = 6  # letters of a brand that is also looked for as one word
_MIN_FITTED = 100  # texts with a candidate, right and wrong: fewer do not fit eleven weights


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as mostly written, and how often its words were met and meant it."""

    value: str
    n_products: int
    uses: int
    hits: int
    means: Means = Means.DICTIONARY


@dataclass(frozen=True)
class Brands:
    """The brands that are known, with the weights that tell which one a text is of.

    Attributes
    ----------
    known : mapping of phrase to Brand
    weights : tuple of float, as `FEATURES`
    prior : float
        Share of all uses of brands' words that mean the brand, 0..1.
    """

    known: Mapping[Key, Brand]
    weights: tuple[float, ...] = DEFAULT_WEIGHTS
    prior: float = 0.5
    _firsts: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_firsts", openers(self.known))

    def find(self, words: Words) -> Attribute | None:
        """The brand that the text is likeliest of; None if it holds no brand's words."""
        found = list(self.all(words))
        return max(found, key=lambda one: (one.confidence, -one.start)) if found else None

    def all(self, words: Words) -> Iterator[Attribute]:
        """Each brand whose words the text holds, once, with how likely the text is of it."""
        for key, (first, last), features in self.candidates(words):
            brand = self.known[key]
            odds = sum(weight * value for weight, value in zip(self.weights, features, strict=True))
            start, end = words[first].start, words[last - 1].end
            yield Attribute(Name.BRAND, brand.value, start, end, round(_logistic(odds), 4), brand.means)

    def candidates(
        self, words: Words, *, own: str | None = None
    ) -> Iterator[tuple[Key, tuple[int, int], tuple[float, ...]]]:
        """Phrases that are brands, with place and features of the first use.

        Parameters
        ----------
        own : str, optional
            The product's brand, `joined`, where it is one of those learnt from: its own use is left out of
            the counts.
        """
        places: dict[Key, list[tuple[int, int]]] = defaultdict(list)
        for first, last, _ in matches(words, self.known, self._firsts):
            places[tuple(word.key for word in words[first:last])].append((first, last))
        for key, spans in places.items():
            yield key, spans[0], self._features(words, key, spans, own)

    def _features(
        self, words: Words, key: Key, spans: Sequence[tuple[int, int]], own: str | None
    ) -> tuple[float, ...]:
        brand, (first, last) = self.known[key], spans[0]
        uses, hits, products = brand.uses, brand.hits, brand.n_products
        if own is not None:
            uses, hits, products = uses - 1, hits - (own == joined(key)), products - (own == joined(key))
        share = (max(hits, 0) + self.prior * _PRIOR_USES) / (max(uses, 0) + _PRIOR_USES)
        share = min(max(share, 0.001), 0.999)
        head, written = words[first], " ".join(word.text for word in words[first:last])
        return (
            log(share / (1 - share)),
            float(min(last - first, 3) - 1),
            float(not head.text[0].islower()),
            float(head.line == 0),
            float(first == 0),
            float(first > 0 and words[first - 1].line < head.line),
            float(first > 0 and words[first - 1].key in _BY),
            log(len(spans)),
            log(max(products, 0) + 1),
            float(written == brand.value),
            1.0,
        )


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def by_column(texts: Sequence[Words], named: Sequence[str]) -> Brands:
    """The brands that a column names, and the weights fitted to the rows that name one.

    Parameters
    ----------
    texts, named : sequence, one entry a product
        Its words, and its brand or nothing. Rows without a brand teach nothing.
    """
    keys = [key_of(name) for name in named]
    rows = [(words, joined(key)) for words, key in zip(texts, keys, strict=True) if key]
    brands = _counted(Brands(_named(named, keys)), rows)
    return _fitted(brands, rows)


def _named(named: Sequence[str], keys: Sequence[Key]) -> dict[Key, Brand]:
    """The brands as they are written, and those of several words also as one."""
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for key, name in zip(keys, named, strict=True):
        written[joined(key)][" ".join(name.split())] += 1
    short = {key for key in keys if 0 < len(key) <= LONGEST}
    whole = {(joined(key),) for key in short if len(joined(key)) >= _MIN_JOINED}
    return {
        key: Brand(commonest(written[joined(key)]), written[joined(key)].total(), 0, 0)
        for key in sorted(short | whole)
    }


def _counted(brands: Brands, rows: Sequence[tuple[Words, str]]) -> Brands:
    uses: Counter[Key] = Counter()
    hits: Counter[Key] = Counter()
    for words, own in rows:
        found = {key for key, _, _ in brands.candidates(words)}
        uses.update(found)
        hits.update(key for key in found if joined(key) == own)
    known = {key: Brand(one.value, one.n_products, uses[key], hits[key]) for key, one in brands.known.items()}
    prior = (hits.total() + 1) / (uses.total() + 2)
    return Brands(known, brands.weights, prior)


def _fitted(brands: Brands, rows: Sequence[tuple[Words, str]]) -> Brands:
    """With weights by logistic regression, each row's own use left out of the counts that it is judged by."""
    from sklearn.linear_model import LogisticRegression

    features: list[tuple[float, ...]] = []
    right: list[bool] = []
    for words, own in rows:
        for key, _, values in brands.candidates(words, own=own):
            features.append(values)
            right.append(joined(key) == own)
    if min(sum(right), len(right) - sum(right)) < _MIN_FITTED:
        return brands
    model = LogisticRegression(fit_intercept=False, max_iter=500).fit(np.array(features), right)
    return Brands(brands.known, tuple(round(float(one), 5) for one in model.coef_[0]), brands.prior)


def commonest(forms: Counter[str]) -> str:
    """The form met most often; of equals the first by spelling."""
    return min(forms, key=lambda form: (-forms[form], form))
