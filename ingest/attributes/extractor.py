"""What an extractor knows, and what it finds in a text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.attributes.attribute import MAX_CHARS, Attribute, text_of
from ingest.attributes.brands import Brands
from ingest.attributes.head import Head
from ingest.attributes.lexicon import Lexicon
from ingest.attributes.openings import Places
from ingest.attributes.patterns import stated
from ingest.attributes.storage import load_parts, save_parts
from ingest.attributes.tokens import Words, read
from taxonomy.product import Product

__all__ = ["Extractor"]


@dataclass(frozen=True)
class Extractor:
    """Finds attributes in texts; `learn` makes one from a catalogue.

    Attributes
    ----------
    brands : Brands
    lexicon : Lexicon
        Colours and materials.
    places : Places
        Where words stand in the catalogue's titles.
    head : Head, optional
        Finds brands that the dictionary lacks.
    min_confidence : float
        0..1; what is less sure is not given.
    """

    brands: Brands
    lexicon: Lexicon
    places: Places
    head: Head | None = None
    min_confidence: float = 0.5

    def extract(self, given: str | Product, *, min_confidence: float | None = None) -> list[Attribute]:
        """The attributes that a text states, in its order; at most one brand. An empty text states none.

        Parameters
        ----------
        given : str or Product
            The first line of a text is its title. A product's text is `text_of(product)`.
        min_confidence : float, optional
            0..1, in place of the extractor's own.
        """
        least = self.min_confidence if min_confidence is None else min_confidence
        text = (given if isinstance(given, str) else text_of(given))[:MAX_CHARS]
        words = read(text)
        brand = self.brand(words, least)
        found = [*([brand] if brand else ()), *stated(text), *self.lexicon.find(words)]
        sure = [one for one in found if one.confidence >= least]
        return sorted(_apart(sure), key=lambda one: (one.start, one.end))

    def save(self, folder: Path) -> None:
        """Write it as JSON and safetensors; ModelError where the folder holds something else."""
        save_parts(folder, (self.brands, self.lexicon, self.places, self.head, self.min_confidence))

    @classmethod
    def load(cls, folder: Path) -> "Extractor":
        """What `save` wrote; ModelError where the folder is missing, damaged or something else."""
        return cls(*load_parts(folder))

    def extract_many(
        self, given: Iterable[str | Product], *, min_confidence: float | None = None
    ) -> Iterator[list[Attribute]]:
        """`extract` for each, one after the other."""
        return (self.extract(one, min_confidence=min_confidence) for one in given)

    def brand(self, words: Words, least: float) -> Attribute | None:
        """The brand that the dictionary finds or, where it finds none that is sure enough, the head."""
        known = self.brands.find(words)
        if known and known.confidence >= least:
            return known
        if self.head is not None:
            guess = self.head.find(words, self.places, self.lexicon.names)
            return guess if guess and guess.confidence >= least else None
        return None


def _apart(found: Sequence[Attribute]) -> Iterator[Attribute]:
    """Those that share no character with one before them: a brand called "Red Label" is no colour."""
    taken: list[Attribute] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in taken):
            taken.append(one)
            yield one
