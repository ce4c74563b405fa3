"""Review over HTTP: what people are asked about products, and what they say.

Who is asking is what the header `X-Author` says; a proxy in front of the service sets it and is trusted.
"""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from taxonomy.errors import InputError
from taxonomy.node import NodeId
from taxonomy.product import ProductId, join_path
from taxonomy.review import Answer, Queued, Verdict
from taxonomy.service import reviewing
from taxonomy.tree import Tree
from ui.api.changes import Author, Key
from ui.api.history import MAX_INT, Name, Stored
from ui.api.models import MAX_ID_CHARS, Sent
from ui.api.problems import answers

__all__ = ["routes"]

MAX_QUEUE = 200
MAX_ANSWERS = 1000  # products in one request: a group that looks alike is far smaller
MAX_OFFSET = 1_000_000

routes = APIRouter(prefix="/v1/taxonomies/{name}/review", tags=["review"], responses=answers(404, 422, 503))

Catalog = Annotated[str, Query(max_length=64, description="Name of the catalogue.")]


class GuessRow(BaseModel):
    """A category suggested."""

    node_id: str
    path: list[str]
    probability: float


class QueuedRow(BaseModel):
    """A product that waits for an answer."""

    product_id: str
    title: str
    brand: str
    description: str
    shop_category: str = Field(description="What the shop's own file says, its names joined by ` > `.")
    worth: float = Field(description="Wrong categories that an answer is expected to set right.")
    leader_id: str = Field(description="The product whose group it is in.")
    n_alike: int = Field(description="Products that wait in the group, this one among them.")
    text_hash: str = Field(description="Sent back with an answer, it says which text was seen.")
    suggested: list[GuessRow]

    @classmethod
    def of(cls, tree: Tree, one: Queued) -> Self:
        """The row of what waits, its suggestions being live nodes of the tree."""
        product = one.product
        return cls(
            product_id=product.id,
            title=product.title,
            brand=product.brand,
            description=product.description,
            shop_category=join_path(product.category_path),
            worth=one.suggestion.worth,
            leader_id=one.suggestion.leader_id,
            n_alike=one.n_alike,
            text_hash=one.text_hash,
            suggested=[
                GuessRow(node_id=g.node_id, path=list(tree.path(g.node_id)), probability=g.probability)
                for g in one.suggestion.guesses
            ],
        )


class QueueAnswer(BaseModel):
    """Products that wait, worth most first."""

    waiting: list[QueuedRow]


class FiguresAnswer(BaseModel):
    """How far the review is: counts of products, but for `n_groups`."""

    model_config = ConfigDict(from_attributes=True)

    n_open: int
    n_groups: int
    worth_left: float = Field(description="Wrong categories that answers to all that waits would set right.")
    n_placed: int
    n_none: int
    n_skipped: int
    n_undone: int
    n_first: int = Field(description="Placed where the model would have put them.")
    n_suggested: int = Field(description="Placed into one of the categories suggested.")


class AnswerIn(Sent):
    """The same answer about one product or several."""

    catalog: str = Field(max_length=64)
    product_ids: list[Annotated[str, Field(max_length=MAX_ID_CHARS)]] = Field(
        min_length=1, max_length=MAX_ANSWERS
    )
    verdict: Verdict = Verdict.PLACE
    node_id: str | None = Field(default=None, max_length=MAX_ID_CHARS, description="For `place`: where.")
    replace: bool = Field(default=False, description="Also where another person was first.")
    seen: dict[str, str] = Field(
        default_factory=dict,
        max_length=MAX_ANSWERS,
        description="By product, the `text_hash` of what was seen: 409 if the text has changed since.",
    )


class UndoIn(Sent):
    """Answers to take back."""

    catalog: str = Field(max_length=64)
    answer_ids: list[Annotated[int, Field(ge=1, le=MAX_INT)]] = Field(min_length=1, max_length=MAX_ANSWERS)


class AnswerRow(BaseModel):
    """What somebody said of a product."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: int
    product_id: str
    verdict: Verdict
    node_id: str | None
    author: str
    at: datetime | None
    is_placed: bool = Field(description="Whether the product was put there: not if somebody was first.")
    model_revision: str = Field(description="The model whose suggestions were shown; empty: none were.")
    undoes: int | None
    undone_by: int | None


class AnswersAnswer(BaseModel):
    """Answers."""

    answers: list[AnswerRow]

    @classmethod
    def of(cls, made: list[Answer]) -> Self:
        """The rows of these answers."""
        return cls(answers=[AnswerRow.model_validate(one) for one in made])


@routes.get("")
def queue(
    app: Stored,
    name: Name,
    catalog: Catalog,
    limit: Annotated[int, Query(ge=1, le=MAX_QUEUE)] = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
) -> QueueAnswer:
    """What to ask next: one product of each group that looks alike, worth most first."""
    with app.uow() as uow:
        tree = uow.trees.head(name)
        found = reviewing.queue(uow, catalog, name, limit=limit, offset=offset)
    return QueueAnswer(waiting=[QueuedRow.of(tree, one) for one in found])


@routes.get("/figures")
def figures(app: Stored, name: Name, catalog: Catalog) -> FiguresAnswer:
    """How far the review is."""
    with app.uow() as uow:
        return FiguresAnswer.model_validate(reviewing.figures(uow, catalog, name))


@routes.get("/groups/{product_id:path}")
def group(
    app: Stored,
    name: Name,
    catalog: Catalog,
    product_id: Annotated[str, Path(max_length=MAX_ID_CHARS, description="The leader of the group.")],
    limit: Annotated[int, Query(ge=1, le=MAX_QUEUE)] = 100,
) -> QueueAnswer:
    """The products that wait and look like the leader of their group; empty if none does."""
    with app.uow() as uow:
        tree = uow.trees.head(name)
        found = reviewing.alike(uow, catalog, name, ProductId(product_id), limit=limit)
    return QueueAnswer(waiting=[QueuedRow.of(tree, one) for one in found])


@routes.post("/answers", status_code=201, responses=answers(409))
def answer(app: Stored, name: Name, sent: AnswerIn, author: Author, key: Key = "") -> AnswersAnswer:
    """Say where products belong; they are placed there, but where somebody was first."""
    if sent.verdict is Verdict.UNDO:
        raise InputError("an answer is taken back by POST …/review/answers/undo")
    with app.uow() as uow:
        made = reviewing.answer(
            uow,
            sent.catalog,
            name,
            [ProductId(one) for one in sent.product_ids],
            author=author,
            node_id=None if sent.node_id is None else NodeId(sent.node_id),
            verdict=sent.verdict,
            replace_others=sent.replace,
            seen={ProductId(one): text_hash for one, text_hash in sent.seen.items()},
            key=key,
        )
    return AnswersAnswer.of(made)


@routes.post("/answers/undo", status_code=201)
def undo(app: Stored, name: Name, sent: UndoIn, author: Author, key: Key = "") -> AnswersAnswer:
    """Take answers back: their products stand where they stood before, and wait again."""
    with app.uow() as uow:
        made = reviewing.take_back(uow, sent.catalog, name, sent.answer_ids, author=author, key=key)
    return AnswersAnswer.of(made)


@routes.get("/answers")
def log(
    app: Stored, name: Name, catalog: Catalog, limit: Annotated[int, Query(ge=1, le=MAX_QUEUE)] = 50
) -> AnswersAnswer:
    """The answers, newest first."""
    with app.uow() as uow:
        return AnswersAnswer.of(uow.reviews.log(catalog, name, limit=limit))
