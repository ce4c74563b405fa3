"""Brands of a catalogue without a column for them: phrases that open titles and stand nowhere else."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.attributes.attribute import Means
from ingest.attributes.brands import Brand, commonest
from ingest.attributes.tokens import Key, Words
from ingest.cluster.words import HELPERS, NAMELESS, SMALL_WORDS

__all__ = ["Places", "brands_of_titles"]

_LONGEST = 4  # words of a brand that titles alone can show
_OPENS = 0.6  # of the titles with the words that open with them, one more that does not taken for granted
_BRANDED = 0.5  # of titles: catalogues that name brands first have 0.75 to 0.9, others 0.2
_ENDS = 0.3  # a word that ends so many of its titles is what is sold
_GOES_ON = 0.75  # of the titles with one of two words that have the other, too: "Numero Uno"
_ALWAYS = 0.95  # of the titles that open with a phrase: goes on alike, then in different ways ("Bright Home")
_WAYS = 3
_TRUST = 0.9  # how often a word that always opens titles is a brand; a choice, not measured


@dataclass(frozen=True)
class Places:
    """Where words stand in the titles of a catalogue.

    Attributes
    ----------
    uses, opens, ends : mapping of str to int
        Titles that hold a word, that open with it, and that end with it.
    small : mapping of str to int
        Texts that write the word in small letters, as no brand is.
    """

    uses: Mapping[str, int]
    opens: Mapping[str, int]
    ends: Mapping[str, int]
    small: Mapping[str, int]

    @classmethod
    def of(cls, titles: Sequence[Words]) -> "Places":
        """Equal titles count once."""
        small = Counter(key for words in titles for key in {one.key for one in words if one.text.islower()})
        uses: Counter[str] = Counter()
        opens: Counter[str] = Counter()
        ends: Counter[str] = Counter()
        for keys in distinct(titles):
            uses.update(set(keys))
            opens[keys[0]] += 1
            ends[keys[-1]] += len(keys) > 1
        return cls(uses, opens, ends, small)

    def opening(self, word: str) -> float:
        """Share of a word's titles that open with it, one more that does not taken for granted."""
        return self.opens.get(word, 0) / (1 + self.uses.get(word, 0))

    def ending(self, word: str) -> float:
        """Share of a word's titles that end with it, as what is sold does."""
        return self.ends.get(word, 0) / max(self.uses.get(word, 0), 1)

    @cached_property
    def branded(self) -> float:
        """Share of titles, 0..1, that open with a word that is seldom met inside one."""
        first = {word: n for word, n in self.opens.items() if self.uses[word] >= 3}
        led = sum(n for word, n in first.items() if self.opening(word) >= _OPENS)
        return led / max(sum(first.values()), 1)


def distinct(titles: Sequence[Words]) -> list[Key]:
    """The titles' phrases, each once; those without a word are left out."""
    keys = (tuple(word.key for word in words if word.line == 0) for words in titles)
    return list(dict.fromkeys(key for key in keys if key))


def brands_of_titles(
    titles: Sequence[Words], places: Places, values: Mapping[str, object], *, min_openings: int
) -> dict[Key, Brand]:
    """Phrases that open titles as brands do; none where titles do not open with brands.

    Parameters
    ----------
    values : mapping of str
        Words that state another attribute, as colours do; no brand is one of these.
    min_openings : int
        Titles that a phrase must open.
    """
    lines = distinct(titles)
    if places.branded < _BRANDED:
        return {}
    written = _written(titles)
    found: dict[Key, Brand] = {}
    opened: dict[str, list[Key]] = defaultdict(list)
    for keys in lines:
        opened[keys[0]].append(keys)
    for word, own in opened.items():
        is_leading = len(own) >= min_openings and places.opening(word) >= _OPENS
        if is_leading and _may_be_brand(word, places, values):
            for key in _extended((word,), own, places, values):
                n = sum(keys[: len(key)] == key for keys in own)
                hits = round(_TRUST * n)
                value = commonest(written[key])
                found[key] = Brand(value, n, max(n, places.uses[word] - len(own) + n), hits, Means.OPENING)
    return found


def _extended(key: Key, lines: Sequence[Key], places: Places, values: Mapping[str, object]) -> Iterator[Key]:
    """The phrase, or the longer ones that begin with it and belong together."""
    longer: dict[Key, list[Key]] = defaultdict(list)
    for line in lines:
        if len(line) > len(key) + 1:  # a title that is nothing but brand says nothing
            longer[line[: len(key) + 1]].append(line)
    whole = True
    for phrase, own in longer.items() if len(key) < _LONGEST else ():
        word = phrase[-1]
        follows = len(own) >= 3 and len(own) >= _GOES_ON * places.uses[word]
        always = len(own) >= 5 and len(own) >= _ALWAYS * len(lines)
        if (follows or always) and _ways(own, len(phrase)) >= _WAYS and _may_be_brand(word, places, values):
            whole = whole and len(own) < _GOES_ON * len(lines)
            yield from _extended(phrase, own, places, values)
    if whole:
        yield key


def _ways(lines: Sequence[Key], at: int) -> int:
    """In how many ways lines go on where they first differ, from a word on."""
    while len({line[at : at + 1] for line in lines}) == 1 and len(lines[0]) > at:
        at += 1
    return len({line[at : at + 1] for line in lines})


def _may_be_brand(word: str, places: Places, values: Mapping[str, object]) -> bool:
    if word in NAMELESS or word in HELPERS or word in SMALL_WORDS or word in values:
        return False
    return places.ending(word) < _ENDS and not word.isdecimal() and len(word) > (1 if word.isascii() else 0)


def _written(titles: Sequence[Words]) -> dict[Key, Counter[str]]:
    """How the openings of titles are spelt."""
    found: dict[Key, Counter[str]] = defaultdict(Counter)
    for words in titles:
        title = [word for word in words[:_LONGEST] if word.line == 0]
        for end in range(1, len(title) + 1):
            part = title[:end]
            spaced = "".join(
                word.text if not at or part[at - 1].end == word.start else f" {word.text}"
                for at, word in enumerate(part)
            )
            found[tuple(word.key for word in part)][spaced] += 1
    return found
