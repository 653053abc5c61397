"""`/challenges/{slug}/participations`."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, status
from sqlalchemy.orm import Session

from app.challenges.service import get_challenge
from app.clock import utc_now
from app.errors import (
    AlreadyInChallenge,
    EmailDomainNotAllowed,
    Forbidden,
    NotFound,
    ParticipationForbids,
    TermsChanged,
)
from app.http.dependencies import DbSession, OrganizeViewer, Queue, ReadViewer, SubmitViewer
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Page
from app.models import Participation, ParticipationState
from app.participations import deciding, entrants, service
from app.participations.schemas import (
    DisqualificationRequest,
    EntrantView,
    JoinChallengeRequest,
    ParticipationView,
    RefusalRequest,
)
from app.policy import Viewer
from app.queue import RANK_PHASE, JobQueue

router = APIRouter(prefix="/challenges/{slug}/participations", tags=["participations"])

ParticipationId = Annotated[UUID, Path(description="The participation's id.")]
_DECIDING = declare(NotFound, Forbidden, ParticipationForbids)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, EmailDomainNotAllowed, TermsChanged, AlreadyInChallenge),
)
def join_challenge(
    slug: ChallengeSlug, body: JoinChallengeRequest, session: DbSession, viewer: SubmitViewer
) -> ParticipationView:
    """Enter your team by accepting the terms, or accept new terms. Captain only.

    Where the challenge's organizers decide who takes part, the team is `pending` until they have.
    """
    participation = service.join_challenge(
        session,
        viewer,
        slug,
        team_id=body.team_id,
        terms_version=body.terms_version,
        now=utc_now(),
    )
    session.commit()
    return _mine(session, viewer, participation.challenge_id)


@router.get("/mine", responses=declare(NotFound))
def read_participation(
    slug: ChallengeSlug, session: DbSession, viewer: ReadViewer
) -> ParticipationView:
    """Read with which team you take part, and what the organizers decided of it."""
    challenge = get_challenge(session, viewer, slug)
    return _mine(session, viewer, challenge.id)


@router.get("", responses=declare(NotFound, Forbidden))
def list_participations(
    slug: ChallengeSlug,
    session: DbSession,
    viewer: ReadViewer,
    paging: Paging,
    state: Annotated[
        ParticipationState | None, Query(description="Only those in this state.")
    ] = None,
) -> Page[EntrantView]:
    """List the teams of a challenge with their people, newest first. For its roles."""
    found = entrants.list_entrants(
        session, viewer, slug, state=state, after=paging.after, limit=paging.limit
    )
    return page_of(found, paging, EntrantView.of_entrant)


@router.post("/{participation_id}/approval", responses=_DECIDING)
def approve(
    slug: ChallengeSlug,
    participation_id: ParticipationId,
    session: DbSession,
    viewer: OrganizeViewer,
) -> EntrantView:
    """Let a team take part, also one that was declined. Organizers only; again changes nothing."""
    made = deciding.approve(session, viewer, slug, participation_id, now=utc_now())
    session.commit()
    return _entrant(session, made)


@router.post("/{participation_id}/refusal", responses=_DECIDING)
def decline(
    slug: ChallengeSlug,
    participation_id: ParticipationId,
    body: RefusalRequest,
    session: DbSession,
    viewer: OrganizeViewer,
) -> EntrantView:
    """Decline a team that waits, with a reason for it. Organizers only; again changes the reason.

    A team that takes part already is disqualified instead.
    """
    made = deciding.decline(
        session, viewer, slug, participation_id, reason=body.reason, now=utc_now()
    )
    session.commit()
    return _entrant(session, made)


@router.put("/{participation_id}/disqualification", responses=_DECIDING)
def disqualify(
    slug: ChallengeSlug,
    participation_id: ParticipationId,
    body: DisqualificationRequest,
    session: DbSession,
    queue: Queue,
    viewer: OrganizeViewer,
) -> EntrantView:
    """Take a team out of all boards of the challenge, and take nothing more from it.

    Organizers only. Its submissions stay, and are scored; the board follows at once. Again changes
    the reason.
    """
    made, phases = deciding.disqualify_team(
        session,
        viewer,
        slug,
        participation_id,
        reason=body.reason,
        publicly=body.public,
        now=utc_now(),
    )
    session.commit()
    _announce(queue, phases)
    return _entrant(session, made)


@router.delete("/{participation_id}/disqualification", responses=_DECIDING)
def reinstate(
    slug: ChallengeSlug,
    participation_id: ParticipationId,
    session: DbSession,
    queue: Queue,
    viewer: OrganizeViewer,
) -> EntrantView:
    """Put a disqualified team back. Organizers only; again changes nothing."""
    made, phases = deciding.reinstate_team(session, viewer, slug, participation_id, now=utc_now())
    session.commit()
    _announce(queue, phases)
    return _entrant(session, made)


def _announce(queue: JobQueue, phases: Iterable[UUID]) -> None:
    for phase_id in phases:
        queue.announce(RANK_PHASE, phase_id)


def _entrant(session: Session, participation: Participation) -> EntrantView:
    return EntrantView.of_entrant(entrants.entrant_of(session, participation))


def _mine(session: Session, viewer: Viewer, challenge_id: UUID) -> ParticipationView:
    entry = service.participation_of(session, viewer, challenge_id)
    if entry is None:
        raise NotFound("participation of yours")
    return ParticipationView.of(*entry)
