"""Challenges: create, update and publish them, and find them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.service import record
from app.blobs import BlobStore
from app.challenges.apply import apply_bundle, lock_challenge, write_challenge
from app.challenges.apply_phase import Target
from app.challenges.archive import CONFIG_FILE
from app.challenges.auditing import sides_of
from app.challenges.bundle import Bundle
from app.challenges.planning import Plan, make_plan
from app.challenges.withheld import Withheld, known_files
from app.db import SessionFactory
from app.errors import (
    Forbidden,
    InvalidBundle,
    NotFound,
    Place,
    SlugTaken,
)
from app.models import (
    Challenge,
    ChallengeRole,
    Role,
    new_id,
)
from app.policy import (
    Viewer,
    holds_any_role,
    organizes_challenge,
    require_may_create_challenges,
    sees_challenge,
)


def create_challenge(
    session: Session, viewer: Viewer, bundle: Bundle, *, blobs: BlobStore, now: datetime
) -> Challenge:
    """Create an unpublished challenge with the viewer as organizer.

    Raises
    ------
    Forbidden
        If the viewer may not create challenges.
    SlugTaken
        If there is a challenge of this slug.
    """
    require_may_create_challenges(viewer)
    challenge = Challenge(id=new_id(), slug=bundle.config.slug, created_at=now)
    write_challenge(challenge, bundle)
    session.add(challenge)
    try:
        session.flush()
    except IntegrityError as error:
        raise SlugTaken(f"There is a challenge “{bundle.config.slug}”.") from error
    session.add(ChallengeRole(challenge_id=challenge.id, user_id=viewer.me, role=Role.ORGANIZER))
    apply_bundle(Target(session, blobs, challenge, now), bundle)
    after = {"slug": challenge.slug, "phases": [part.config.title for part in bundle.phases]}
    record(
        session,
        viewer,
        "challenge.created",
        challenge_id=challenge.id,
        subject=challenge,
        after=after,
        now=now,
    )
    return challenge


def files_of(sessions: SessionFactory, viewer: Viewer, slug: str) -> frozenset[Withheld]:
    """Return which files a bundle of a challenge may name by digest only.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    """
    with sessions() as session:
        return known_files(session, get_organized(session, viewer, slug))


def plan_update(session: Session, viewer: Viewer, slug: str, bundle: Bundle) -> Plan:
    """Find out what an update would change, and write nothing.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    InvalidBundle
        If the bundle has another slug.
    """
    challenge = get_organized(session, viewer, slug)
    require_same_slug(challenge, bundle)
    return make_plan(session, challenge, bundle)


def update_challenge(
    session: Session,
    viewer: Viewer,
    slug: str,
    bundle: Bundle,
    *,
    planned: str | None,
    blobs: BlobStore,
    now: datetime,
) -> Challenge:
    """Bring a challenge to what a bundle says, as far as its scores allow.

    `planned` is the digest of the plan that was looked at, if one was.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    InvalidBundle
        If the bundle has another slug.
    PlanOutdated
        If the plan now is another than the one that was looked at.
    ChangeNeedsRescoring, PolicyChangeNeedsRecord
        If the change would alter scores, or ranks, that exist.
    """
    challenge = get_organized(session, viewer, slug)
    require_same_slug(challenge, bundle)
    lock_challenge(session, challenge)
    plan = make_plan(session, challenge, bundle)
    plan.require_allowed(planned)
    before, after = sides_of(plan.changes)
    record(
        session,
        viewer,
        "challenge.updated",
        challenge_id=challenge.id,
        subject=challenge,
        before=before,
        after=after,
        now=now,
    )
    write_challenge(challenge, bundle)
    apply_bundle(Target(session, blobs, challenge, now), bundle)
    return challenge


def publish_challenge(session: Session, viewer: Viewer, slug: str, *, now: datetime) -> Challenge:
    """Show a challenge to everybody; doing it again changes nothing.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    """
    challenge = get_organized(session, viewer, slug)
    if challenge.published_at is None:
        challenge.published_at = now
        record(
            session,
            viewer,
            "challenge.published",
            challenge_id=challenge.id,
            subject=challenge,
            now=now,
        )
    return challenge


def list_challenges(
    session: Session, viewer: Viewer, *, after: UUID | None, limit: int
) -> Sequence[Challenge]:
    """Return the challenges the viewer sees, newest first, and one more than `limit` if any."""
    statement = select(Challenge).where(sees_challenge(viewer))
    if after is not None:
        statement = statement.where(Challenge.id < after)
    return session.scalars(statement.order_by(Challenge.id.desc()).limit(limit + 1)).all()


def get_challenge(session: Session, viewer: Viewer, slug: str) -> Challenge:
    """Return a challenge the viewer may see.

    Raises
    ------
    NotFound
        If there is none.
    """
    return _one(session, slug, sees_challenge(viewer))


def get_organized(session: Session, viewer: Viewer, slug: str) -> Challenge:
    """Return a challenge the viewer may change.

    Raises
    ------
    NotFound
        If the viewer may not even see it.
    Forbidden
        If the viewer sees it and is no organizer of it.
    """
    challenge = get_challenge(session, viewer, slug)
    may = select(Challenge.id).where(Challenge.id == challenge.id, organizes_challenge(viewer))
    if session.scalar(may) is None:
        raise Forbidden("Only organizers of the challenge may do this.")
    return challenge


def get_overseen(session: Session, viewer: Viewer, slug: str) -> Challenge:
    """Return a challenge in which the viewer sees everything.

    Raises
    ------
    NotFound
        If the viewer may not even see it.
    Forbidden
        If the viewer sees it and has no role in it.
    """
    challenge = get_challenge(session, viewer, slug)
    may = select(Challenge.id).where(Challenge.id == challenge.id, holds_any_role(viewer))
    if session.scalar(may) is None:
        raise Forbidden("Only those who run or read the challenge may do this.")
    return challenge


def require_same_slug(challenge: Challenge, bundle: Bundle) -> None:
    """Refuse another challenge's bundle.

    Raises
    ------
    InvalidBundle
        If it has another slug.
    """
    if bundle.config.slug != challenge.slug:
        detail = f"the bundle is of “{bundle.config.slug}”; a slug never changes"
        place = Place("slug", detail, file=CONFIG_FILE)
        raise InvalidBundle("This is another challenge's bundle.", [place])


def _one(session: Session, slug: str, condition: ColumnElement[bool]) -> Challenge:
    challenge = session.scalars(
        select(Challenge).where(Challenge.slug == slug, condition)
    ).one_or_none()
    if challenge is None:
        raise NotFound("challenge")
    return challenge
