"""An extractor, learnt from a catalogue."""

from collections.abc import Iterable, Sequence

import numpy as np

from ingest.attributes.attribute import AttributeSettings, text_of
from ingest.attributes.brands import Brands, by_column
from ingest.attributes.extractor import Extractor
from ingest.attributes.growth import grown
from ingest.attributes.head import Head, Lesson, taught
from ingest.attributes.lexicon import Lexicon, seeds
from ingest.attributes.openings import Places, brands_of_titles
from ingest.attributes.tokens import Words, joined, key_of, read
from taxonomy.ports import Progress, Silent
from taxonomy.product import Product

__all__ = ["learn"]

READ_CHARS = 1500
"""Of a text, while learning: title and the first paragraphs."""

SURE = 0.8
"""Confidence from which on a brand that the dictionaries find may teach the head."""

SEEN = (0, 0, 2)
"""Products that the head takes to have been seen of a brand it is to find: mostly none, as of a new brand, at
times two, which are too few for the dictionary. With 0, 1, 2 by turns it found a sixth of the new ones."""

_SILENT: Progress = Silent()


def learn(
    products: Iterable[Product],
    *,
    settings: AttributeSettings | None = None,
    progress: Progress = _SILENT,
) -> Extractor:
    """What the catalogue's texts and its brand column, where it has one, teach.

    No products give an extractor of patterns and written words alone.

    Parameters
    ----------
    products : iterable of Product
        Read once; of more than `settings.max_products` a random part is kept.
    """
    settings = settings or AttributeSettings()
    progress.start("reading what products say")
    texts, named = _read(products, settings, progress)
    known = seeds()
    lexicon = Lexicon(grown(texts, known) if settings.growth else known)
    places = Places.of(texts)
    brands = _brands(texts, named, places, lexicon, settings)
    progress.start("learning brands")
    head = _head(texts, named, places, lexicon, brands, settings) if settings.head else None
    return Extractor(brands, lexicon, places, head, settings.min_confidence)


def _read(
    products: Iterable[Product], settings: AttributeSettings, progress: Progress
) -> tuple[list[Words], list[str]]:
    """Words and brands of the products, or of a random part of them (reservoir sampling, Vitter 1985)."""
    rng = np.random.default_rng(settings.seed)
    texts: list[Words] = []
    named: list[str] = []
    for at, product in enumerate(products):
        progress.advance()
        place = at if at < settings.max_products else int(rng.integers(at + 1))
        if place >= settings.max_products:
            continue
        words = read(text_of(product)[:READ_CHARS])
        if place == len(texts):
            texts.append(words)
            named.append(product.brand)
        else:
            texts[place], named[place] = words, product.brand
    return texts, named


def _brands(
    texts: Sequence[Words],
    named: Sequence[str],
    places: Places,
    lexicon: Lexicon,
    settings: AttributeSettings,
) -> Brands:
    """By the column; and by how titles open, from the products of which the column says nothing."""
    column = by_column(texts, named)
    nameless = [words for words, name in zip(texts, named, strict=True) if not name]
    opening = brands_of_titles(nameless, places, lexicon.names, min_openings=settings.min_openings)
    return Brands({**opening, **column.known}, column.weights, column.prior)


def _head(
    texts: Sequence[Words],
    named: Sequence[str],
    places: Places,
    lexicon: Lexicon,
    brands: Brands,
    settings: AttributeSettings,
) -> Head | None:
    rows = zip(texts, named, strict=True)
    lessons = [
        one for at, row in enumerate(rows) if (one := _lesson(*row, brands, n_seen=SEEN[at % len(SEEN)]))
    ]
    trust = 1.0 if any(named) else places.branded
    return taught(lessons, places, lexicon.names, trust=trust, seed=settings.seed)


def _lesson(words: Words, name: str, brands: Brands, *, n_seen: int) -> Lesson | None:
    """Where the brand of a text stands, as if so many of its products had been seen.

    None where nobody knows whether the text names one.
    """
    if not name:
        best = brands.find(words)
        if best is None or best.confidence < SURE:
            return None
        first = next(at for at, word in enumerate(words) if word.start == best.start)
        last = next(at for at, word in enumerate(words) if word.end == best.end) + 1
        key = tuple(word.key for word in words[first:last])
        return Lesson(words, (first, last), max(1, brands.known[key].n_products - n_seen))
    own = joined(key_of(name))
    for key, span, _ in brands.candidates(words):
        if joined(key) == own:
            return Lesson(words, span, max(1, brands.known[key].n_products - n_seen))
    return Lesson(words, None)
