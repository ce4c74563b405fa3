"""Questions to people about products that no node was safe for, and what they answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from taxonomy.node import NodeId
from taxonomy.product import Product, ProductId

__all__ = ["Answer", "Figures", "Guess", "Queued", "Suggestion", "Verdict"]


class Verdict(StrEnum):
    """What an answer says of a product."""

    PLACE = "place"
    """It belongs into the node named."""

    NONE = "none"
    """Into none of the nodes suggested; asked again when others are suggested."""

    SKIP = "skip"
    """It is no product, or nothing to learn from: not asked again while its text stays as it is."""

    UNDO = "undo"
    """An earlier answer does not count any more."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A node that a product may belong into, and how likely that is, in 0..1."""

    node_id: NodeId
    probability: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a model would have said about a product, and what it is worth to ask a person instead.

    Attributes
    ----------
    product_id : ProductId
        The product.
    guesses : tuple of Guess
        The likeliest nodes, best first.
    worth : float
        Wrong categories that an answer is expected to set right: see `taxonomy.worth`.
    leader_id : ProductId
        The product whose answer would settle this one, too; its own id if there is none.
    model_revision, tree_version : str, int
        What guessed, on which tree.
    """

    product_id: ProductId
    guesses: tuple[Guess, ...]
    worth: float
    leader_id: ProductId
    model_revision: str = ""
    tree_version: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    """A product that waits for an answer.

    `n_alike` products wait that look alike, itself among them. `text_hash` is that of the text shown: an
    answer that names it is refused when the text has changed since.
    """

    product: Product
    suggestion: Suggestion
    n_alike: int = 1
    text_hash: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a product; nobody can change or delete it, another answer can take it back.

    Attributes
    ----------
    id : int
        Given by the store, ascending; 0 before.
    product_id, verdict, author, at
        Who said what of which product, and when.
    node_id : NodeId or None
        The node chosen, if one was.
    guesses : tuple of Guess
        What had been suggested, by the model of `model_revision` on a tree of `tree_version`.
    text_hash : str
        Of the product's text at that time, by the store; the price does not count.
    is_placed : bool
        Whether the product was put into the node: not so where another person was first.
    before : NodeId or None
        Where a person had placed it until then.
    key : str
        Of the request, given by whoever may have to repeat it.
    undoes, undone_by : int or None
        The answer that this one takes back; the answer that took this one back.
    """

    product_id: ProductId
    verdict: Verdict
    author: str
    node_id: NodeId | None = None
    guesses: tuple[Guess, ...] = ()
    model_revision: str = ""
    tree_version: int = 0
    is_placed: bool = False
    before: NodeId | None = None
    key: str = ""
    undoes: int | None = None
    id: int = 0
    at: datetime | None = None
    text_hash: str = ""
    undone_by: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How a review is getting on: counts of products, but for `n_groups`.

    `worth_left` is the number of wrong categories that answers to all that waits are expected to set right.
    Of the products placed by an answer that counts, `n_first` went where the model would have put them, and
    `n_suggested` into one of the nodes suggested.
    """

    n_open: int = 0
    n_groups: int = 0
    worth_left: float = 0.0
    n_placed: int = 0
    n_none: int = 0
    n_skipped: int = 0
    n_undone: int = 0
    n_first: int = 0
    n_suggested: int = 0
