"""What endpoints ask for: the viewer, a session, the parts of the application.

Every API endpoint names its access through one of the `…Viewer` types below; `create_app` refuses
to start with one that does not. Nothing is open by omission.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.accounts.service import authenticate
from app.blobs import BlobStore
from app.clock import utc_now
from app.db import SessionFactory
from app.models import Scope
from app.policy import ANYBODY, Viewer, require_scope
from app.queue import JobQueue
from app.ratelimit import RateCounter
from app.settings import Settings

bearer = HTTPBearer(auto_error=False, description="A token from `POST /api/v1/tokens`.")


def get_settings(request: Request) -> Settings:
    """Return the application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def get_sessions(request: Request) -> SessionFactory:
    """Return the session factory, for endpoints that wait long between two transactions."""
    sessions: SessionFactory = request.app.state.sessions
    return sessions


def get_session(sessions: Annotated[SessionFactory, Depends(get_sessions)]) -> Iterator[Session]:
    """Lend a session; what the endpoint did not commit is rolled back."""
    with sessions() as session:
        yield session


def get_blobs(request: Request) -> BlobStore:
    """Return the blob store."""
    blobs: BlobStore = request.app.state.blobs
    return blobs


def get_queue(request: Request) -> JobQueue:
    """Return the sending side of the job queue."""
    queue: JobQueue = request.app.state.queue
    return queue


def get_rates(request: Request) -> RateCounter:
    """Return the rate counters."""
    rates: RateCounter = request.app.state.rates
    return rates


def get_request_id(request: Request) -> str:
    """Return the request's id."""
    return str(request.state.request_id)


def get_viewer(
    sessions: Annotated[SessionFactory, Depends(get_sessions)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    request_id: Annotated[str, Depends(get_request_id)],
) -> Viewer:
    """Find out who calls; nobody is a viewer too, a bad token is an error.

    Raises
    ------
    Unauthenticated
        If a token came that is unknown, expired or revoked.
    """
    if credentials is None:
        return replace(ANYBODY, request_id=UUID(request_id))
    with sessions() as session:
        known = authenticate(session, credentials.credentials, now=utc_now())
    return replace(known, request_id=UUID(request_id))


class Access:
    """What a caller needs to pass: a token with a scope, or nothing."""

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope

    def __call__(self, viewer: Annotated[Viewer, Depends(get_viewer)]) -> Viewer:
        """Let the viewer pass, or refuse.

        Raises
        ------
        Unauthenticated, ScopeMissing
            As `app.policy.require_scope`.
        """
        if self.scope is not None:
            require_scope(viewer, self.scope)
        elif Scope.READ not in viewer.scopes:
            # A token that may not read sees what anybody sees.
            return replace(ANYBODY, request_id=viewer.request_id)
        return viewer


AnyViewer = Annotated[Viewer, Depends(Access(None))]
ReadViewer = Annotated[Viewer, Depends(Access(Scope.READ))]
SubmitViewer = Annotated[Viewer, Depends(Access(Scope.SUBMIT))]
OrganizeViewer = Annotated[Viewer, Depends(Access(Scope.ORGANIZE))]

DbSession = Annotated[Session, Depends(get_session)]
Sessions = Annotated[SessionFactory, Depends(get_sessions)]
Blobs = Annotated[BlobStore, Depends(get_blobs)]
Queue = Annotated[JobQueue, Depends(get_queue)]
Rates = Annotated[RateCounter, Depends(get_rates)]
AppSettings = Annotated[Settings, Depends(get_settings)]
RequestId = Annotated[str, Depends(get_request_id)]


def access_of(route: APIRoute) -> Access | None:
    """Return what an endpoint declared, searching its dependencies."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Access):
            return dependant.call
        waiting.extend(dependant.dependencies)
    return None
