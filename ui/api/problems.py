"""Errors as problem details (RFC 9457): one clear sentence, never a traceback."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from taxonomy.changes import Conflict
from taxonomy.errors import InputError, ModelError, StaleEdit, StoreError, TaxonomyError, UnknownId
from ui.api.snapshot import NotPublished

__all__ = ["ConflictRow", "Conflicts", "Problem", "answers", "install"]

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_STATUS: tuple[tuple[type[TaxonomyError], int], ...] = (  # the first that fits
    (UnknownId, 404),
    (NotPublished, 409),
    (StaleEdit, 409),
    (InputError, 422),
    (StoreError, 503),
    (ModelError, 503),
)
_MEANING = {
    404: "There is no such taxonomy, node or release",
    409: "Nothing of the taxonomy was published, or somebody else changed the same in the meantime",
    422: "The request is at fault",
    503: "Nothing is loaded and the store is away, or what is needed cannot be loaded",
}


class ConflictRow(BaseModel):
    """An edit, by its place from 1, that the tree does not take any more, and who was first."""

    model_config = ConfigDict(from_attributes=True)

    ordinal: int
    message: str = Field(description="What is in the way and what to do.")
    keys: list[str] = Field(description="Ids of nodes, `product:CATALOG/ID` or `query:TEXT`.")
    version: int | None = Field(description="The version that has it; null: a rule of the tree is broken.")
    author: str
    change_set_id: str


class Conflicts(StaleEdit):
    """Edits that others were faster than, each named."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        said = "; ".join(dict.fromkeys(one.message for one in self.conflicts))
        super().__init__(said, [key for one in self.conflicts for key in one.keys])


class Problem(BaseModel):
    """Why there is no answer."""

    type: str = Field(
        default="about:blank", description="Always about:blank: the status says what kind it is."
    )
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and what to do, in one sentence.")
    conflicts: list[ConflictRow] | None = Field(
        default=None, description="The edits that others were faster than; left out where there are none."
    )


def answers(*statuses: int) -> dict[int | str, dict[str, object]]:
    """What a route's documentation says of these statuses."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


def install(api: FastAPI) -> None:
    """Answer every error with a problem."""
    api.add_exception_handler(TaxonomyError, _ours)
    api.add_exception_handler(RequestValidationError, _bad_input)
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(Exception, _unforeseen)


def _ours(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    conflicts = error.conflicts if isinstance(error, Conflicts) else ()
    return _problem(status, str(error), conflicts=[ConflictRow.model_validate(one) for one in conflicts])


def _bad_input(request: Request, error: Exception) -> JSONResponse:
    """The first fault; what was sent is not repeated, for it may be long and is known to the sender."""
    if not isinstance(error, RequestValidationError):
        return _unforeseen(request, error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return _problem(422, f"{place}: {first['msg']}")


def _refused(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return _unforeseen(request, error)
    return _problem(error.status_code, f"{error.detail}: see /docs for the calls", dict(error.headers or {}))


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    return _problem(500, "This is a fault in Shelftree; the log of the service says more.")


def _problem(
    status: int,
    detail: str,
    headers: dict[str, str] | None = None,
    *,
    conflicts: Sequence[ConflictRow] = (),
) -> JSONResponse:
    named = list(conflicts) or None
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, conflicts=named)
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return JSONResponse(
        body.model_dump(exclude_none=named is None),
        status_code=status,
        headers={**retry, **(headers or {})},
        media_type=MEDIA_TYPE,
    )
