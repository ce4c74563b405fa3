"""The words of a text with their places, and phrases of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

from ingest.attributes.attribute import MAX_CHARS
from taxonomy.text import fold

__all__ = ["LONGEST", "Key", "Token", "Words", "joined", "key_of", "matches", "openers", "read"]

Key = tuple[str, ...]
"""A phrase without case, accents and apostrophes: what two spellings of a brand share."""

V = TypeVar("V")

LONGEST = 6
"""Words of a brand at most; what is longer is a sentence in the wrong column."""

_SIGNS = r"\s!-/:-@\[-`{-~¡-¿×÷\u2000-\u206f\u3000-\u3004\u3008-\u303f\uff00-\uff0f\uff1a-\uff20™"
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff"
_LETTER = rf"(?:(?![{_UNSPACED}])[^{_SIGNS}])"
_TOKEN = re.compile(rf"[{_UNSPACED}]|{_LETTER}+(?:['’&.+-]{_LETTER}+)*")
"""Signs of Hindi or Thai that are no letters stay in the word; Chinese and Japanese count by character."""


class Token(NamedTuple):
    """A word: as written, as compared, and where (`line` 0 is the title)."""

    text: str
    key: str
    start: int
    end: int
    line: int


Words = Sequence[Token]


def read(text: str) -> list[Token]:
    """The words of a text; an empty one gives none.

    >>> [(token.key, token.line) for token in read("L'Oréal Paris\\nby Moti's")]
    [('loreal', 0), ('paris', 0), ('by', 1), ('motis', 1)]
    """
    text = text[:MAX_CHARS]
    title_end = text.find("\n") if "\n" in text else len(text)
    return [
        Token(one[0], _key(one[0][:_LONG]), one.start(), one.end(), int(one.start() > title_end))
        for one in _TOKEN.finditer(text)
    ]


_LONG = 60  # characters of a word that are compared


@lru_cache(maxsize=1 << 17)
def _key(word: str) -> str:
    plain = fold(word)
    return plain.replace("'", "").replace("’", "").replace(".", "") or plain


def key_of(text: str) -> Key:
    """The phrase that a text is.

    >>> key_of("Dr. Oetker") == key_of("DR OETKER")
    True
    """
    return tuple(token.key for token in read(text))


def joined(key: Key) -> str:
    """A phrase in one word: "Good Knight" and "Goodknight" are one brand."""
    return "".join(key)


def matches(
    words: Words, phrases: Mapping[Key, V], firsts: Mapping[str, int], *, gap: int = 3
) -> Iterator[tuple[int, int, V]]:
    """Where known phrases stand: (first word, word after the last, what is known), the longest at each place.

    Parameters
    ----------
    firsts : mapping of str to int
        First word of a phrase to the length of the longest that begins with it, as `openers` gives it.
    gap : int
        Characters between two words of a phrase at most: 3 for "Tom & Jerry", 1 where a comma parts
        two things, as in "white, gold".
    """
    at = 0
    while at < len(words):
        for size in range(min(firsts.get(words[at].key, 0), len(words) - at), 0, -1):
            known = phrases.get(tuple(word.key for word in words[at : at + size]))
            if known is not None and _is_whole(words[at : at + size], gap):
                yield at, at + size, known
                at += size - 1
                break
        at += 1


def _is_whole(words: Words, gap: int) -> bool:
    pairs = pairwise(words)
    return all(one.line == other.line and other.start - one.end <= gap for one, other in pairs)


def openers(phrases: Mapping[Key, object]) -> dict[str, int]:
    """First words of phrases with the length of the longest that each begins."""
    found: dict[str, int] = {}
    for key in phrases:
        found[key[0]] = max(found.get(key[0], 0), len(key))
    return found
