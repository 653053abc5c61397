"""Announcements: organizers post, edit and withdraw them; whoever sees the challenge reads them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_challenge, get_organized
from app.errors import NotFound
from app.models import Announcement, NoticeKind, new_id
from app.outbox import note
from app.policy import Viewer


def post_announcement(
    session: Session, viewer: Viewer, slug: str, *, title: str, body: str, now: datetime
) -> tuple[Announcement, UUID | None]:
    """Tell everybody something; return it and the notice to announce to the queue.

    Raises
    ------
    NotFound, Forbidden
        As `challenges.service.get_organized`.
    """
    challenge = get_organized(session, viewer, slug)
    announcement = Announcement(
        id=new_id(),
        challenge_id=challenge.id,
        by_id=viewer.me,
        title=title,
        body=body,
        posted_at=now,
        edited_at=None,
        withdrawn_at=None,
    )
    session.add(announcement)
    record(
        session,
        viewer,
        "announcement.posted",
        challenge_id=challenge.id,
        subject=announcement,
        after={"title": title, "body": body},
        now=now,
    )
    notice_id = note(
        session,
        NoticeKind.ANNOUNCEMENT,
        now=now,
        challenge_id=challenge.id,
        announcement_id=announcement.id,
    )
    return announcement, notice_id


def list_announcements(
    session: Session, viewer: Viewer, slug: str, *, after: UUID | None, limit: int
) -> Sequence[Announcement]:
    """Return what was announced, newest first, and one more than `limit` if there is.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    """
    challenge = get_challenge(session, viewer, slug)
    statement = select(Announcement).where(
        Announcement.challenge_id == challenge.id, Announcement.withdrawn_at.is_(None)
    )
    if after is not None:
        statement = statement.where(Announcement.id < after)
    return session.scalars(statement.order_by(Announcement.id.desc()).limit(limit + 1)).all()


def get_announcement(
    session: Session, viewer: Viewer, slug: str, announcement_id: UUID
) -> Announcement:
    """Return one announcement.

    Raises
    ------
    NotFound
        If there is none, it was withdrawn, or the viewer does not see the challenge.
    """
    challenge = get_challenge(session, viewer, slug)
    return _one(session, challenge.id, announcement_id)


def edit_announcement(
    session: Session,
    viewer: Viewer,
    slug: str,
    announcement_id: UUID,
    *,
    title: str | None,
    body: str | None,
    now: datetime,
) -> Announcement:
    """Say it otherwise; nobody is told again, but what is not delivered yet says the new text.

    Raises
    ------
    NotFound, Forbidden
        As `challenges.service.get_organized`, or if there is no such announcement.
    """
    challenge = get_organized(session, viewer, slug)
    announcement = _one(session, challenge.id, announcement_id, lock=True)
    before = {"title": announcement.title, "body": announcement.body}
    announcement.title = announcement.title if title is None else title
    announcement.body = announcement.body if body is None else body
    announcement.edited_at = now
    record(
        session,
        viewer,
        "announcement.edited",
        challenge_id=challenge.id,
        subject=announcement,
        before=before,
        after={"title": announcement.title, "body": announcement.body},
        now=now,
    )
    return announcement


def withdraw_announcement(
    session: Session, viewer: Viewer, slug: str, announcement_id: UUID, *, now: datetime
) -> None:
    """Take an announcement back; what is not delivered yet never will be.

    Raises
    ------
    NotFound, Forbidden
        As `edit_announcement`.
    """
    challenge = get_organized(session, viewer, slug)
    announcement = _one(session, challenge.id, announcement_id, lock=True)
    announcement.withdrawn_at = now
    record(
        session,
        viewer,
        "announcement.withdrawn",
        challenge_id=challenge.id,
        subject=announcement,
        now=now,
    )


def _one(
    session: Session, challenge_id: UUID, announcement_id: UUID, *, lock: bool = False
) -> Announcement:
    statement = select(Announcement).where(
        Announcement.id == announcement_id,
        Announcement.challenge_id == challenge_id,
        Announcement.withdrawn_at.is_(None),
    )
    if lock:
        statement = statement.with_for_update()
    announcement = session.scalars(statement).one_or_none()
    if announcement is None:
        raise NotFound("announcement")
    return announcement
