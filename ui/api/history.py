"""What was released and what became of ids and paths: for those who must react to a change of the tree.

These calls read the store itself, history included: they need it to be there, and are not for every request
of a shop's customer.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from taxonomy.compare import Change, Kind, Lead
from taxonomy.node import NodeId
from taxonomy.service import history, releasing
from taxonomy.service.releasing import Standing
from taxonomy.values import to_json
from ui.api.models import MAX_ID_CHARS
from ui.api.problems import answers
from ui.wiring import App

__all__ = ["routes"]

MAX_RELEASES = 500
MAX_INT = 2**31 - 1  # of the store's columns

routes = APIRouter(prefix="/v1/taxonomies/{name}", tags=["history"], responses=answers(404, 422, 503))


class ReleaseRow(BaseModel):
    """A release; it takes effect at its time and ends when another does."""

    model_config = ConfigDict(protected_namespaces=(), from_attributes=True)

    id: int
    tree_version: int = Field(description="Version of the tree that the release pins.")
    model_revision: str = Field(description="Revision of the model that goes with it; empty: none.")
    author: str
    published_at: datetime
    takes_effect_at: datetime
    restores: int | None = Field(description="The release that this one, a rollback, publishes again.")
    rolls_back: int | None = Field(description="The release that this one, a rollback, ends.")
    cancelled_at: datetime | None = Field(description="When it was cancelled, before it took effect.")


class StandingRow(ReleaseRow):
    """A release, and what is to be said of it now."""

    state: str = Field(description="current, scheduled, cancelled or past.")

    @classmethod
    def of(cls, one: Standing) -> Self:
        """The row of a release."""
        return cls(state=one.state, **ReleaseRow.model_validate(one.release).model_dump())


class ReleasesAnswer(BaseModel):
    """The releases of a taxonomy, newest published first."""

    taxonomy: str
    releases: list[StandingRow]


class LeadRow(BaseModel):
    """A live node that an id leads to; the root, whose path is empty, says that nothing took its place."""

    model_config = ConfigDict(from_attributes=True)

    node_id: str
    path: list[str]
    share: float = Field(ge=0, description="Share of the products that go there.")


class ChangeRow(BaseModel):
    """One difference between two trees."""

    kind: Kind
    key: str = Field(description="Id of the node, or the query that is pinned.")
    path: list[str] = Field(description="The node's path in the later tree; in the earlier if it is retired.")
    sentence: str
    before: JsonValue = Field(description="What the field held; null: nothing.")
    after: JsonValue
    leads: list[LeadRow] = Field(description="Where the products of a retired node went.")

    @classmethod
    def of(cls, one: Change) -> Self:
        """The row of a difference."""
        return cls(
            kind=one.kind,
            key=one.key,
            path=list(one.path),
            sentence=one.sentence,
            before=to_json(one.before),
            after=to_json(one.after),
            leads=_rows(one.leads),
        )


class CompareAnswer(BaseModel):
    """What changed from one release to another."""

    taxonomy: str
    before: ReleaseRow
    after: ReleaseRow
    counts: dict[Kind, int] = Field(description="Differences of each kind that occurs.")
    changes: list[ChangeRow]


class ResolveAnswer(BaseModel):
    """What became of an id."""

    taxonomy: str
    node_id: str
    version: int = Field(description="The version in which the id was seen.")
    head: int = Field(description="The version of the tree that `leads` are of.")
    path: list[str] = Field(description="Its path then, or when it last lived before; empty: it came later.")
    lived: bool = Field(description="Whether it lived in that version.")
    lives: bool = Field(description="Whether it lives at the head.")
    leads: list[LeadRow]


class RedirectRow(BaseModel):
    """An old path and where it leads now; of a split one there are several rows."""

    old_path: list[str]
    new_path: list[str] = Field(description="Empty: nothing took its place.")
    node_id: str = Field(description="The node that had the old path.")
    to_id: str = Field(description="The live node at the new path.")
    share: float = Field(ge=0)


class RedirectsAnswer(BaseModel):
    """Where the paths lead that nodes had since a version and have no longer."""

    taxonomy: str
    since: int
    redirects: list[RedirectRow]


def _app(request: Request) -> App:
    held: App = request.app.state.app
    return held


Stored = Annotated[App, Depends(_app)]
Name = Annotated[str, Path(max_length=64, description="Name of the taxonomy.", examples=["shop"])]
ReleaseId = Annotated[int, Path(ge=1, le=MAX_INT)]


@routes.get("/releases")
def releases(
    app: Stored, name: Name, limit: Annotated[int, Query(ge=1, le=MAX_RELEASES)] = 50
) -> ReleasesAnswer:
    """The releases of a taxonomy, newest published first, with those that are scheduled or cancelled."""
    with app.uow() as uow:
        found = releasing.releases(uow, name, limit=limit)
    return ReleasesAnswer(taxonomy=name.lower(), releases=[StandingRow.of(one) for one in found])


@routes.get("/releases/{before}/compare/{after}")
def compare(app: Stored, name: Name, before: ReleaseId, after: ReleaseId) -> CompareAnswer:
    """What changed from one release to another, as values and as sentences."""
    with app.uow() as uow:
        found = releasing.compared(uow, name, before, after)
    return CompareAnswer(
        taxonomy=name.lower(),
        before=ReleaseRow.model_validate(found.before),
        after=ReleaseRow.model_validate(found.after),
        counts=found.comparison.counts(),
        changes=[ChangeRow.of(one) for one in found.comparison.changes],
    )


@routes.get("/resolve/{node_id}")
def resolve(
    app: Stored,
    name: Name,
    node_id: Annotated[str, Path(max_length=MAX_ID_CHARS)],
    version: Annotated[
        int | None, Query(ge=0, le=MAX_INT, description="Where the id was seen; the head if not given.")
    ] = None,
) -> ResolveAnswer:
    """What an id was and where it leads now, for any id that was ever given out."""
    with app.uow() as uow:
        found = history.resolve(uow, name, NodeId(node_id), version=version)
    return ResolveAnswer(
        taxonomy=name.lower(),
        node_id=node_id,
        version=found.version,
        head=found.head,
        path=list(found.path),
        lived=found.lived,
        lives=found.lives,
        leads=_rows(found.leads),
    )


@routes.get("/redirects")
def redirects(
    app: Stored,
    name: Name,
    since: Annotated[
        str, Query(max_length=40, description="A version, or `release:ID`: paths that were left since.")
    ] = "0",
) -> RedirectsAnswer:
    """Old path to new path, for a shop's URLs."""
    with app.uow() as uow:
        version = history.version_of(uow, name, since)
        found = history.redirects(uow, name, since=version)
    rows: list[Any] = [to_json(one) for one in found]
    return RedirectsAnswer(
        taxonomy=name.lower(), since=version, redirects=[RedirectRow.model_validate(one) for one in rows]
    )


def _rows(leads: tuple[Lead, ...]) -> list[LeadRow]:
    return [LeadRow(node_id=one.node_id, path=list(one.path), share=one.share) for one in leads]
