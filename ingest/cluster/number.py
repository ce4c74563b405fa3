"""Singular or plural: siblings on a shelf are even, "Rings" beside "Necklaces", and "Tea" stays "Tea"."""

import re
from collections.abc import Sequence

from ingest.cluster.phrases import stem
from ingest.cluster.words import UNCOUNTED
from taxonomy.text import fold

__all__ = ["is_done", "is_english", "plural"]

_ENGLISH = frozenset(("and", "for", "with", "the", "of", "from", "in", "women's", "men's", "kids"))
_OTHERS = frozenset(
    (
        "und",
        "für",
        "mit",
        "der",
        "die",
        "et",
        "pour",
        "avec",
        "le",
        "la",
        "y",
        "para",
        "con",
        "el",
        "di",
        "per",
        "il",
        "de",
    )
)
_ENDINGS_UNCOUNTED = ("ware", "wear", "care", "ness", "ity", "less")
_DOING = re.compile(r"(?!(ear|key|sp|st)?ring|painting|legging|stocking)\w+[aeiouy]\w*ing")
_DONE = re.compile(r"\w{2,}(?<!e)(?<!re)(?<!b)(?<!sh)ed")


def is_english(titles: Sequence[str]) -> bool:
    """Whether the little words of the titles are English ones; not where there are none."""
    words = [word for title in titles for word in title.casefold().split()]
    return sum(word in _ENGLISH for word in words) > sum(word in _OTHERS for word in words)


def is_done(word: str) -> bool:
    """Whether an English word looks like a participle, which ends no name.

    >>> [is_done(word) for word in ("scented", "pitted", "bed", "seed")]
    [True, True, False, False]
    """
    return bool(_DONE.fullmatch(word))


def plural(words: str) -> str:
    """An English name with its last word in the plural, where that word is counted and has none yet.

    >>> [plural(name) for name in ("wall clock", "box", "battery", "knife", "rice", "jeans", "LED bulb")]
    ['wall clocks', 'boxes', 'batteries', 'knives', 'rice', 'jeans', 'LED bulbs']
    """
    *front, head = words.split()
    return " ".join([*front, _plural(head)])


def _plural(word: str) -> str:
    plain = fold(word)
    if (
        not plain.isascii()
        or not plain[-1].isalpha()
        or plain.endswith(_ENDINGS_UNCOUNTED)
        or {plain, plain.rpartition("-")[2]} & UNCOUNTED
        or (stem(plain) != plain and not plain.endswith("ss"))
        or plain.endswith(("us", "is", "men", "children", "people", "ics"))
        or word.isupper()
        or _DOING.fullmatch(plain)
        or is_done(plain)
    ):
        return word
    if plain.endswith("y") and len(plain) > 1 and plain[-2] not in "aeiou":
        return word[:-1] + "ies"
    if plain in _IRREGULAR:
        end, ending = _IRREGULAR[plain]
        return word.removesuffix(end) + ending
    return word + ("es" if plain.endswith(("s", "x", "z", "ch", "sh")) else "s")


_IRREGULAR = {
    "knife": ("fe", "ves"),
    "shelf": ("f", "ves"),
    "scarf": ("f", "ves"),
    "leaf": ("f", "ves"),
    "loaf": ("f", "ves"),
    "mouse": ("ouse", "ice"),
    "potato": ("", "es"),
    "tomato": ("", "es"),
    "mango": ("", "es"),
}
