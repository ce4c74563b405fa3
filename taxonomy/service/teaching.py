"""What people placed and answered, as labels to learn from."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from taxonomy.node import ROOT_ID, NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.product import Product, Source
from taxonomy.review import Answer, Verdict
from taxonomy.tree import Tree

__all__ = ["ORIGIN_COLUMN", "PROVENANCE", "Lesson", "Origin", "as_written", "lessons", "shown"]

BATCH_SIZE = 2000  # products looked up at once
N_SHOWN = 20  # products of a new node: as many as have a say when the nearest are asked
ORIGIN_COLUMN = "answer_origin"
PROVENANCE = (
    ORIGIN_COLUMN, "answer_author", "answer_at", "answer_verdict", "answer_model", "answer_suggested",
    "answer_probability",
)  # fmt: skip
"""Columns of a file of answers that say where a category comes from; a model never sees them."""


class Origin(StrEnum):
    """Who said which category a product belongs into."""

    ANSWER = "answered in review"
    PERSON = "placed by a person"
    CATALOG = "the catalogue's own category"
    NOBODY = "no category"
    WITHDRAWN = "category doubted by people"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A product with the category to learn, and who says so; an empty `category_path` teaches nothing."""

    product: Product
    origin: Origin


def lessons(
    uow: UnitOfWork, catalog: str, taxonomy: str, tree: Tree, products: Iterable[Product]
) -> Iterator[Lesson]:
    """The products, each with the category that people gave it, or else the catalogue's own.

    A product that people called none has no category, and neither has one whose own category is among those
    that a person refused. A node that `tree` does not have yet teaches nothing: the catalogue's own category
    is not what people think.

    Parameters
    ----------
    tree : Tree
        What will be learnt; its nodes' paths become the categories.
    products : iterable of Product
        Of the catalogue, read as lessons are taken.
    """
    rows = iter(products)
    while batch := list(islice(rows, BATCH_SIZE)):
        ids = [one.id for one in batch]
        standing = uow.assignments.of_products(catalog, taxonomy, ids)
        answers = uow.reviews.counting(catalog, taxonomy, ids)
        for product in batch:
            place = standing.get(product.id)
            placed = place.node_id if place is not None and place.source is Source.PERSON else None
            yield _lesson(tree, product, placed, answers.get(product.id))


def as_written(products: Iterable[Product]) -> Iterator[Lesson]:
    """The products of a file, each with the category that stands there.

    A file of answers says in `ORIGIN_COLUMN` who gave it; what it says of answers is taken off the products.
    """
    for product in products:
        origin = Origin.CATALOG if product.category_path else Origin.NOBODY
        if ORIGIN_COLUMN in product.attributes:
            said = product.attributes[ORIGIN_COLUMN]
            origin = Origin(said) if said in set(Origin) else origin
            kept = {name: cell for name, cell in product.attributes.items() if name not in PROVENANCE}
            product = replace(product, attributes=kept)
        yield Lesson(product, origin)


def _lesson(tree: Tree, product: Product, placed: NodeId | None, answer: Answer | None) -> Lesson:
    if placed is not None:
        is_answer = answer is not None and answer.verdict is Verdict.PLACE
        path = tree.path(placed) if placed in tree and placed != ROOT_ID else ()
        origin = Origin.ANSWER if is_answer else Origin.PERSON
        return Lesson(replace(product, category_path=path), origin if path else Origin.WITHDRAWN)
    if answer is not None and _is_doubted(tree, product, answer):
        return Lesson(replace(product, category_path=()), Origin.WITHDRAWN)
    return Lesson(product, Origin.CATALOG if product.category_path else Origin.NOBODY)


def _is_doubted(tree: Tree, product: Product, answer: Answer) -> bool:
    own = tree.find(product.category_path) if product.category_path else None
    refused = {guess.node_id for guess in answer.guesses}
    return answer.verdict is Verdict.SKIP or (answer.verdict is Verdict.NONE and own in refused)


def shown(
    uow: UnitOfWork, catalog: str, taxonomy: str, nodes: Collection[NodeId]
) -> dict[NodeId, list[Product]]:
    """What people placed in each of these nodes, at most `N_SHOWN` products of each; one query.

    For nodes that a model was never trained on, which it then knows by these and by name.
    """
    found: dict[NodeId, list[Product]] = {}
    rows = uow.assignments.of_node(catalog, taxonomy, sorted(nodes), limit=N_SHOWN * len(nodes))
    for product, at in rows:
        own = found.setdefault(at.node_id, [])
        if at.source is Source.PERSON and len(own) < N_SHOWN:
            own.append(product)
    return {node_id: products for node_id, products in found.items() if products}
