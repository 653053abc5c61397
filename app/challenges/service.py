"""Challenges: create, update and publish them, find them, and join them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.blobs import BlobStore
from app.challenges.apply import apply_bundle, lock_challenge, write_challenge
from app.challenges.apply_phase import Target
from app.challenges.archive import CONFIG_FILE
from app.challenges.bundle import Bundle
from app.challenges.planning import Plan, make_plan
from app.challenges.withheld import Withheld, known_files
from app.db import SessionFactory
from app.errors import (
    AlreadyInChallenge,
    Forbidden,
    InvalidBundle,
    NotFound,
    Place,
    SlugTaken,
    TermsChanged,
)
from app.models import (
    Challenge,
    ChallengeRole,
    Participation,
    ParticipationMember,
    Role,
    Team,
    TeamMember,
    new_id,
)
from app.policy import (
    Viewer,
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
    _require_same_slug(challenge, bundle)
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
    _require_same_slug(challenge, bundle)
    lock_challenge(session, challenge)
    plan = make_plan(session, challenge, bundle)
    plan.require_allowed(planned)
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
    challenge.published_at = challenge.published_at or now
    session.flush()
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


def join_challenge(
    session: Session,
    viewer: Viewer,
    slug: str,
    *,
    team_id: UUID,
    terms_version: str,
    now: datetime,
) -> Participation:
    """Enter a team into a challenge by accepting its terms; or accept new terms.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge or is in no such team.
    Forbidden
        If the viewer is not the team's captain.
    TermsChanged
        If `terms_version` is not the present one.
    AlreadyInChallenge
        If a member takes part with another team.
    """
    challenge = get_challenge(session, viewer, slug)
    # No update gives the terms another text between this look and the acceptance.
    session.refresh(challenge, with_for_update={"read": True})
    # The lock orders this after a member who joins at the same moment.
    team = session.scalars(
        select(Team)
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(Team.id == team_id, TeamMember.user_id == viewer.me)
        .with_for_update(of=Team)
    ).one_or_none()
    if team is None:
        raise NotFound("team")
    if team.captain_id != viewer.me:
        raise Forbidden("Only the captain enters the team.")
    if terms_version != challenge.terms_version:
        raise TermsChanged(f"The present terms are version {challenge.terms_version}.")
    participation = session.scalars(
        select(Participation).where(
            Participation.challenge_id == challenge.id, Participation.team_id == team.id
        )
    ).one_or_none()
    if participation is not None:
        if participation.terms_version != terms_version:
            participation.terms_version = terms_version
            participation.accepted_at = now
            participation.accepted_by_id = viewer.me
            session.flush()
        return participation
    return _enter(session, viewer, challenge, team, now=now)


def _enter(
    session: Session, viewer: Viewer, challenge: Challenge, team: Team, *, now: datetime
) -> Participation:
    participation = Participation(
        id=new_id(),
        challenge_id=challenge.id,
        team_id=team.id,
        terms_version=challenge.terms_version,
        accepted_by_id=viewer.me,
        accepted_at=now,
    )
    session.add(participation)
    session.flush()
    members = session.scalars(
        # In one order for everybody, so that two entries wait for each other and never in a ring.
        select(TeamMember.user_id).where(TeamMember.team_id == team.id).order_by(TeamMember.user_id)
    )
    session.add_all(
        ParticipationMember(
            challenge_id=challenge.id, user_id=user_id, participation_id=participation.id
        )
        for user_id in members
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyInChallenge("A member takes part with another team.") from error
    return participation


def participation_of(
    session: Session, viewer: Viewer, challenge_id: UUID
) -> tuple[Participation, Team] | None:
    """Return with which team the viewer takes part, if at all."""
    row = session.execute(
        select(Participation, Team)
        .join(ParticipationMember, ParticipationMember.participation_id == Participation.id)
        .join(Team, Team.id == Participation.team_id)
        .where(
            ParticipationMember.challenge_id == challenge_id,
            ParticipationMember.user_id == viewer.me,
        )
    ).one_or_none()
    if row is None:
        return None
    participation, team = row
    return participation, team


def _require_same_slug(challenge: Challenge, bundle: Bundle) -> None:
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
