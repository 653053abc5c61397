"""`/submissions/{id}/events`: a submission's progress as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.db import SessionFactory
from app.errors import NotFound
from app.events import Broadcaster
from app.http.dependencies import AppSettings, ReadViewer, Sessions
from app.http.paths import SubmissionId
from app.http.problems import declare
from app.models import Status
from app.policy import Viewer
from app.submissions import service
from app.submissions.lifecycle import TERMINAL

RECONNECT_MS = 2000

router = APIRouter(tags=["submissions"])


def require_visible(submission_id: SubmissionId, sessions: Sessions, viewer: ReadViewer) -> Viewer:
    """Refuse before the stream begins, while there is still a status to answer with."""
    _read(sessions, viewer, submission_id)
    return viewer


@router.get(
    "/submissions/{submission_id}/events",
    response_class=EventSourceResponse,
    responses=declare(NotFound),
)
async def watch(
    submission_id: SubmissionId,
    request: Request,
    sessions: Sessions,
    settings: AppSettings,
    viewer: Annotated[Viewer, Depends(require_visible)],
) -> AsyncIterator[ServerSentEvent]:
    """Watch a submission: its state at once, then each change, until it is in a last status.

    The server ends a long stream; a client that comes back (as browsers do by themselves) is told
    the present state first.
    """
    broadcaster: Broadcaster = request.app.state.broadcaster
    async with broadcaster.watch(submission_id) as events:
        # Read after subscribing: what happens in between is told twice, not never.
        state = await run_in_threadpool(_read, sessions, viewer, submission_id)
        yield _event(state)
        try:
            async with asyncio.timeout(settings.event_stream_limit_s):
                while Status(state["status"]) not in TERMINAL:
                    change = await events.get()
                    if change is None:
                        return
                    state = {**state, "queue_position": None, **change}
                    yield _event(state)
        except TimeoutError:
            return


def _event(state: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(data=state, event="status", retry=RECONNECT_MS)


def _read(sessions: SessionFactory, viewer: Viewer, submission_id: UUID) -> dict[str, Any]:
    with sessions() as session:
        detail = service.get_submission(session, viewer, submission_id)
    return {
        "status": detail.submission.status,
        "queue_position": detail.queue_position,
        "tasks_done": detail.submission.tasks_done,
        "tasks_total": len(detail.weights),
    }
