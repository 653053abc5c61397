"""`/phases/{id}/extensions`."""

from fastapi import APIRouter, status

from app.clock import utc_now
from app.errors import (
    ExtensionNotLater,
    Forbidden,
    NotFound,
    ParticipationForbids,
    PrivateScoresRevealed,
)
from app.http.dependencies import AnyViewer, DbSession, OrganizeViewer, Queue
from app.http.pagination import Paging, page_of
from app.http.paths import PhaseId
from app.http.problems import declare
from app.http.schemas import Page
from app.phases import extensions, granted
from app.phases.extension_schemas import ExtensionRequest, ExtensionView
from app.queue import DELIVER_NOTICE

router = APIRouter(tags=["phases"])


@router.post(
    "/phases/{phase_id}/extensions",
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound, Forbidden, ParticipationForbids, ExtensionNotLater, PrivateScoresRevealed
    ),
)
def extend_phase(
    phase_id: PhaseId,
    body: ExtensionRequest,
    session: DbSession,
    queue: Queue,
    viewer: OrganizeViewer,
) -> ExtensionView:
    """Put a phase's close off for all, or make an exception for one team. Organizers only.

    A phase that has closed opens again. It is recorded with its reason and never taken back: what
    is for all in public, what is for one team for that team. Those it concerns are told. A bundle
    that is exported afterwards states the close for all, and one that is sent may not close it
    earlier.
    """
    now = utc_now()
    if body.participation_id is not None:
        row, notice_id = extensions.make_exception(
            session,
            viewer,
            phase_id,
            body.participation_id,
            closes_at=body.closes_at,
            extra_submissions=body.extra_submissions,
            reason=body.reason,
            now=now,
        )
    else:
        assert body.closes_at is not None  # noqa: S101 - the body was refused without; narrows
        row, notice_id = extensions.extend_phase(
            session, viewer, phase_id, closes_at=body.closes_at, reason=body.reason, now=now
        )
    session.commit()
    if notice_id is not None:
        queue.announce(DELIVER_NOTICE, notice_id)
    return ExtensionView.of(granted.granted_by(session, row))


@router.get("/phases/{phase_id}/extensions", responses=declare(NotFound))
def list_extensions(
    phase_id: PhaseId, session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[ExtensionView]:
    """List how a phase was extended, newest first: for all, and for your own team.

    Organizers and readers see what every team was granted.
    """
    found = granted.list_extensions(
        session, viewer, phase_id, after=paging.after, limit=paging.limit, now=utc_now()
    )
    return page_of(found, paging, ExtensionView.of)
