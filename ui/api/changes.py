"""Edits over HTTP: make a change set, see what it would do, talk about it, decide on it.

Who is asking is what the header `X-Author` says; a proxy in front of the service sets it and is trusted.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from taxonomy.changes import ChangeSet, State
from taxonomy.codec import edit_from_json, edit_to_json
from taxonomy.edits import Edit
from taxonomy.errors import InputError, StaleEdit, UnknownId
from taxonomy.node import NodeId
from taxonomy.ports import UnitOfWork
from taxonomy.service import editing
from taxonomy.service.handing_in import hand_in
from taxonomy.service.previewing import conflicts_of_edits, impact_of_change
from taxonomy.service.proposing import report_of
from taxonomy.values import to_json
from ui.api.history import MAX_INT, Name, Stored
from ui.api.models import Sent
from ui.api.problems import ConflictRow, Conflicts, answers

__all__ = ["routes"]

MAX_EDITS = 10_000  # a few seconds of work; a new edition of a whole taxonomy is imported, not posted
MAX_CHANGES = 200
MAX_TEXT_CHARS = 10_000

routes = APIRouter(prefix="/v1/taxonomies/{name}/changes", tags=["changes"], responses=answers(404, 422, 503))


class ChangeIn(Sent):
    """Edits to hand in."""

    edits: list[dict[str, JsonValue]] = Field(
        min_length=1,
        max_length=MAX_EDITS,
        description="Each an object with its kind and fields.",
        examples=[[{"kind": "rename", "node_id": "0a1b2c", "name": "Outdoor"}]],
    )
    state: Literal["draft", "proposed", "applied"] = Field(
        default="proposed", description="How far they are to go at once."
    )
    reason: str = Field(default="", max_length=MAX_TEXT_CHARS)
    base_version: int | None = Field(
        default=None,
        ge=0,
        le=MAX_INT,
        description="The version that the editor saw (or `If-Match`); the newest if not given. Edits made on "
        "an older one go in where nobody wrote the same since.",
    )


class RejectIn(Sent):
    """Why, and whether only a part."""

    reason: str = Field(default="", max_length=MAX_TEXT_CHARS)
    node_id: str = Field(
        default="",
        max_length=64,
        description="Only what becomes of this category, as a change set of its own; the rest waits.",
    )


class CommentIn(Sent):
    """Something to say."""

    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)


class ChangeRow(BaseModel):
    """A change set."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    taxonomy: str
    state: State
    author: str
    source: str
    reason: str
    base_version: int
    applied_version: int | None = Field(description="The version of the tree that it made; null: none yet.")
    decided_by: str
    reverts: str | None = Field(description="The change set that this one takes back.")
    rest_of: str | None = Field(description="The change set whose other edits went in.")
    model_revision: str
    created_at: datetime | None
    edits: list[dict[str, JsonValue]]
    conflicts: list[ConflictRow] = Field(description="Why a newer tree did not take these edits.")

    @classmethod
    def of(cls, change: ChangeSet) -> Self:
        """The row of a change set."""
        told: dict[str, Any] = {name: getattr(change, name) for name in _AS_THEY_ARE}
        edits: list[Any] = [edit_to_json(one) for one in change.edits]
        conflicts = [ConflictRow.model_validate(one) for one in change.conflicts]
        return cls(**told, edits=edits, conflicts=conflicts)


_AS_THEY_ARE = tuple(name for name in ChangeRow.model_fields if name not in ("edits", "conflicts"))


class ChangesAnswer(BaseModel):
    """Change sets of a taxonomy, newest first."""

    taxonomy: str
    changes: list[ChangeRow]


class OutcomeAnswer(BaseModel):
    """What became of a change set: what went in, and what a newer tree did not take."""

    applied: ChangeRow
    rest: ChangeRow | None


class CommentRow(BaseModel):
    """What somebody said."""

    model_config = ConfigDict(from_attributes=True)

    author: str
    text: str
    at: datetime


class CommentsAnswer(BaseModel):
    """What was said about a change set, oldest first."""

    comments: list[CommentRow]


class ImpactAnswer(BaseModel):
    """What a change set would do to the tree as it is now."""

    model_config = ConfigDict(extra="allow")

    version: int = Field(description="The version of the tree that it was held against.")
    n_moved: int = Field(description="Products that would stand in another category, or in none.")
    n_repathed: int = Field(description="Products whose category would have another path.")
    n_retag: int = Field(description="Products placed by a machine that might belong elsewhere then.")
    n_unplaced: int = Field(description="Those of the moved that would stand nowhere.")
    catalogs: list[dict[str, JsonValue]]
    created: list[str]
    retired: list[str]
    moved: list[str]
    renamed: list[str]
    redirects: list[dict[str, JsonValue]] = Field(description="Ids that would lead elsewhere.")
    rerouted: list[dict[str, JsonValue]] = Field(description="Pinned queries that would go elsewhere.")
    effects: list[dict[str, JsonValue]] = Field(description="The same, for each edit.")
    conflicts: list[dict[str, JsonValue]] = Field(description="Edits that would not be taken.")


class ReportAnswer(BaseModel):
    """A proposed tree, measured without labels."""

    quality: dict[str, float] = Field(description="Figures of the whole, each from 0 to 1, and counts.")
    nodes: list[dict[str, JsonValue]] = Field(
        description="Each category: how alike it is inside, its nearest peer, how well its name fits, other "
        "names, typical titles, and what it should be looked at for."
    )
    noise_examples: list[str] = Field(description="Titles of products that stand nowhere.")
    outcomes: list[dict[str, JsonValue]] = Field(description="What becomes of each category, and why.")


def _seen(
    if_match: Annotated[str | None, Header(max_length=40, description="The version seen.")] = None,
) -> int | None:
    """The version in `If-Match`, written as an entity tag or bare."""
    if if_match is None:
        return None
    version = if_match.strip().removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdecimal() and int(version) <= MAX_INT):
        raise InputError(f'If-Match {if_match!r}: give the version of the tree that was seen, as in "12"')
    return int(version)


Seen = Annotated[int | None, Depends(_seen)]
ChangeId = Annotated[str, Path(max_length=64, description="Id of the change set.")]
Author = Annotated[
    str,
    Header(alias="X-Author", min_length=1, max_length=200, description="Who is asking; set by the proxy."),
]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Chosen by the caller: a request repeated with its key has one effect.",
    ),
]


@routes.post("", status_code=201, responses=answers(409))
def create(
    app: Stored, name: Name, sent: ChangeIn, author: Author, seen: Seen, response: Response, key: Key = ""
) -> ChangeRow:
    """Make a change set, and apply it at once if that is asked for."""
    if None not in (seen, sent.base_version) and seen != sent.base_version:
        raise InputError(f"If-Match says version {seen}, base_version {sent.base_version}: give one of them")
    base_version = sent.base_version if seen is None else seen
    edits = [edit_from_json(one, where=f"edits.{at}") for at, one in enumerate(sent.edits)]
    with app.uow() as uow:
        try:
            change = hand_in(
                uow,
                name,
                edits,
                state=State(sent.state),
                author=author,
                reason=sent.reason,
                base_version=base_version,
                key=key,
            )
        except StaleEdit as error:
            raise _named(uow, name, edits, base_version, error) from error
    response.headers["Location"] = f"/v1/taxonomies/{change.taxonomy}/changes/{change.id}"
    return ChangeRow.of(change)


@routes.get("")
def list_(
    app: Stored,
    name: Name,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_CHANGES)] = 50,
) -> ChangesAnswer:
    """The change sets of a taxonomy, newest first."""
    with app.uow() as uow:
        found = uow.changes.log(name, state=state, limit=limit)
    return ChangesAnswer(taxonomy=name.lower(), changes=[ChangeRow.of(one) for one in found])


@routes.get("/{change_id}")
def get(app: Stored, name: Name, change_id: ChangeId) -> ChangeRow:
    """One change set."""
    with app.uow() as uow:
        return ChangeRow.of(_change(uow, name, change_id))


@routes.get("/{change_id}/impact")
def impact(
    app: Stored,
    name: Name,
    change_id: ChangeId,
    catalog: Annotated[list[str] | None, Query(description="Whose products to count; all if none.")] = None,
) -> ImpactAnswer:
    """What an open change set would do; nothing is changed."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        found = impact_of_change(uow, change_id, catalogs=catalog or ())
    return ImpactAnswer.model_validate(to_json(found))


@routes.get("/{change_id}/report")
def report(app: Stored, name: Name, change_id: ChangeId) -> ReportAnswer:
    """What speaks for a tree that was built, and against it; 404 where nothing is known."""
    with app.uow() as uow:
        found = report_of(uow, _change(uow, name, change_id))
    if found is None:
        raise UnknownId("report", change_id, "only what `shelftree build` proposes has one")
    nodes = [asdict(one) | {"weaknesses": one.weaknesses} for one in found.nodes]
    return ReportAnswer.model_validate(to_json(asdict(found) | {"nodes": nodes}))


@routes.post("/{change_id}/submit")
def submit(app: Stored, name: Name, change_id: ChangeId, author: Author) -> ChangeRow:
    """Propose a draft, or what a newer tree did not take."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        return ChangeRow.of(editing.submit(uow, change_id))


@routes.post("/{change_id}/approve")
def approve(app: Stored, name: Name, change_id: ChangeId, author: Author) -> ChangeRow:
    """Say that a proposal may be applied."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        return ChangeRow.of(editing.approve(uow, change_id, author=author))


@routes.post("/{change_id}/apply", responses=answers(409))
def apply(app: Stored, name: Name, change_id: ChangeId, author: Author) -> OutcomeAnswer:
    """Apply a proposal; what a newer tree does not take is left as `rest`, and is 409 if that is all."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        outcome = editing.accept(uow, change_id, author=author)
    rest = None if outcome.rest is None else ChangeRow.of(outcome.rest)
    if outcome.applied is None:
        raise Conflicts(outcome.rest.conflicts if outcome.rest else ())
    return OutcomeAnswer(applied=ChangeRow.of(outcome.applied), rest=rest)


@routes.post("/{change_id}/reject")
def reject(
    app: Stored, name: Name, change_id: ChangeId, author: Author, sent: RejectIn | None = None
) -> ChangeRow:
    """Put an open change set away, or what it makes of one category; a reason is kept as a comment."""
    why = sent or RejectIn()
    with app.uow() as uow:
        _change(uow, name, change_id)
        if why.node_id:
            _, out = editing.refuse(uow, change_id, NodeId(why.node_id), author=author, reason=why.reason)
            return ChangeRow.of(out)
        return ChangeRow.of(editing.reject(uow, change_id, author=author, reason=why.reason))


@routes.post("/{change_id}/revert", responses=answers(409))
def revert(app: Stored, name: Name, change_id: ChangeId, author: Author, key: Key = "") -> ChangeRow:
    """Take an applied change set back, by a new one."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        return ChangeRow.of(editing.revert(uow, change_id, author=author, key=key))


@routes.get("/{change_id}/comments")
def comments(app: Stored, name: Name, change_id: ChangeId) -> CommentsAnswer:
    """What was said about a change set, oldest first."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        said = uow.changes.comments(change_id)
    return CommentsAnswer(comments=[CommentRow.model_validate(one) for one in said])


@routes.post("/{change_id}/comments", status_code=201)
def comment(app: Stored, name: Name, change_id: ChangeId, sent: CommentIn, author: Author) -> CommentsAnswer:
    """Say something about a change set; the answer is all that was said."""
    with app.uow() as uow:
        _change(uow, name, change_id)
        editing.comment(uow, change_id, author=author, text=sent.text)
        said = uow.changes.comments(change_id)
    return CommentsAnswer(comments=[CommentRow.model_validate(one) for one in said])


def _change(uow: UnitOfWork, name: str, change_id: str) -> ChangeSet:
    """The change set, if it is of this taxonomy."""
    change = uow.changes.get(change_id)
    if change.taxonomy != name.lower():
        raise UnknownId("change set", change_id, f"it is not one of taxonomy {name!r}")
    return change


def _named(
    uow: UnitOfWork, name: str, edits: list[Edit], base_version: int | None, error: StaleEdit
) -> StaleEdit:
    """The refusal with all conflicts, where it tells of the first only."""
    if base_version is None:  # nobody said what was seen: the tree itself moved on under the request
        return error
    found = conflicts_of_edits(uow, name, edits, base_version=base_version)
    return Conflicts(found) if found else error
