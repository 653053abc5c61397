"""`/health`, `/metrics`, `/problems`: for operators, monitors and puzzled clients."""

import secrets
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest
from pydantic import Field
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.clock import utc_now
from app.errors import InvalidInput, NotFound, Unauthenticated
from app.http.dependencies import AppSettings, Blobs, Sessions, bearer
from app.http.problems import declare, kinds
from app.http.schemas import View
from app.operations import service

router = APIRouter(tags=["operations"])


class CheckView(View):
    """One condition of readiness."""

    name: str = Field(description="What was checked.")
    ok: bool = Field(description="Whether it holds.")
    detail: str = Field(description="What was found.")


class HealthView(View):
    """Whether the service works."""

    status: Literal["ok", "failing"] = Field(description="Failing if one check fails.")
    checks: list[CheckView] = Field(description="Each check.")


class ProblemKindView(View):
    """The documentation of one kind of problem."""

    code: str = Field(description="The last part of the problem's type.")
    title: str = Field(description="What kind of problem it is.")
    status: int = Field(description="The HTTP status it comes with.")
    description: str = Field(description="When it happens, and what helps.")


@router.get("/health/live")
def read_liveness() -> HealthView:
    """Tell that the process answers."""
    return HealthView(status="ok", checks=[])


@router.get(
    "/health/ready", responses={503: {"model": HealthView, "description": "A check fails."}}
)
def read_readiness(
    request: Request, response: Response, sessions: Sessions, blobs: Blobs, settings: AppSettings
) -> HealthView:
    """Tell whether database, Redis and workers answer and no submission waits too long.

    Where blobs are in a bucket, also whether that answers.
    """
    checks = service.check_readiness(
        sessions, request.app.state.redis, blobs, settings, now=utc_now()
    )
    ok = all(check.ok for check in checks)
    response.status_code = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return HealthView(
        status="ok" if ok else "failing",
        checks=[CheckView.model_validate(check) for check in checks],
    )


_METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {}}, "description": "Prometheus text format."}
}


@router.get("/metrics", response_class=Response, responses=_METRICS | declare(Unauthenticated))
def read_metrics(
    request: Request,
    sessions: Sessions,
    settings: AppSettings,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Response:
    """Read metrics for Prometheus; with the operator's token, where METRICS_TOKEN is set."""
    if settings.metrics_token is not None:
        given = credentials.credentials if credentials else ""
        if not secrets.compare_digest(
            given.encode(), settings.metrics_token.get_secret_value().encode()
        ):
            raise Unauthenticated("Send the operator's metrics token.")
    registry = CollectorRegistry()
    submissions = Gauge(
        "probeboard_submissions", "Submissions by status.", ["status"], registry=registry
    )
    oldest = Gauge(
        "probeboard_oldest_queued_seconds", "Wait of the oldest queued.", registry=registry
    )
    workers = Gauge("probeboard_workers", "Workers that reported lately.", registry=registry)
    watchers = Gauge("probeboard_watchers", "Open event streams.", registry=registry)
    try:
        with sessions() as session:
            for status, count in service.count_by_status(session).items():
                submissions.labels(status).set(count)
            oldest.set(service.oldest_queued_s(session, now=utc_now()))
    except SQLAlchemyError:
        oldest.set(float("nan"))
    try:
        workers.set(service.count_workers(request.app.state.redis))
    except RedisError:
        workers.set(float("nan"))
    watchers.set(request.app.state.broadcaster.watchers)
    text = generate_latest(REGISTRY) + generate_latest(registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


ProblemCode = Annotated[str, Path(description="The last part of the problem's `type`.")]


@router.get("/problems/{code}", responses=declare(NotFound, InvalidInput))
def read_problem_kind(code: ProblemCode) -> ProblemKindView:
    """Read what a problem's `type` means."""
    kind = kinds().get(code)
    if kind is None:
        raise NotFound("kind of problem")
    return ProblemKindView.model_validate(kind)
