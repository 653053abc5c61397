"""Participations: a team enters a challenge, and who takes part with which team."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_challenge
from app.errors import ParticipationNotApproved, TeamDisqualified, TermsChanged
from app.models import (
    Approval,
    Challenge,
    Participation,
    ParticipationMember,
    ParticipationState,
    Team,
    TeamMember,
    User,
    new_id,
)
from app.policy import Viewer
from app.teams.rules import require_addresses, take_in
from app.teams.service import lock_team, require_captain


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

    Where organizers approve participations, the team waits for them.

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
    EmailDomainNotAllowed
        If the challenge is for people with other addresses than a member's.
    """
    challenge = get_challenge(session, viewer, slug)
    # No update gives the terms another text between this look and the acceptance.
    session.refresh(challenge, with_for_update={"read": True})
    # The lock orders this after a member who joins or leaves at the same moment.
    team = lock_team(session, viewer, team_id)
    require_captain(team, viewer)
    if terms_version != challenge.terms_version:
        raise TermsChanged(f"The present terms are version {challenge.terms_version}.")
    participation = session.scalars(
        select(Participation).where(
            Participation.challenge_id == challenge.id, Participation.team_id == team.id
        )
    ).one_or_none()
    if participation is not None:
        if participation.terms_version != terms_version:
            record(
                session,
                viewer,
                "participation.terms-accepted",
                challenge_id=challenge.id,
                subject=participation,
                before={"terms_version": participation.terms_version},
                after={"terms_version": terms_version},
                now=now,
            )
            participation.terms_version = terms_version
            participation.accepted_at = now
            participation.accepted_by_id = viewer.me
            session.flush()
        return participation
    return _enter(session, viewer, challenge, team, now=now)


def _enter(
    session: Session, viewer: Viewer, challenge: Challenge, team: Team, *, now: datetime
) -> Participation:
    members = session.scalars(
        select(User)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == team.id)
    ).all()
    require_addresses(challenge, members)
    waits = challenge.approval == Approval.REQUIRED
    participation = Participation(
        id=new_id(),
        challenge_id=challenge.id,
        team_id=team.id,
        terms_version=challenge.terms_version,
        accepted_by_id=viewer.me,
        accepted_at=now,
        state=ParticipationState.PENDING if waits else ParticipationState.APPROVED,
    )
    session.add(participation)
    session.flush()
    take_in(session, participation, [member.id for member in members])
    record(
        session,
        viewer,
        "participation.entered",
        challenge_id=challenge.id,
        subject=participation,
        after={"state": participation.state, "terms_version": participation.terms_version},
        now=now,
    )
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
            ParticipationMember.left_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    participation, team = row
    return participation, team


def require_may_submit(participation: Participation) -> None:
    """Refuse a team that an organizer has not let in, or has taken out.

    Raises
    ------
    ParticipationNotApproved
        If it waits, or was declined.
    TeamDisqualified
        If it is disqualified.
    """
    require_not_disqualified(participation)
    if participation.state == ParticipationState.PENDING:
        raise ParticipationNotApproved(
            "The organizers have not yet let your team take part; it hands in once they have."
        )
    if participation.state == ParticipationState.DECLINED:
        raise ParticipationNotApproved(
            f"The organizers have declined your team: {participation.decision_reason}"
        )


def require_not_disqualified(participation: Participation) -> None:
    """Refuse a team that is disqualified.

    Raises
    ------
    TeamDisqualified
        With the reason, which the team may always know.
    """
    if participation.disqualified_at is not None:
        raise TeamDisqualified(
            f"The organizers have disqualified the team: {participation.disqualified_reason}"
        )
