"""What a challenge asks of the teams that take part: who may be in them, and until when."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import AlreadyInChallenge, EmailDomainNotAllowed, TeamsLocked
from app.models import (
    Challenge,
    Participation,
    ParticipationMember,
    ParticipationState,
    User,
)


def require_unlocked(session: Session, team_ids: Collection[UUID], *, now: datetime) -> None:
    """Refuse to change who is in teams that take part in a challenge that has locked its teams.

    Raises
    ------
    TeamsLocked
        With the challenge and the instant.
    """
    locked = session.scalars(
        select(Challenge)
        .join(Participation, Participation.challenge_id == Challenge.id)
        .where(
            Participation.team_id.in_(team_ids),
            Participation.state != ParticipationState.DECLINED,
            Participation.merged_into_id.is_(None),
            Challenge.teams_locked_at <= now,
        )
        .order_by(Challenge.teams_locked_at)
        .limit(1)
    ).one_or_none()
    if locked is not None:
        raise TeamsLocked(
            f"The teams of {locked.title} are locked since {locked.teams_locked_at:%Y-%m-%d %H:%M} "
            "UTC."
        )


def is_at(email: str, domains: Sequence[str]) -> bool:
    """Tell whether an address is at one of the domains, or at a subdomain of one.

    >>> is_at("a@x.edu", ["x.edu"]), is_at("a@lab.x.edu", ["x.edu"]), is_at("a@notx.edu", ["x.edu"])
    (True, True, False)
    """
    host = email.rpartition("@")[2].lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def require_addresses(challenge: Challenge, people: Iterable[User]) -> None:
    """Refuse people whose addresses a challenge does not let in.

    Raises
    ------
    EmailDomainNotAllowed
        With the domains, and who has an address elsewhere.
    """
    domains = challenge.email_domains
    if not domains:
        return
    elsewhere = sorted(person.name for person in people if not is_at(person.email, domains))
    if elsewhere:
        raise EmailDomainNotAllowed(
            f"{challenge.title} is for people with an address at {', '.join(domains)}; not so: "
            f"{', '.join(elsewhere)}.",
            domains=domains,
        )


def take_in(session: Session, participation: Participation, user_ids: Iterable[UUID]) -> None:
    """Let people take part with a team; those who were in it before come back.

    Raises
    ------
    AlreadyInChallenge
        If one of them takes part with another team, or has left one that had handed in.
    """
    # In one order for everybody, so that two entries wait for each other and never in a ring.
    for user_id in sorted(user_ids):
        row = session.get(ParticipationMember, (participation.challenge_id, user_id))
        if row is not None and row.participation_id == participation.id:
            row.left_at = None
        elif row is not None:
            raise _taken(session, participation)
        else:
            session.add(
                ParticipationMember(
                    challenge_id=participation.challenge_id,
                    user_id=user_id,
                    participation_id=participation.id,
                )
            )
        try:
            session.flush()
        except IntegrityError as error:
            raise AlreadyInChallenge(
                "Somebody takes part with another team at this very moment."
            ) from error


def _taken(session: Session, participation: Participation) -> AlreadyInChallenge:
    title = session.get_one(Challenge, participation.challenge_id).title
    return AlreadyInChallenge(
        f"Somebody takes part in {title} with another team, or has left one that had handed in."
    )
