"""What the audit finds, and how strict it is."""

from dataclasses import dataclass
from enum import StrEnum

from taxonomy.edits import Edit
from taxonomy.node import NodeId
from taxonomy.product import Product

__all__ = ["Evidence", "Finding", "Kind", "Limits"]


class Kind(StrEnum):
    """What is wrong."""

    BRAND = "brand"
    PRODUCT = "product"
    LABEL = "label"
    SAME = "same"
    OVERLAP = "overlap"
    MIXED = "mixed"
    EMPTY = "empty"
    OVERFULL = "overfull"
    SINGLE = "single"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person needs in order to judge a finding.

    `words` are those that tell, `figures` named numbers, `products` a few examples.
    """

    words: tuple[str, ...] = ()
    figures: tuple[tuple[str, float], ...] = ()
    products: tuple[Product, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a tree and what would mend it.

    Attributes
    ----------
    kind : Kind
    node_ids : tuple of NodeId
        The node that is at fault first, then the ones it is compared with.
    score : float
        0..1; how sure or how severe, comparable within a kind only.
    why : str
        One sentence for people.
    evidence : Evidence
    edits : tuple of Edit
        Applied together they mend it; none where a lock or the lack of products leaves it to a person.
    """

    kind: Kind
    node_ids: tuple[NodeId, ...]
    score: float
    why: str
    evidence: Evidence = Evidence()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much it takes to be a finding.

    The shares were chosen on two shops' trees: `overlap` finds 92% of leaves that were cut in two at random
    and 1% of true siblings; `mixed` half of the leaves that two branches were poured into, and 3% of others.

    Attributes
    ----------
    posing : float
        Share of a node's products that carry the brand or product name, times how surely it is one.
    same : float
        Cosine of two nodes' names and of their products from which they mean the same.
    overlap : float
        Share of two siblings' products that are nearer to the other one; 0.5 is pure chance.
    mixed : float
        Share of the tree's siblings that are nearer to each other than the groups inside a node are.
    custom : float
        Share of siblings from which on what they have is missed in the others.
    min_products : int
        Fewer say nothing about what a node holds.
    max_products : int
        In a leaf; more are too many to browse.
    max_children : int
        Of one node; more are too many to scan.
    max_name : int
        Characters of a name.
    """

    posing: float = 0.5
    same: float = 0.75
    overlap: float = 0.35
    mixed: float = 0.9
    custom: float = 0.6
    min_products: int = 8
    max_products: int = 1000
    max_children: int = 100
    max_name: int = 60
