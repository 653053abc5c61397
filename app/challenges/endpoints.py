"""`/challenges`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, status
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from app.blobs import BlobStore
from app.challenges import service
from app.challenges.bundle import Bundle
from app.challenges.receiving import BUNDLE_BODY, receive_bundle
from app.challenges.schemas import (
    ChallengeSummary,
    ChallengeView,
)
from app.challenges.withheld import KnownFiles, nothing_known
from app.clock import utc_now
from app.db import SessionFactory
from app.errors import (
    BadRequest,
    ChangeNeedsRescoring,
    ExtensionPromised,
    Forbidden,
    InvalidBundle,
    NotFound,
    PlanOutdated,
    PolicyChangeNeedsRecord,
    PrivateScoresRevealed,
    SlugTaken,
    TooLarge,
)
from app.http.dependencies import (
    AnyViewer,
    AppSettings,
    Blobs,
    DbSession,
    OrganizeViewer,
    Queue,
    Sessions,
)
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Page
from app.models import Challenge
from app.phases.service import phases_of
from app.phases.terms import own_exceptions
from app.policy import Viewer, require_may_create_challenges
from app.queue import RANK_PHASE, JobQueue

router = APIRouter(prefix="/challenges", tags=["challenges"])


@router.get("")
def list_challenges(
    session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[ChallengeSummary]:
    """List the challenges you may see, newest first."""
    challenges = service.list_challenges(session, viewer, after=paging.after, limit=paging.limit)
    return page_of(challenges, paging, ChallengeSummary.model_validate)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=declare(Forbidden, BadRequest, TooLarge, InvalidBundle, SlugTaken),
    openapi_extra=BUNDLE_BODY,
)
async def create_challenge(
    request: Request,
    sessions: Sessions,
    blobs: Blobs,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> ChallengeView:
    """Create a challenge from its bundle; it is yours, and not published."""
    require_may_create_challenges(viewer)
    bundle = await receive_bundle(request, blobs, settings, nothing_known)
    return await run_in_threadpool(_write, sessions, blobs, queue, viewer, bundle)


@router.put(
    "/{slug}",
    responses=declare(
        NotFound,
        Forbidden,
        BadRequest,
        TooLarge,
        InvalidBundle,
        PlanOutdated,
        ChangeNeedsRescoring,
        ExtensionPromised,
        PolicyChangeNeedsRecord,
        PrivateScoresRevealed,
    ),
    openapi_extra=BUNDLE_BODY,
)
async def update_challenge(
    slug: ChallengeSlug,
    request: Request,
    sessions: Sessions,
    blobs: Blobs,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
    plan: Annotated[
        str | None,
        Query(description="The `digest` of the plan you looked at: only that one is applied."),
    ] = None,
) -> ChallengeView:
    """Bring a challenge to what its new bundle says; refused where it would alter scores.

    Files may be named by digest only, as in an exported bundle, where this challenge has them.
    """
    known = await run_in_threadpool(service.files_of, sessions, viewer, slug)
    bundle = await receive_bundle(request, blobs, settings, KnownFiles(known, blobs))
    update = Update(slug, plan)
    return await run_in_threadpool(_write, sessions, blobs, queue, viewer, bundle, update)


@router.get("/{slug}", responses=declare(NotFound))
def read_challenge(slug: ChallengeSlug, session: DbSession, viewer: AnyViewer) -> ChallengeView:
    """Read a challenge, its pages and its phases."""
    return _view(session, viewer, service.get_challenge(session, viewer, slug))


@router.post("/{slug}/publication", responses=declare(NotFound, Forbidden))
def publish_challenge(
    slug: ChallengeSlug, session: DbSession, viewer: OrganizeViewer
) -> ChallengeView:
    """Show a challenge to everybody. Organizers only; again changes nothing."""
    challenge = service.publish_challenge(session, viewer, slug, now=utc_now())
    session.commit()
    return _view(session, viewer, challenge)


@dataclass(frozen=True)
class Update:
    """Which challenge is updated, and the digest of the plan that was looked at, if one was."""

    slug: str
    planned: str | None


def _write(
    sessions: SessionFactory,
    blobs: BlobStore,
    queue: JobQueue,
    viewer: Viewer,
    bundle: Bundle,
    update: Update | None = None,
) -> ChallengeView:
    now = utc_now()
    with sessions() as session:
        if update is None:
            challenge = service.create_challenge(session, viewer, bundle, blobs=blobs, now=now)
        else:
            challenge = service.update_challenge(
                session,
                viewer,
                update.slug,
                bundle,
                planned=update.planned,
                blobs=blobs,
                now=now,
            )
        session.commit()
        view = _view(session, viewer, challenge)
    for phase in view.phases:
        queue.announce(RANK_PHASE, phase.id)
    return view


def _view(session: Session, viewer: Viewer, challenge: Challenge) -> ChallengeView:
    phases = phases_of(session, challenge.id)
    granted = own_exceptions(session, viewer, [phase.id for phase in phases])
    return ChallengeView.of(challenge, phases, granted, now=utc_now())
