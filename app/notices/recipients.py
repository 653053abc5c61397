"""Who is told of a notice: written down once, when its delivery begins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import (
    Delivery,
    DeliveryStatus,
    Notice,
    NoticeKind,
    NoticePreference,
    Participation,
    ParticipationMember,
    Phase,
    Webhook,
    new_id,
)
from app.notices.kinds import KINDS, OF_TEAM


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
    """Tell whether the receiver still is one: people leave, webhooks end, wishes change."""
    kind = NoticeKind(notice.kind)
    if delivery.user_id is not None:
        who = _readers(notice, kind).where(ParticipationMember.user_id == delivery.user_id)
    else:
        who = _webhooks(notice, kind).where(Webhook.id == delivery.webhook_id)
    return session.scalars(who).one_or_none() is not None


def _readers(notice: Notice, kind: NoticeKind) -> Select[UUID]:
    """Select the people who want this kind by mail and may know of it."""
    if kind is NoticeKind.PING:
        return select(ParticipationMember.user_id).where(~true())
    wanted = func.coalesce(NoticePreference.by_mail, literal(KINDS[kind].by_mail))
    return (
        select(ParticipationMember.user_id)
        .outerjoin(
            NoticePreference,
            and_(
                NoticePreference.user_id == ParticipationMember.user_id,
                NoticePreference.kind == kind,
            ),
        )
        .where(
            _concerned(notice, kind),
            ParticipationMember.left_at.is_(None),
            _public_enough(notice, kind),
            wanted,
        )
        .order_by(ParticipationMember.user_id)
    )


def _concerned(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    if kind in OF_TEAM:  # of a baseline it is nobody
        return ParticipationMember.participation_id == notice.participation_id
    return ParticipationMember.challenge_id == notice.challenge_id


def _public_enough(notice: Notice, kind: NoticeKind) -> ColumnElement[bool]:
    """Who may not see a board is not told how it ranks; as `leaderboards.ranking_changes`."""
    if kind not in (NoticeKind.RANKING_CHANGED, NoticeKind.RESCORED):
        return true()
    return exists().where(Phase.id == notice.phase_id, Phase.board_visible)


def _webhooks(notice: Notice, kind: NoticeKind) -> Select[UUID]:
    """Select the webhooks that take this kind: the challenge's, and those of teams concerned."""
    if kind is NoticeKind.PING:
        return select(Webhook.id).where(Webhook.id == notice.webhook_id)
    team = exists().where(
        Participation.team_id == Webhook.team_id,
        Participation.id == notice.participation_id
        if kind in OF_TEAM
        else Participation.challenge_id == notice.challenge_id,
        _public_enough(notice, kind),
    )
    return (
        select(Webhook.id)
        .where(
            Webhook.disabled_at.is_(None),
            Webhook.kinds.contains([kind]),
            or_(Webhook.challenge_id == notice.challenge_id, team),
        )
        .order_by(Webhook.id)
    )
