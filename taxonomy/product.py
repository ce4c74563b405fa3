"""A product as a shop wrote it, and where it stands in a tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from taxonomy.node import NodeId

__all__ = ["Assignment", "Path", "Product", "ProductId", "Source", "join_path", "split_path"]

ProductId = NewType("ProductId", str)
Path = tuple[str, ...]
"""Names from a top category down to a node; the hidden root is not in it."""

SEPARATOR = " > "


def join_path(path: Path) -> str:
    """The path as one cell, joined by `` > ``.

    >>> join_path(("Garden", "Tools"))
    'Garden > Tools'
    """
    return SEPARATOR.join(path)


def split_path(cell: str) -> Path:
    """The names in one cell, blanks dropped; an empty cell gives an empty path.

    >>> split_path("Garden > Tools >")
    ('Garden', 'Tools')
    """
    padded = f" {cell} "  # so that a separator at either end is one too
    return tuple(name for part in padded.split(SEPARATOR) if (name := part.strip()))


class Source(StrEnum):
    """Who said that a product stands in a node."""

    PERSON = "person"
    IMPORT = "import"
    MODEL = "model"
    BUILD = "build"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Product:
    """One row of a catalogue.

    `category_path` is what the shop's file said (empty: nothing); it is a label to learn from and to
    be judged by, not the product's place in our tree. `attributes` keeps the columns that no field takes.
    """

    id: ProductId
    title: str
    brand: str = ""
    description: str = ""
    category_path: Path = ()
    price: float | None = None
    image: str = ""
    split: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """`split` as it is compared, without blanks and case: "train", "valid" or what else it says."""
        return self.split.strip().casefold()


@dataclass(frozen=True, slots=True)
class Assignment:
    """A product's place in a tree, and where that knowledge comes from.

    `probability` lies in 0..1: the classifier's posterior, the cluster membership, or 1 for a person.
    """

    product_id: ProductId
    node_id: NodeId
    probability: float = 1.0
    source: Source = Source.PERSON
    model_revision: str = ""
    tree_version: int = 0
