"""Errors as problem details (RFC 9457): one clear sentence, never a traceback."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from taxonomy.errors import InputError, ModelError, StoreError, TaxonomyError, UnknownId
from ui.api.snapshot import NotPublished

__all__ = ["Problem", "answers", "install"]

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_STATUS: tuple[tuple[type[TaxonomyError], int], ...] = (  # the first that fits
    (UnknownId, 404),
    (NotPublished, 409),
    (InputError, 422),
    (StoreError, 503),
    (ModelError, 503),
)
_MEANING = {
    404: "There is no such taxonomy, node or release",
    409: "Nothing of the taxonomy was published",
    422: "The request is at fault",
    503: "Nothing is loaded and the store is away, or what is needed cannot be loaded",
}


class Problem(BaseModel):
    """Why there is no answer."""

    type: str = Field(
        default="about:blank", description="Always about:blank: the status says what kind it is."
    )
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and what to do, in one sentence.")


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
    return _problem(status, str(error))


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


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    return JSONResponse(
        body.model_dump(), status_code=status, headers={**retry, **(headers or {})}, media_type=MEDIA_TYPE
    )
