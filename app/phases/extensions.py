"""Extend a phase for all, or make an exception for one team: with a reason, for good."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import ExtensionNotLater, Forbidden, NotFound, ParticipationForbids
from app.models import (
    Challenge,
    NoticeKind,
    Participation,
    Phase,
    PhaseExtension,
    new_id,
)
from app.outbox import note
from app.phases.parts import require_hidden
from app.phases.service import get_phase
from app.phases.terms import terms_of
from app.policy import Viewer, organizes_challenge


def extend_phase(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    closes_at: datetime,
    reason: str,
    now: datetime,
) -> tuple[PhaseExtension, UUID | None]:
    """Put a phase's close off for all, and open it again if it has closed.

    Return the record, and the notice to announce to the queue.

    Raises
    ------
    NotFound, Forbidden
        As `_organized`.
    ExtensionNotLater
        If it is not later than the present close, or has passed.
    PrivateScoresRevealed
        As `require_hidden`.
    """
    phase, challenge = _organized(session, viewer, phase_id)
    _lock(session, phase)
    _require_later(phase, closes_at, phase.closes_at, now=now)
    row = _write(session, viewer, phase, None, phase.closes_at, closes_at, None, reason, now=now)
    phase.closes_at = closes_at
    record(
        session,
        viewer,
        "phase.extended",
        challenge_id=challenge.id,
        subject=phase,
        before={"closes_at": row.closes_at_before},
        after={"closes_at": closes_at},
        reason=reason,
        now=now,
    )
    return row, _tell(session, NoticeKind.PHASE_EXTENDED, phase, row, now=now)


def make_exception(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    participation_id: UUID,
    *,
    closes_at: datetime | None,
    extra_submissions: int | None,
    reason: str,
    now: datetime,
) -> tuple[PhaseExtension, UUID | None]:
    """Give one team a later close, submissions beyond the quota, or both.

    Return the record, and the notice to announce to the queue.

    Raises
    ------
    NotFound, Forbidden
        As `_organized`; also if no team takes part in the challenge with this participation.
    ParticipationForbids
        If the team has become part of another.
    ExtensionNotLater
        If its close is not later than the team's present one, or has passed.
    PrivateScoresRevealed
        As `require_hidden`.
    """
    phase, challenge = _organized(session, viewer, phase_id)
    # In the order in which an upload locks them.
    participation = _lock_participation(session, challenge, participation_id)
    _lock(session, phase)
    before = terms_of(session, phase, participation.id)
    if closes_at is not None:
        _require_later(phase, closes_at, before.closes_at, now=now)
        if phase.private_sides is not None:
            phase.hidden_until = max(phase.hidden_until or closes_at, closes_at)
    row = _write(
        session,
        viewer,
        phase,
        participation.id,
        before.closes_at,
        closes_at,
        extra_submissions,
        reason,
        now=now,
    )
    record(
        session,
        viewer,
        "phase.exception-made",
        challenge_id=challenge.id,
        subject=participation,
        before={
            "closes_at": before.closes_at,
            "extra_submissions": before.extra_submissions,
        },
        after={
            "phase": phase.slug,
            "closes_at": before.closes_at if closes_at is None else closes_at,
            "extra_submissions": before.extra_submissions + (extra_submissions or 0),
        },
        reason=reason,
        now=now,
    )
    return row, _tell(session, NoticeKind.EXCEPTION_GRANTED, phase, row, now=now)


def take_over(
    session: Session, viewer: Viewer, *, joining: UUID, staying: UUID, now: datetime
) -> None:
    """Grant a team what another one, which becomes part of it, was granted in a challenge.

    The caller holds the locks on both participations.
    """
    rows = session.scalars(
        select(PhaseExtension)
        .where(PhaseExtension.participation_id == joining)
        .order_by(PhaseExtension.id)
    ).all()
    for row in rows:
        phase = session.get_one(Phase, row.phase_id)
        before = terms_of(session, phase, staying).closes_at
        closes_at = row.closes_at if row.closes_at is not None and row.closes_at > before else None
        if closes_at is None and row.extra_submissions is None:
            continue
        reason = f"Taken over when the teams merged: {row.reason}"
        _write(
            session,
            viewer,
            phase,
            staying,
            before,
            closes_at,
            row.extra_submissions,
            reason,
            now=now,
        )


def _write(
    session: Session,
    viewer: Viewer,
    phase: Phase,
    participation_id: UUID | None,
    before: datetime,
    closes_at: datetime | None,
    extra_submissions: int | None,
    reason: str,
    *,
    now: datetime,
) -> PhaseExtension:
    row = PhaseExtension(
        id=new_id(),
        phase_id=phase.id,
        at=now,
        by_id=viewer.me,
        reason=reason,
        participation_id=participation_id,
        closes_at_before=before,
        closes_at=closes_at,
        extra_submissions=extra_submissions,
    )
    session.add(row)
    session.flush()
    return row


def _require_later(phase: Phase, closes_at: datetime, present: datetime, *, now: datetime) -> None:
    require_hidden(phase, now)
    if closes_at <= present:
        raise ExtensionNotLater(f"It closes at {present:%Y-%m-%d %H:%M:%S} UTC: name a later one.")
    if closes_at <= now:
        raise ExtensionNotLater(f"{closes_at:%Y-%m-%d %H:%M:%S} UTC has passed already.")


def _tell(
    session: Session, kind: NoticeKind, phase: Phase, row: PhaseExtension, *, now: datetime
) -> UUID | None:
    return note(
        session,
        kind,
        now=now,
        challenge_id=phase.challenge_id,
        phase_id=phase.id,
        participation_id=row.participation_id,
        facts={
            "reason": row.reason,
            "closes_at_before": row.closes_at_before.isoformat(),
            "closes_at": None if row.closes_at is None else row.closes_at.isoformat(),
            "extra_submissions": row.extra_submissions,
        },
        once=f"extension:{row.id}",
    )


def _organized(session: Session, viewer: Viewer, phase_id: UUID) -> tuple[Phase, Challenge]:
    """Return a phase of a challenge that the viewer organizes.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    Forbidden
        If the viewer does not organize the challenge.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    may = select(exists().where(Challenge.id == challenge.id, organizes_challenge(viewer)))
    if not session.scalar(may):
        raise Forbidden("Only organizers of the challenge extend its phases.")
    return phase, challenge


def _lock(session: Session, phase: Phase) -> None:
    """Order this after whoever extends or updates the phase, or hands in to it, at this moment."""
    session.refresh(phase, with_for_update={"key_share": True})


def _lock_participation(
    session: Session, challenge: Challenge, participation_id: UUID
) -> Participation:
    participation = session.scalars(
        select(Participation)
        .where(Participation.id == participation_id, Participation.challenge_id == challenge.id)
        .with_for_update()
    ).one_or_none()
    if participation is None:
        raise NotFound("participation")
    if participation.merged_into_id is not None:
        raise ParticipationForbids(
            "The team has become part of another, whose participation is "
            f"{participation.merged_into_id}."
        )
    return participation
