"""Who is told of a notice: written down once, when its delivery begins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import (
    Delivery,
    DeliveryStatus,
    Notice,
    NoticeKind,
    NoticePreference,
    Participation,
    ParticipationMember,
    Phase,
    PhaseExtension,
    TeamMember,
    Webhook,
    new_id,
)
from app.notices.kinds import KINDS, OF_TEAM
from app.phases.terms import close_for
from app.policy import board_is_public


def fan_out(session: Session, notice_id: UUID, *, mail: bool, now: datetime) -> bool:
    """Write a delivery for each receiver; False if somebody else does so, or it was done.

    `mail` tells whether this server sends any. Who joins a team later is not told of what was.
    """
    notice = session.scalars(
        select(Notice)
        .where(Notice.id == notice_id, Notice.fanned_out_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if notice is None:
        return False
    kind = NoticeKind(notice.kind)
    people = session.scalars(_readers(notice, kind)).all() if mail else []
    hooks = session.scalars(_webhooks(notice, kind)).all()
    rows = [{"user_id": person, "webhook_id": None} for person in people]
    rows += [{"user_id": None, "webhook_id": hook} for hook in hooks]
    shared = {"notice_id": notice.id, "status": DeliveryStatus.WAITING, "attempt": 0, "due_at": now}
    if rows:
        session.execute(insert(Delivery), [{"id": new_id(), **shared, **row} for row in rows])
    notice.fanned_out_at = now
    session.flush()
    return True


def is_concerned(session: Session, delivery: Delivery, notice: Notice) -> bool:
    """Tell whether the receiver still is one: people leave, webhooks end, dates are put off."""
    kind = NoticeKind(notice.kind)
    if delivery.user_id is not None:
        who = _readers(notice, kind, only=delivery.user_id)
    else:
        who = _webhooks(notice, kind).where(Webhook.id == delivery.webhook_id)
    return session.scalars(who).one_or_none() is not None


def _readers(notice: Notice, kind: NoticeKind, *, only: UUID | None = None) -> Select[UUID]:
    """Select the people who want this kind by mail and may know of it."""
    person = TeamMember.user_id if kind is NoticeKind.MERGE else ParticipationMember.user_id
    if kind is NoticeKind.PING:
        return select(person).where(~true())
    wanted = func.coalesce(NoticePreference.by_mail, literal(KINDS[kind].by_mail))
    return (
        select(person)
        .outerjoin(
            NoticePreference,
            and_(NoticePreference.user_id == person, NoticePreference.kind == kind),
        )
        .where(
            _concerned(notice, kind),
            _public_enough(notice, kind),
            _still_so(notice, kind),
            wanted,
            true() if only is None else person == only,
        )
        .order_by(person)
    )


def _concerned(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    if kind is NoticeKind.MERGE:
        return TeamMember.team_id == notice.team_id
    stays = ParticipationMember.left_at.is_(None)
    if kind in OF_TEAM or notice.participation_id is not None:  # of a baseline it is nobody
        return and_(ParticipationMember.participation_id == notice.participation_id, stays)
    everybody = ParticipationMember.challenge_id == notice.challenge_id
    later = _has_later_close(notice, kind, ParticipationMember.participation_id)
    return and_(everybody, stays, ~later)


def _has_later_close(
    notice: Notice, kind: NoticeKind, participation_id: InstrumentedAttribute[UUID]
) -> ColumnElement[bool]:
    """Match teams for which the close that all are told of is not theirs."""
    if kind is not NoticeKind.PHASE_CLOSES:
        return false()
    return exists().where(
        PhaseExtension.phase_id == notice.phase_id,
        PhaseExtension.participation_id == participation_id,
        PhaseExtension.closes_at > _instant(notice),
    )


def _public_enough(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    """Who may not see a board is not told that its scores are others."""
    if kind is not NoticeKind.RESCORED:
        return true()
    return exists().where(Phase.id == notice.phase_id, board_is_public())


def _still_so(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    """Nobody is told any more of a date that was put off meanwhile."""
    if kind not in (NoticeKind.PHASE_OPENS, NoticeKind.PHASE_CLOSES):
        return true()
    date: ColumnElement[datetime] = Phase.opens_at.expression
    if kind is NoticeKind.PHASE_CLOSES:
        date = Phase.closes_at.expression
        if notice.participation_id is not None:
            date = close_for(Phase.id, notice.participation_id)
    return exists().where(Phase.id == notice.phase_id, date == _instant(notice))


def _instant(notice: Notice) -> datetime:
    return datetime.fromisoformat(notice.facts["instant"])


def _webhooks(notice: Notice, kind: NoticeKind) -> Select[UUID]:
    """Select the webhooks that take this kind: the challenge's, and those of teams concerned."""
    if kind is NoticeKind.PING:
        return select(Webhook.id).where(Webhook.id == notice.webhook_id)
    return (
        select(Webhook.id)
        .where(
            Webhook.disabled_at.is_(None),
            Webhook.kinds.contains([kind]),
            _still_so(notice, kind),
            _hook_of_concerned(notice, kind),
        )
        .order_by(Webhook.id)
    )


def _hook_of_concerned(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    if kind is NoticeKind.MERGE:  # it is of no challenge
        return Webhook.team_id == notice.team_id
    of_team = kind in OF_TEAM or notice.participation_id is not None
    team = exists().where(
        Participation.team_id == Webhook.team_id,
        Participation.id == notice.participation_id
        if of_team
        else and_(
            Participation.challenge_id == notice.challenge_id,
            ~_has_later_close(notice, kind, Participation.id),
        ),
        _public_enough(notice, kind),
    )
    return or_(Webhook.challenge_id == notice.challenge_id, team)
