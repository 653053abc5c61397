"""`/challenges/{slug}/rescorings`."""

from collections.abc import Sequence
from copy import deepcopy
from itertools import takewhile
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from app.blobs import BlobStore
from app.challenges.bundle import Bundle
from app.challenges.receiving import BUNDLE_BODY, receive_bundle_form
from app.challenges.service import files_of
from app.challenges.withheld import KnownFiles
from app.clock import utc_now
from app.db import SessionFactory
from app.errors import (
    BadRequest,
    Forbidden,
    InvalidBundle,
    InvalidInput,
    NotFound,
    NothingToRescore,
    RescoringBlocked,
    RescoringCannotChange,
    RescoringDecided,
    RescoringNotReady,
    RescoringOpen,
    RescoringOutdated,
    TooLarge,
)
from app.http.dependencies import (
    AnyViewer,
    AppSettings,
    Blobs,
    DbSession,
    OrganizeViewer,
    Queue,
    ReadViewer,
    Sessions,
)
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Page
from app.models import ItemState, Rescoring
from app.policy import Viewer, Who
from app.queue import RANK_PHASE, RESCORE_SUBMISSION, JobQueue
from app.rescorings import service
from app.rescorings.applying import apply_rescoring
from app.rescorings.items import list_items, mark_announced, waiting_items
from app.rescorings.present import preview_view, rescoring_view
from app.rescorings.schemas import ItemView, PreviewView, RescoringView

router = APIRouter(tags=["rescorings"])

RescoringId = Annotated[UUID, Path(description="The re-scoring's id.")]
ItemStateQuery = Annotated[ItemState | None, Query(description="Only items in this state.")]

# What is announced at once; the sweep announces the rest.
_FIRST = 100


def _body() -> dict[str, Any]:
    body = deepcopy(BUNDLE_BODY)
    content = body["requestBody"]["content"]["multipart/form-data"]
    content["schema"]["properties"]["reason"] = {
        "type": "string",
        "minLength": 1,
        "maxLength": service.REASON_LIMIT,
        "description": "Why, for everybody to read once it is applied.",
    }
    content["schema"]["required"] = ["reason"]
    for example in content["examples"].values():
        example["value"]["reason"] = "The labels of two tiles were swapped."
    return body


@router.post(
    "/challenges/{slug}/rescorings",
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound,
        Forbidden,
        BadRequest,
        TooLarge,
        InvalidBundle,
        InvalidInput,
        NothingToRescore,
        RescoringCannotChange,
        RescoringOpen,
    ),
    openapi_extra=_body(),
)
async def create_rescoring(
    slug: ChallengeSlug,
    request: Request,
    sessions: Sessions,
    blobs: Blobs,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> RescoringView:
    """Have every submission of the phases evaluated by what the bundle says, beside its scores.

    The bundle is as for an update, and changes what an update may not: tasks, labels, weights,
    splits, scorer and scaling of phases with submissions. Nobody else sees the set before it is
    applied. Organizers only.
    """
    known = await run_in_threadpool(files_of, sessions, viewer, slug)
    source = KnownFiles(known, blobs)
    bundle, fields = await receive_bundle_form(request, blobs, settings, source)
    making = _Making(sessions, blobs, queue, settings.max_attempts)
    return await run_in_threadpool(making, viewer, slug, bundle, fields.get("reason", "").strip())


@router.get("/challenges/{slug}/rescorings", responses=declare(NotFound))
def list_rescorings(
    slug: ChallengeSlug, session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[RescoringView]:
    """List how a challenge was re-scored, newest first, and why.

    Those who run or read the challenge also see sets that are open or were cancelled.
    """
    rows, who = service.list_rescorings(
        session, viewer, slug, after=paging.after, limit=paging.limit
    )
    now = utc_now()
    return page_of(rows, paging, lambda one: rescoring_view(session, one, who=who, now=now))


@router.get("/challenges/{slug}/rescorings/{rescoring_id}", responses=declare(NotFound))
def read_rescoring(
    slug: ChallengeSlug, rescoring_id: RescoringId, session: DbSession, viewer: AnyViewer
) -> RescoringView:
    """Read a re-scoring: what it changes, why, and how far it is or who moved."""
    rescoring, who = service.get_rescoring(session, viewer, slug, rescoring_id)
    return rescoring_view(session, rescoring, who=who, now=utc_now())


@router.get(
    "/challenges/{slug}/rescorings/{rescoring_id}/preview",
    responses=declare(NotFound, Forbidden, RescoringDecided),
)
def preview_rescoring(
    slug: ChallengeSlug, rescoring_id: RescoringId, session: DbSession, viewer: ReadViewer
) -> PreviewView:
    """Set the boards as they are beside what they would be. For those who run or read it."""
    # One look for all queries: both boards are of the same scores.
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    rescoring = service.get_inside(session, viewer, slug, rescoring_id)
    service.require_not_cancelled(rescoring)
    return preview_view(session, rescoring, now=utc_now())


@router.get(
    "/challenges/{slug}/rescorings/{rescoring_id}/items", responses=declare(NotFound, Forbidden)
)
def list_rescoring_items(
    slug: ChallengeSlug,
    rescoring_id: RescoringId,
    session: DbSession,
    viewer: ReadViewer,
    paging: Paging,
    state: ItemStateQuery = None,
) -> Page[ItemView]:
    """List the submissions of a set, newest first. For those who run or read the challenge."""
    rescoring = service.get_inside(session, viewer, slug, rescoring_id)
    rows = list_items(session, rescoring, state=state, after=paging.after, limit=paging.limit)
    return page_of(rows, paging, ItemView.model_validate)


@router.post(
    "/challenges/{slug}/rescorings/{rescoring_id}/application",
    responses=declare(
        NotFound,
        Forbidden,
        RescoringDecided,
        RescoringOutdated,
        RescoringNotReady,
        RescoringBlocked,
    ),
)
def apply(
    slug: ChallengeSlug,
    rescoring_id: RescoringId,
    session: DbSession,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> RescoringView:
    """Make the set's scores official, and its rules those of the phases, all at once.

    The boards follow, everybody who takes part is told with the reason, and what was being scored
    by the old rules is scored anew. Again changes nothing. Organizers only.
    """
    now = utc_now()
    applied = apply_rescoring(
        session, viewer, slug, rescoring_id, attempts=settings.max_attempts, now=now
    )
    session.commit()
    for phase_id in applied.phase_ids:
        queue.announce(RANK_PHASE, phase_id)
    return rescoring_view(session, applied.rescoring, who=Who.ROLE, now=now)


@router.post(
    "/challenges/{slug}/rescorings/{rescoring_id}/cancellation",
    responses=declare(NotFound, Forbidden, RescoringDecided),
)
def cancel(
    slug: ChallengeSlug, rescoring_id: RescoringId, session: DbSession, viewer: OrganizeViewer
) -> RescoringView:
    """Give a set up: no score changes. Again changes nothing. Organizers only."""
    now = utc_now()
    rescoring = service.cancel_rescoring(session, viewer, slug, rescoring_id, now=now)
    session.commit()
    return rescoring_view(session, rescoring, who=Who.ROLE, now=now)


@router.post(
    "/challenges/{slug}/rescorings/{rescoring_id}/retries",
    responses=declare(NotFound, Forbidden, RescoringDecided),
)
def retry(
    slug: ChallengeSlug,
    rescoring_id: RescoringId,
    session: DbSession,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> RescoringView:
    """Try again what failed for a reason of ours. Organizers only."""
    rescoring = service.retry_items(
        session, viewer, slug, rescoring_id, more=settings.max_attempts, now=utc_now()
    )
    session.commit()
    _announce(session, queue, rescoring)
    return rescoring_view(session, rescoring, who=Who.ROLE, now=utc_now())


class _Making:
    """Makes a set in a thread of its own: reading the request was the event loop's."""

    def __init__(
        self, sessions: SessionFactory, blobs: BlobStore, queue: JobQueue, attempts: int
    ) -> None:
        self._sessions = sessions
        self._blobs = blobs
        self._queue = queue
        self._attempts = attempts

    def __call__(self, viewer: Viewer, slug: str, bundle: Bundle, reason: str) -> RescoringView:
        now = utc_now()
        with self._sessions() as session:
            rescoring = service.create_rescoring(
                session,
                viewer,
                slug,
                bundle,
                reason=reason,
                attempts=self._attempts,
                blobs=self._blobs,
                now=now,
            )
            session.commit()
            _announce(session, self._queue, rescoring)
            return rescoring_view(session, rescoring, who=Who.ROLE, now=now)


def _announce(session: Session, queue: JobQueue, rescoring: Rescoring) -> None:
    waiting: Sequence[UUID] = waiting_items(session, rescoring.id, limit=_FIRST)
    sent = list(takewhile(lambda item: queue.announce(RESCORE_SUBMISSION, item), waiting))
    mark_announced(session, sent, now=utc_now())
    session.commit()
