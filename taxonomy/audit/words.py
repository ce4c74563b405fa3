"""Words of names and titles, alike in singular and plural."""

import re

from taxonomy.text import fold

__all__ = ["AUDIENCE", "LINKS", "Words", "stem", "stems", "words"]

Words = tuple[str, ...]

_TOKEN = re.compile(r"[^\W_]+(?:['’.&+-][^\W_]+)*\+?")


def _several(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINKS = _several("and und et y e of for the by in with a an to on")
"""Words that only link others."""

AUDIENCE = _several("""
men man women woman boy girl kid child children baby infant toddler unisex adult junior lady gent male female
damen herren kinder homme femme enfant hombre mujer
""")
"""Stems of words that may open every title of a shelf and are nobody's brand."""


def words(text: str) -> Words:
    """The words of a text without case, accents and signs; signs inside a word stay.

    >>> words("D-Link Wi-Fi Routers (2 pcs)")
    ('d-link', 'wi-fi', 'routers', '2', 'pcs')
    """
    return tuple(_TOKEN.findall(fold(text)))


def stem(word: str) -> str:
    """The word without a plural or possessive ending; enough to tell that two names are one.

    >>> [stem(word) for word in ("lamps", "dresses", "berries", "glass", "boxes", "shoes", "men's")]
    ['lamp', 'dress', 'berry', 'glass', 'box', 'shoe', 'men']
    """
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "shes", "ches")):
        return word[:-2]
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if is_plural else word


def stems(text: str) -> Words:
    """The stems of a text's words, those that only link others left out.

    >>> stems("Leggings and Jeggings") == stems("Legging & Jegging")
    True
    """
    return tuple(stem(word) for word in words(text) if word not in LINKS)
