"""Errors as RFC 9457 problem documents: the only table from error to status."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app import errors
from app.clock import to_json_instant, utc_now
from app.errors import DomainError, InvalidInput, LimitReached, Place, TooLarge
from app.http.body_limit import BodyTooLarge
from app.http.middleware import answer_headers

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[DomainError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

log = structlog.get_logger(__name__)


class ProblemPlace(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Stable code of this kind of fault.", examples=["not_finite"])
    detail: str = Field(description="What is wrong, in words.")
    pointer: str | None = Field(
        default=None,
        description="JSON pointer; it begins with `/body`, `/query`, `/path` or `/header`.",
        examples=["/body/name"],
    )
    file: str | None = Field(default=None, description="File inside the bundle.")
    line: int | None = Field(default=None, description="Line in that file, from 1.")
    row: int | None = Field(default=None, description="Data row in the table, from 1.")
    column: str | None = Field(default=None, description="Column of the table, by name.")


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(description="URI of this kind of problem; it resolves to its documentation.")
    title: str = Field(description="What kind of problem it is; constant for a type.")
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What happened this time.")
    instance: str = Field(description="The request's id, as in the X-Request-ID header.")
    errors: list[ProblemPlace] | None = Field(
        default=None, description="The places that are wrong, at most 100."
    )
    total: int | None = Field(default=None, description="How many places are wrong in all.")
    limit: int | None = Field(default=None, description="The limit that is reached.")
    used: int | None = Field(default=None, description="How much of the limit is used.")
    window: str | None = Field(default=None, description="What the limit counts over.")
    resets_at: datetime | None = Field(
        default=None, description="When the next attempt can succeed, if time alone helps."
    )
    limit_bytes: int | None = Field(default=None, description="The largest size accepted.")
    domains: list[str] | None = Field(
        default=None, description="The domains whose e-mail addresses are let in."
    )


def status_of(kind: type[DomainError]) -> HTTPStatus:
    """Find an error's status through its ancestry."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


@dataclass(frozen=True)
class ProblemKind:
    """What a problem's `type` means."""

    code: str
    title: str
    status: HTTPStatus
    description: str


def kinds() -> dict[str, ProblemKind]:
    """Return every kind of problem by its code: our errors, and what the framework answers."""
    found = {kind.code: kind for kind in (INTERNAL_ERROR, *map(_of_framework, HTTPStatus))}
    waiting = list(DomainError.__subclasses__())
    while waiting:
        kind = waiting.pop()
        found[kind.code] = ProblemKind(
            kind.code, kind.title, status_of(kind), " ".join((kind.__doc__ or "").split())
        )
        waiting.extend(kind.__subclasses__())
    return {code: kind for code, kind in found.items() if kind.status >= HTTPStatus.BAD_REQUEST}


INTERNAL_ERROR = ProblemKind(
    "internal-error",
    "Something of ours broke",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "A fault of this server. It is logged under the request's id; tell the operator that id. "
    "Sending the request again is safe where it carries an Idempotency-Key.",
)


def _of_framework(status: HTTPStatus) -> ProblemKind:
    """Name what the framework answers by itself as we name the same thing, or by its phrase."""
    for kind, ours in STATUS.items():
        if ours == status:
            return ProblemKind(kind.code, kind.title, status, kind.__doc__ or "")
    code = status.phrase.lower().replace(" ", "-")
    return ProblemKind(code, status.phrase, status, status.description or status.phrase)


def declare(*declared: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Declare the problems an endpoint answers with, for its OpenAPI `responses`."""
    by_status: dict[int, list[type[DomainError]]] = {}
    for kind in declared:
        by_status.setdefault(int(status_of(kind)), []).append(kind)
    return {status: _declaration(status, of) for status, of in by_status.items()}


def _declaration(status: int, of: list[type[DomainError]]) -> dict[str, Any]:
    examples = {
        kind.code: {
            "value": {
                "type": f"/problems/{kind.code}",
                "title": kind.title,
                "status": status,
                "detail": "…",
                "instance": "urn:uuid:019a9f00-0000-7000-8000-000000000000",
            }
        }
        for kind in of
    }
    return {
        "model": Problem,
        "description": "; ".join(kind.title for kind in of),
        "content": {MEDIA_TYPE: {"examples": examples}},
    }


def install(app: FastAPI) -> None:
    """Send every error of the application, ours or the framework's, through one function."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(OperationalError, _on_database_down)
    app.add_exception_handler(InterfaceError, _on_database_down)
    app.add_exception_handler(DataError, _on_unstorable_value)
    app.add_exception_handler(PoolTimeout, _on_database_down)
    app.add_exception_handler(Exception, _on_anything_else)


def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - narrows for mypy; Starlette dispatches by type
    status = status_of(type(error))
    members: dict[str, Any] = dict(error.facts())
    headers: dict[str, str] = {}
    if isinstance(error, InvalidInput):
        members["errors"] = [_place(place) for place in error.places]
    if isinstance(error, LimitReached) and error.resets_at is not None:
        wait_s = (error.resets_at - utc_now()).total_seconds()
        headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = "5"
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return respond(
        request, error.code, error.title, status, error.detail, members=members, headers=headers
    )


def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows for mypy
    places = [
        Place(code=fault["type"], detail=fault["msg"], pointer=_pointer(fault["loc"]))
        for fault in error.errors()
    ]
    return _on_domain_error(request, InvalidInput("The request does not fit the schema.", places))


def on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Answer to what the framework refuses: an unknown address, a method it does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows for mypy
    if isinstance(error, BodyTooLarge):
        ours = TooLarge(error.detail, limit_bytes=error.limit_bytes)
        return _on_domain_error(request, ours)
    kind = _of_framework(HTTPStatus(error.status_code))
    headers = dict(error.headers or {})
    detail = str(error.detail)
    return respond(request, kind.code, kind.title, kind.status, detail, headers=headers)


def _on_unstorable_value(request: Request, error: Exception) -> JSONResponse:
    # Bodies are checked before; what is left are addresses, such as one with a NUL in it.
    log.warning("value refused by the database", error=repr(error))
    return _on_domain_error(
        request, InvalidInput("A value is outside of what can be stored or looked up.", [])
    )


def _on_database_down(request: Request, error: Exception) -> JSONResponse:
    log.error("database unavailable", error=repr(error))
    return _on_domain_error(
        request, errors.Unavailable("The database does not answer; try again in a moment.")
    )


def _on_anything_else(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", exc_info=error)
    kind = INTERNAL_ERROR
    detail = "The fault is ours, and is logged under this request's id."
    # This answer is written outside of the middleware that adds these to all others.
    headers = {**answer_headers(request.state.request_id), "cache-control": "no-store"}
    return respond(request, kind.code, kind.title, kind.status, detail, headers=headers)


def respond(
    request: Request,
    code: str,
    title: str,
    status: HTTPStatus,
    detail: str,
    *,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Write one problem document."""
    body = {
        "type": f"{request.app.state.settings.public_url}/problems/{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": f"urn:uuid:{request.state.request_id}",
    }
    for name, value in (members or {}).items():
        body[name] = to_json_instant(value) if isinstance(value, datetime) else value
    return JSONResponse(
        body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def _place(place: Place) -> dict[str, Any]:
    members = vars(place)
    return {name: value for name, value in members.items() if value is not None}


def _pointer(location: tuple[int | str, ...]) -> str:
    """Write pydantic's location as a JSON pointer; the first part names body, query or path."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "/" + "/".join(escaped)
