"""What is extracted, from which text, and the settings of learning it."""

from dataclasses import dataclass
from enum import StrEnum

from taxonomy.errors import InputError
from taxonomy.product import Product

__all__ = ["MAX_CHARS", "Attribute", "AttributeSettings", "Means", "Name", "text_of"]

MAX_CHARS = 20_000
"""Of one text; what is beyond is not read. The longest descriptions met have a tenth of it."""


class Name(StrEnum):
    """What a value says of a product."""

    BRAND = "brand"
    SIZE = "size"
    PACK = "pack"
    COLOUR = "colour"
    MATERIAL = "material"
    POWER = "power"
    VOLTAGE = "voltage"
    CHARGE = "charge"
    FREQUENCY = "frequency"
    MEMORY = "memory"


class Means(StrEnum):
    """How a value was found."""

    DICTIONARY = "dictionary"
    OPENING = "opening"
    PATTERN = "pattern"
    LEXICON = "lexicon"
    GROWTH = "growth"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value that a text states.

    Attributes
    ----------
    name : Name
    value : str
        In one spelling: "500 ml" for "0.5 Litre", "grey" for "Gray", a brand as the catalogue
        mostly writes it.
    start, end : int
        The characters of the text as it was given.
    confidence : float
        0..1, how often such a finding is right.
    source : Means
    """

    name: Name
    value: str
    start: int
    end: int
    confidence: float
    source: Means


@dataclass(frozen=True, slots=True)
class AttributeSettings:
    """How an extractor is learnt and used; one setting is meant for all catalogues.

    Attributes
    ----------
    min_confidence : float
        0..1; what is less sure is not given, unless the caller asks for it.
    min_openings : int
        Titles that a phrase must open to be taken for a brand where no column names brands.
    max_products : int
        Learnt from, at random, where there are more.
    growth : bool
        Learn more colours and materials from the company that words keep.
    head : bool
        Learn a tagger for brands that the dictionaries lack; it is dropped where it proves no good.
    seed : int
        Of the random choices.
    """

    min_confidence: float = 0.5
    min_openings: int = 3
    max_products: int = 50_000
    growth: bool = True
    head: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise InputError(f"min_confidence {self.min_confidence}: it lies between 0 and 1")
        if self.min_openings < 2 or self.max_products < 1:
            raise InputError("min_openings is at least 2, max_products at least 1")


def text_of(product: Product) -> str:
    """The text that attributes of a product are read from: its title, and on a new line its description.

    Never its brand column, which is learnt from and would be repeated.

    >>> from taxonomy.product import ProductId
    >>> text_of(Product(ProductId("1"), "Oil 1 l", brand="Moti", description="Pressed."))
    'Oil 1 l\\nPressed.'
    """
    title = " ".join(product.title.split())
    return f"{title}\n{product.description}" if product.description else title
