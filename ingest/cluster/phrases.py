"""The phrases of a title that could name a category."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ingest.cluster.words import ASIDES, FOLLOWED, HELPERS, LINKS, NAMELESS, SMALL_WORDS
from taxonomy.text import fold, normalise

__all__ = ["Key", "PhraseBook", "brand_words", "stem"]

Key = tuple[str, ...]
"""A phrase without case, accents and plural, so that "Table Lamps" and "table lamp" count together."""

_LONGEST = 3
_WORDLIKE = re.compile(r"[^\W\d_](?:[^\W\d_]|['’&-])+|[^\W\d_\x00-\u024f]")
"""No digits; of single letters only those that are words by themselves, as in Chinese."""
_TOKEN = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*|[^\w\s]")
_OWNED = 0.5  # a word of a brand's name is the brand's if so much of its use is on the brand's own products
_LEADING = 0.75  # without a brand column: a word that mostly opens titles ...
_LEAD_TIMES = 3  # ... and did so often enough to be no chance
_KNOWN_PLURAL = 0.03
"""Part of a head noun's uses: "shirts" are known where nearly all titles say "shirt"; "milks" are a slip."""
_INITIALS = 4  # letters at most: longer words in capitals are shouted, or brands
_WHOLE, _OFTEN = 0.8, 5  # of a phrase's products say it inside one longer phrase; and so many do at least
_KNOWN_BRANDS = 0.3  # share of products with a brand from which on the column is trusted


@dataclass(frozen=True, slots=True)
class PhraseBook:
    """What the titles of a catalogue say, phrase by phrase.

    Attributes
    ----------
    of : sequence of frozenset of Key, one per product
        Phrases in its title; each counts once.
    heads : sequence of frozenset of Key, one per product
        Those of them that stand where a head noun does.
    surface : mapping of Key to str
        How a phrase is mostly written, in the plural where the catalogue knows one; small letters
        but for words like "USB".
    tail : mapping of Key to float
        How often, 0..1, the phrase ends its part of a title, as a head noun does: so "table
        lamp" and not "lamp with".
    counts : Counter of Key
        Products per phrase.
    titles : sequence of str
        As they were read.
    brands : frozenset of str
        What the column calls brands, folded; no name is one of them.
    """

    of: Sequence[frozenset[Key]]
    heads: Sequence[frozenset[Key]]
    surface: dict[Key, str]
    tail: dict[Key, float]
    counts: Counter[Key]
    titles: Sequence[str]
    brands: frozenset[str] = frozenset()

    @classmethod
    def read(cls, titles: Sequence[str], brands: Sequence[str]) -> "PhraseBook":
        """Count the phrases of all titles, brands and mere parts of phrases left out."""
        initials, given = _initials(titles), titles
        titles = [normalise(title) for title in titles]
        nobody, links = brand_words(titles, brands), _links(titles)
        of: list[frozenset[Key]] = []
        heads: list[frozenset[Key]] = []
        spelt: dict[Key, Counter[str]] = defaultdict(Counter)
        ends: Counter[Key] = Counter()
        uses: Counter[Key] = Counter()
        for title in titles:
            found = list(_phrases(title, nobody, links)) or list(_phrases(title, frozenset(), links))
            of.append(frozenset(key for key, _, _ in found))
            heads.append(frozenset(key for key, _, is_end in found if is_end))
            for key, words, is_end in found:
                spelt[key][words] += 1
                ends[key] += is_end
                uses[key] += 1
        counts = Counter(key for keys in of for key in keys)
        parts = _mere_parts(counts)
        of, heads = [(keys - parts) or keys for keys in of], [keys - parts for keys in heads]
        surface = {
            key: " ".join(
                word.upper() if word in initials else word for word in _spelling(key, spelt).split()
            )
            for key in spelt
        }
        tail = {key: ends[key] / uses[key] for key in uses}
        names = frozenset(map(fold, brands)) if _has_brands(brands) else frozenset[str]()
        return cls(of, heads, surface, tail, counts, given, names)


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """The word without a plural or possessive ending; enough to tell that two names are one.

    >>> [stem(word) for word in ("lamps", "dresses", "berries", "glass", "boxes", "shoes", "men's")]
    ['lamp', 'dress', 'berry', 'glass', 'box', 'shoe', 'men']
    """
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "shes", "ches")):
        return word[:-2]
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


@lru_cache(maxsize=2**18)  # the words of a catalogue come again and again
def _fold(word: str) -> str:
    return fold(word)


def _folded(text: str) -> list[str]:
    """Its words and signs, folded."""
    return list(map(_fold, _TOKEN.findall(text)))


def brand_words(titles: Sequence[str], brands: Sequence[str]) -> frozenset[str]:
    """Folded words that are brands, by the brand column or, where it is mostly empty, by how titles open."""
    words = [_folded(title) for title in titles]
    owned = _owned(words, brands)
    return owned if _has_brands(brands) else owned | _opening(words)


def _has_brands(brands: Sequence[str]) -> bool:
    return sum(map(bool, brands)) >= _KNOWN_BRANDS * len(brands)


def _opening(words: Sequence[Sequence[str]]) -> frozenset[str]:
    """Words that mostly open titles, and those that mostly follow one of these: "Numero", then "Uno"."""
    uses = Counter(word for line in words for word in line)
    leads = Counter(line[0] for line in words if line)
    found = {w for w, n in leads.items() if n >= max(_LEAD_TIMES, _LEADING * uses[w])}
    for _ in range(_LONGEST - 1):
        pairs = Counter(pair for line in words for pair in pairwise(line) if pair[0] in found)
        found |= {w for (_, w), n in pairs.items() if n >= max(_LEAD_TIMES, _LEADING * uses[w])}
    return frozenset(found)


def _links(titles: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Small words with their neighbours where the second is hardly met without: "eau de toilette"."""
    uses: Counter[str] = Counter()
    threes: Counter[tuple[str, ...]] = Counter()
    for title in titles:
        words = _folded(title)
        uses.update(words)
        threes.update(tuple(words[at - 1 : at + 2]) for at, word in enumerate(words) if at and word in LINKS)
    known = (three for three, n in threes.items() if n >= max(_OFTEN, _WHOLE * uses[three[-1]]))
    return frozenset(three for three in known if three[0].isalpha())


def _mere_parts(counts: Mapping[Key, int]) -> frozenset[Key]:
    """Phrases that hardly ever end where they do, or start: "lunch" of "lunch box", "toilette"."""
    parts = set()
    for whole, n in counts.items():
        is_linked = len(whole) == _LONGEST and whole[1] in LINKS
        for part in (whole[:-1], *((whole[2:],) if is_linked else ())):
            if n >= max(_OFTEN, _WHOLE * counts.get(part, n)) and part in counts:
                parts.add(part)
    return frozenset(parts)


def _initials(titles: Sequence[str]) -> frozenset[str]:
    """Words that are spelt out, as "USB": in capitals where the rest of the title is not."""
    capital: Counter[str] = Counter()
    uses: Counter[str] = Counter()
    for title in titles:
        words = [token for token in _TOKEN.findall(title) if token.isalpha() and len(token) > 1]
        if 2 * sum(map(str.isupper, words)) <= len(words):
            uses.update(word.casefold() for word in words)
            capital.update(word.casefold() for word in words if word.isupper() and len(word) <= _INITIALS)
    return frozenset(word for word, n in capital.items() if n > 1 and 2 * n >= uses[word])


def _owned(words: Sequence[Sequence[str]], brands: Sequence[str]) -> frozenset[str]:
    inside: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    parts = set()
    for line, brand in zip(words, brands, strict=True):
        own, said = set(_folded(brand)), set(line)
        parts |= own
        everywhere.update(said)
        inside.update(own & said)
    return frozenset(w for w in parts if w.isalnum() and inside[w] >= _OWNED * everywhere[w])


def _phrases(
    title: str, nobody: frozenset[str], links: frozenset[tuple[str, ...]]
) -> Iterator[tuple[Key, str, bool]]:
    """Key, spelling, and whether it stands where a head noun does."""
    for part, is_headed in _parts(title, nobody, links):
        plain = list(map(_fold, part))
        stems = list(map(stem, plain))
        for start in range(len(part)):
            for end in range(start + 1, min(start + _LONGEST, len(part)) + 1):
                key = tuple(stems[start:end])
                if _can_name(plain[start:end], key):
                    yield key, " ".join(part[start:end]), end == len(part) and is_headed


def _parts(
    title: str, nobody: frozenset[str], links: frozenset[tuple[str, ...]]
) -> Iterator[tuple[list[str], bool]]:
    """Stretches of words between punctuation, numbers, brands and the words that name nothing.

    With each, whether a head noun ends it. It does not where colour, size or praise only interrupt it
    ("sterling" of "sterling silver rings"), nor in an aside, from "for", "with" and the like up to the
    next punctuation ("phone" of "case for phone"). A link is a word as any other.
    """
    part: list[str] = []
    is_aside = is_interrupted = False
    tokens = _TOKEN.findall(title)
    folded = list(map(_fold, tokens))
    for at, (token, plain) in enumerate(zip(tokens, folded, strict=True)):
        is_link = bool(part) and plain in LINKS and tuple(folded[at - 1 : at + 2]) in links
        is_named = plain not in nobody and plain not in SMALL_WORDS
        is_word = is_link or (bool(_WORDLIKE.fullmatch(plain)) and is_named)
        if is_word and plain in NAMELESS:
            is_interrupted = bool(part)
            continue
        if part and (is_interrupted or not is_word):
            yield part, not is_word and not is_aside
            part = []
        is_interrupted = False
        if is_word:
            part.append(token)
        else:
            is_aside = plain in ASIDES or (is_aside and plain.isalnum())
    if part:
        yield part, not is_aside


def _can_name(plain: Sequence[str], key: Key) -> bool:
    """Whether folded words, whose stems are the key, say a thing."""
    if plain[0] in LINKS or plain[-1] in LINKS:
        return False
    if plain[-1] in FOLLOWED or key[-1] in FOLLOWED:
        return False
    if len(key) > 1 and len(set(key)) < len(key):
        return False  # "Wall Sticker Stickers"
    says = [word for word, own in zip(plain, key, strict=True) if word not in HELPERS and own not in HELPERS]
    return bool(says) and max(map(len, says)) > (2 if says[0].isascii() else 0)


def _spelling(key: Key, spelt: Mapping[Key, Counter[str]]) -> str:
    """The commonest spelling; its head in the plural where the catalogue knows one, as on a shelf."""
    *front, head = _commonest(spelt[key]).split()
    forms = spelt.get(key[-1:], Counter({head: 1}))
    plurals = {f: n for f, n in forms.items() if f.endswith("s") and "'" not in f and stem(f) != f}
    if sum(plurals.values()) >= max(1, _KNOWN_PLURAL * forms.total()):
        head = _commonest(Counter(plurals))
    return " ".join([*front, head])


def _commonest(forms: Counter[str]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))
