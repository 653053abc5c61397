"""What organizers decide of participations: let in, decline, disqualify, reinstate."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_organized
from app.errors import NotFound, ParticipationForbids
from app.models import (
    Disqualifiable,
    Participation,
    ParticipationState,
    Submission,
)
from app.outbox import note_decision
from app.policy import Viewer
from app.queue import request_ranking


def approve(
    session: Session, viewer: Viewer, slug: str, participation_id: UUID, *, now: datetime
) -> Participation:
    """Let a team take part, also one that was declined; again changes nothing.

    Raises
    ------
    NotFound, Forbidden, ParticipationForbids
        As `_lock`.
    """
    participation = _lock(session, viewer, slug, participation_id)
    if participation.state != ParticipationState.APPROVED:
        record(
            session,
            viewer,
            "participation.approved",
            challenge_id=participation.challenge_id,
            subject=participation,
            before={"state": participation.state},
            after={"state": ParticipationState.APPROVED},
            now=now,
        )
        participation.state = ParticipationState.APPROVED
        participation.decided_at = now
        participation.decided_by_id = viewer.me
        participation.decision_reason = None
        session.flush()
        _tell(session, participation, "approved", now=now)
    return participation


def decline(
    session: Session,
    viewer: Viewer,
    slug: str,
    participation_id: UUID,
    *,
    reason: str,
    now: datetime,
) -> Participation:
    """Decline a team that waits; or give another reason.

    Raises
    ------
    NotFound, Forbidden, ParticipationForbids
        As `_lock`; also if the team takes part already.
    """
    participation = _lock(session, viewer, slug, participation_id)
    if participation.state == ParticipationState.APPROVED:
        raise ParticipationForbids("The team takes part already: disqualify it instead.")
    record(
        session,
        viewer,
        "participation.declined",
        challenge_id=participation.challenge_id,
        subject=participation,
        before={"state": participation.state, "reason": participation.decision_reason},
        after={"state": ParticipationState.DECLINED, "reason": reason},
        reason=reason,
        now=now,
    )
    is_news = (participation.state, participation.decision_reason) != (
        ParticipationState.DECLINED,
        reason,
    )
    participation.state = ParticipationState.DECLINED
    participation.decided_at = now
    participation.decided_by_id = viewer.me
    participation.decision_reason = reason
    session.flush()
    if is_news:
        _tell(session, participation, "declined", reason=reason, now=now)
    return participation


def disqualify_team(
    session: Session,
    viewer: Viewer,
    slug: str,
    participation_id: UUID,
    *,
    reason: str,
    publicly: bool,
    now: datetime,
) -> tuple[Participation, list[UUID]]:
    """Take a team out of all ranks; again changes the reason. Return also the phases to rank.

    Raises
    ------
    NotFound, Forbidden, ParticipationForbids
        As `_lock`.
    """
    participation = _lock(session, viewer, slug, participation_id)
    before = standing_of(participation)
    disqualify(participation, by=viewer.me, reason=reason, publicly=publicly, now=now)
    record(
        session,
        viewer,
        "participation.disqualified",
        challenge_id=participation.challenge_id,
        subject=participation,
        before=before,
        after=standing_of(participation),
        reason=reason,
        now=now,
    )
    if before != standing_of(participation):
        _tell(session, participation, "disqualified", reason=reason, now=now)
    return participation, _rank_again(session, participation)


def reinstate_team(
    session: Session, viewer: Viewer, slug: str, participation_id: UUID, *, now: datetime
) -> tuple[Participation, list[UUID]]:
    """Put a team back into the ranks; again changes nothing. Return also the phases to rank.

    What it handed in to a phase that was re-scored without it meanwhile the sweep has scored.

    Raises
    ------
    NotFound, Forbidden, ParticipationForbids
        As `_lock`.
    """
    participation = _lock(session, viewer, slug, participation_id)
    before = standing_of(participation)
    reinstate(participation)
    record(
        session,
        viewer,
        "participation.reinstated",
        challenge_id=participation.challenge_id,
        subject=participation,
        before=before,
        after=standing_of(participation),
        now=now,
    )
    if before != standing_of(participation):
        _tell(session, participation, "reinstated", now=now)
    return participation, _rank_again(session, participation)


def disqualify(
    row: Disqualifiable, *, by: UUID, reason: str, publicly: bool, now: datetime
) -> None:
    """Mark a row as disqualified; the instant of the first time stays."""
    row.disqualified_at = row.disqualified_at or now
    row.disqualified_by_id = by
    row.disqualified_reason = reason
    row.disqualified_publicly = publicly


def reinstate(row: Disqualifiable) -> None:
    """Take the mark off."""
    row.disqualified_at = None
    row.disqualified_by_id = None
    row.disqualified_reason = None
    row.disqualified_publicly = False


def standing_of(row: Disqualifiable) -> dict[str, object]:
    """Return what the audit log says of whether a row is disqualified."""
    return {
        "disqualified": row.disqualified_at is not None,
        "reason": row.disqualified_reason,
        "public": row.disqualified_publicly,
    }


def phases_handed_in_to(session: Session, participation_ids: Sequence[UUID]) -> list[UUID]:
    """Return the phases that have submissions of teams, in the order in which boards are locked."""
    statement = select(Submission.phase_id).where(
        Submission.participation_id.in_(participation_ids)
    )
    return sorted(session.scalars(statement.distinct()))


def _tell(
    session: Session,
    participation: Participation,
    decision: str,
    *,
    reason: str | None = None,
    now: datetime,
) -> None:
    note_decision(
        session,
        challenge_id=participation.challenge_id,
        participation_id=participation.id,
        decision=decision,
        reason=reason,
        now=now,
    )


def _rank_again(session: Session, participation: Participation) -> list[UUID]:
    session.flush()
    phases = phases_handed_in_to(session, [participation.id])
    for phase_id in phases:
        request_ranking(session, phase_id)
    return phases


def _lock(session: Session, viewer: Viewer, slug: str, participation_id: UUID) -> Participation:
    """Lock a participation that the viewer may decide upon: no upload of the team goes on.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge, or it has no such participation.
    Forbidden
        If the viewer does not organize it.
    ParticipationForbids
        If the team has become part of another.
    """
    challenge = get_organized(session, viewer, slug)
    participation = session.scalars(
        select(Participation)
        .where(Participation.id == participation_id, Participation.challenge_id == challenge.id)
        .with_for_update()
    ).one_or_none()
    if participation is None:
        raise NotFound("participation")
    if participation.merged_into_id is not None:
        raise ParticipationForbids(
            f"The team has become part of another, whose participation is "
            f"{participation.merged_into_id}."
        )
    return participation
