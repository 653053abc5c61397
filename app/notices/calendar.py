"""What time alone brings about: phases that open or close soon, and quotas that free a slot.

The sweep asks again and again, from whichever process; the occasion's name has each told once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Interval, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.errors import QuotaExceeded
from app.models import Challenge, Notice, NoticeKind, Phase, PhaseExtension, Submission
from app.outbox import note
from app.phases.terms import close_for, extra_for, terms_of
from app.policy import ANYBODY, sees_challenge
from app.submissions.lifecycle import COUNTS_FOR_QUOTA
from app.submissions.quota import DAY, require_room, use_of

LEADS = (timedelta(hours=1), timedelta(hours=24))
# A slot that became free while nobody swept is told of for so long.
LATE = timedelta(hours=6)
_A_DAY = literal(DAY, Interval())  # a column of ours would take it for an instant


def lead_before(instant: datetime, now: datetime) -> timedelta | None:
    """Return which of the leads has come: the shortest one; None if none has, or it is too late.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> lead_before(noon, noon - timedelta(minutes=50)).total_seconds() / 3600
    1.0
    >>> lead_before(noon, noon - timedelta(minutes=70)).total_seconds() / 3600
    24.0
    >>> lead_before(noon, noon) is lead_before(noon, noon - timedelta(hours=25)) is None
    True
    """
    left = instant - now
    if left <= timedelta(0):
        return None
    return next((lead for lead in LEADS if left <= lead), None)


def note_phase_dates(session: Session, *, now: datetime) -> None:
    """Note the phases of published challenges that open or close soon; a date put off is another.

    Who missed the earlier lead is told of the later one only; a team for which a phase closes
    later, of that close only.
    """
    _note_dates(session, NoticeKind.PHASE_OPENS, Phase.opens_at, now=now)
    _note_dates(session, NoticeKind.PHASE_CLOSES, Phase.closes_at, now=now)
    _note_own_closes(session, now=now)


def _note_dates(
    session: Session, kind: NoticeKind, column: InstrumentedAttribute[datetime], *, now: datetime
) -> None:
    soon = session.execute(
        select(Phase.id, Phase.challenge_id, column)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(column > now, column <= now + LEADS[-1], sees_challenge(ANYBODY))
    ).all()
    for phase_id, challenge_id, instant in soon:
        _note_date(session, kind, phase_id, challenge_id, instant, now=now)


def _note_own_closes(session: Session, *, now: datetime) -> None:
    own = func.max(PhaseExtension.closes_at)
    soon = session.execute(
        select(Phase.id, Phase.challenge_id, own, PhaseExtension.participation_id)
        .join(Phase, Phase.id == PhaseExtension.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(PhaseExtension.participation_id.is_not(None), sees_challenge(ANYBODY))
        .group_by(Phase.id, PhaseExtension.participation_id)
        .having(own > Phase.closes_at, own > now, own <= now + LEADS[-1])
    ).all()
    for phase_id, challenge_id, instant, participation_id in soon:
        assert instant is not None  # noqa: S101 - the query asks for later ones; narrows for mypy
        _note_date(
            session,
            NoticeKind.PHASE_CLOSES,
            phase_id,
            challenge_id,
            instant,
            participation_id=participation_id,
            now=now,
        )


def _note_date(
    session: Session,
    kind: NoticeKind,
    phase_id: UUID,
    challenge_id: UUID,
    instant: datetime,
    *,
    participation_id: UUID | None = None,
    now: datetime,
) -> None:
    lead = lead_before(instant, now)
    if lead is None:  # the query let it through at the edge
        return
    hours = int(lead / timedelta(hours=1))
    whom = "" if participation_id is None else f":{participation_id}"
    note(
        session,
        kind,
        now=now,
        challenge_id=challenge_id,
        phase_id=phase_id,
        participation_id=participation_id,
        facts={"hours": hours, "instant": instant.isoformat()},
        once=f"{kind}:{phase_id}:{hours}h:{instant.isoformat()}{whom}",
        expires_at=instant,
    )


def note_free_slots(session: Session, *, now: datetime) -> None:
    """Note the teams that were at their limit of 24 hours and may hand in again.

    A team that could hand in all the while, or that has handed in again since, is told nothing.
    """
    for submission_id, phase, participation_id in _came_of_age(session, now=now):
        terms = terms_of(session, phase, participation_id)
        try:
            require_room(terms, use_of(session, phase.id, participation_id, now=now))
        except QuotaExceeded:
            continue
        note(
            session,
            NoticeKind.QUOTA_FREE,
            now=now,
            challenge_id=phase.challenge_id,
            phase_id=phase.id,
            participation_id=participation_id,
            once=f"quota:{submission_id}",
            expires_at=terms.closes_at,
        )


def _came_of_age(session: Session, *, now: datetime) -> Sequence[tuple[UUID, Phase, UUID]]:
    """Find submissions that lately became 24 hours old, and were one of a full quota until then."""
    other = aliased(Submission)
    beside = (
        select(func.count())
        .where(
            other.phase_id == Submission.phase_id,
            other.participation_id == Submission.participation_id,
            other.status.in_(COUNTS_FOR_QUOTA),
            # Of two of the same instant, one is the first.
            or_(
                other.received_at > Submission.received_at,
                (other.received_at == Submission.received_at) & (other.id >= Submission.id),
            ),
            other.received_at < Submission.received_at + _A_DAY,
        )
        .scalar_subquery()
    )
    told = exists().where(
        Notice.kind == NoticeKind.QUOTA_FREE,
        Notice.phase_id == Submission.phase_id,
        Notice.participation_id == Submission.participation_id,
        Notice.at >= Submission.received_at + _A_DAY,
    )
    rows = session.execute(
        select(Submission.id, Phase, Submission.participation_id)
        .join(Phase, Phase.id == Submission.phase_id)
        .where(
            Phase.opens_at <= now,
            close_for(Phase.id, Submission.participation_id) > now,
            Submission.participation_id.is_not(None),
            Submission.status.in_(COUNTS_FOR_QUOTA),
            Submission.received_at > now - DAY - LATE,
            Submission.received_at <= now - DAY,
            beside >= Phase.quota_per_day + extra_for(Phase.id, Submission.participation_id),
            ~told,
        )
        .order_by(Submission.received_at)
    ).all()
    # One slot or several, it is one piece of news.
    latest = {(phase.id, team): (key, phase, team) for key, phase, team in rows if team is not None}
    return list(latest.values())
