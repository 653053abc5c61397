"""Make one team of two: members, participations and submissions, if together they fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import MergeExceedsQuota, ParticipationNotApproved
from app.merges.service import Proposal, decide, lock_proposal
from app.models import (
    Challenge,
    MergeState,
    Participation,
    ParticipationMember,
    ParticipationState,
    Phase,
    Submission,
    Team,
    TeamMember,
    User,
)
from app.outbox import note_merge
from app.participations.deciding import phases_handed_in_to
from app.participations.service import require_not_disqualified
from app.phases.extensions import take_over
from app.phases.service import phases_of
from app.phases.terms import Exceptions, Terms, exceptions_of
from app.policy import Viewer
from app.queue import request_ranking
from app.submissions.quota import use_of
from app.teams.leaving import close_team, lock_participations
from app.teams.rules import require_addresses, require_unlocked, take_in
from app.teams.service import require_captain


@dataclass(frozen=True)
class _Both:
    """The participations of two teams: in which challenges both take part, and in which one."""

    shared: tuple[tuple[Participation, Participation], ...]
    of_staying: tuple[Participation, ...]
    of_joining: tuple[Participation, ...]


def accept_merge(
    session: Session, viewer: Viewer, merge_id: UUID, *, now: datetime
) -> tuple[Proposal, list[UUID]]:
    """Let a team become part of the one that proposed it; return also the phases to rank.

    Raises
    ------
    NotFound, ProposalDecided
        As `lock_proposal`.
    Forbidden
        If the viewer is not captain of the team that joins.
    TeamsLocked
        If one of the teams takes part in a challenge that has locked its teams.
    TeamDisqualified, ParticipationNotApproved
        If one of them is disqualified, or not let into a challenge both want to be in.
    MergeExceedsQuota
        If together they have used more of a phase's quota than a team may.
    EmailDomainNotAllowed, AlreadyInChallenge
        If somebody could not have joined the other's challenges.
    """
    merge, team, joining = lock_proposal(session, viewer, merge_id)
    require_captain(joining, viewer)
    require_unlocked(session, [team.id, joining.id], now=now)
    # From here on no upload of either team is let in, and none is half counted.
    both = _sort(lock_participations(session, [team.id, joining.id]), team)
    _require_standing(both)
    for one, other in both.shared:
        _require_room(session, one, other, now=now)
    members = {one.id: _members(session, one) for one in (team, joining)}
    moved = _move_members(session, team, joining, members, now=now)
    _move_people(session, both, members[team.id], members[joining.id])
    boards = phases_handed_in_to(
        session, [*(other.id for _, other in both.shared), *(one.id for one in both.of_joining)]
    )
    n_submissions = _move_participations(session, both, team)
    for one, other in both.shared:
        take_over(session, viewer, joining=other.id, staying=one.id, now=now)
    decide(merge, MergeState.ACCEPTED, by=viewer.me, now=now)
    merge.record = _record(both, moved, n_submissions)
    session.flush()
    _note(session, viewer, Proposal(merge, team.name, joining.name), both, now=now)
    note_merge(
        session,
        told_team_id=team.id,
        team=team.name,
        joining_team=joining.name,
        decision=MergeState.ACCEPTED,
        now=now,
    )
    close_team(session, joining, by=viewer.me, now=now)
    for phase_id in boards:
        request_ranking(session, phase_id)
    return Proposal(merge, team.name, joining.name), boards


def _sort(participations: Sequence[Participation], team: Team) -> _Both:
    staying = {one.challenge_id: one for one in participations if one.team_id == team.id}
    joining = {one.challenge_id: one for one in participations if one.team_id != team.id}
    return _Both(
        shared=tuple((staying[key], joining[key]) for key in staying if key in joining),
        of_staying=tuple(one for key, one in staying.items() if key not in joining),
        of_joining=tuple(one for key, one in joining.items() if key not in staying),
    )


def _require_standing(both: _Both) -> None:
    everything = [*(one for pair in both.shared for one in pair), *both.of_staying]
    for one in (*everything, *both.of_joining):
        require_not_disqualified(one)
    for one in (one for pair in both.shared for one in pair):
        if one.state != ParticipationState.APPROVED:
            raise ParticipationNotApproved(
                "Both teams take part in a challenge whose organizers have not let both of them in."
            )


def _require_room(
    session: Session, one: Participation, other: Participation, *, now: datetime
) -> None:
    """Refuse where both together have used more of a phase than one team may.

    What both were granted beyond the quota adds up too.
    """
    challenge = session.get_one(Challenge, one.challenge_id)
    # No update changes the limits between this look and the commit.
    session.refresh(challenge, with_for_update={"read": True})
    for phase in phases_of(session, challenge.id):
        uses = [use_of(session, phase.id, part.id, now=now) for part in (one, other)]
        terms = _joint_terms(session, phase, one, other)
        for limit, used, window in (
            (terms.total, sum(use.total for use in uses), "phase"),
            (terms.per_day, sum(len(use.today) for use in uses), "24 h"),
        ):
            if used > limit:
                raise MergeExceedsQuota(
                    f"In {phase.title} of {challenge.title} both teams together have used {used} "
                    f"of {limit} submissions ({window}).",
                    limit=limit,
                    used=used,
                    window=window,
                )


def _joint_terms(session: Session, phase: Phase, one: Participation, other: Participation) -> Terms:
    granted = [exceptions_of(session, phase.id, part.id) for part in (one, other)]
    extra = sum(part.extra_submissions for part in granted)
    return Terms.of(phase, Exceptions(extra_submissions=extra))


def _members(session: Session, team: Team) -> list[User]:
    statement = select(User).join(TeamMember, TeamMember.user_id == User.id)
    return list(session.scalars(statement.where(TeamMember.team_id == team.id).order_by(User.id)))


def _move_members(
    session: Session,
    team: Team,
    joining: Team,
    members: dict[UUID, list[User]],
    *,
    now: datetime,
) -> list[UUID]:
    """Make the members of one team members of the other; return who was not before."""
    known = {member.id for member in members[team.id]}
    new = [member.id for member in members[joining.id] if member.id not in known]
    session.execute(delete(TeamMember).where(TeamMember.team_id == joining.id))
    session.add_all(TeamMember(team_id=team.id, user_id=one, joined_at=now) for one in new)
    session.flush()
    return new


def _move_people(
    session: Session, both: _Both, staying: Sequence[User], joining: Sequence[User]
) -> None:
    """Let everybody take part in what the team they are in now takes part in."""
    for one, other in both.shared:
        # Those who had left the joining team go along, and stay bound.
        session.execute(
            update(ParticipationMember)
            .where(ParticipationMember.participation_id == other.id)
            .values(participation_id=one.id)
        )
    for participations, newcomers in ((both.of_staying, joining), (both.of_joining, staying)):
        for participation in participations:
            challenge = session.get_one(Challenge, participation.challenge_id)
            require_addresses(challenge, newcomers)
            take_in(session, participation, [one.id for one in newcomers])


def _move_participations(session: Session, both: _Both, team: Team) -> int:
    """Give the team what the other handed in; return how many submissions changed hands."""
    n_submissions = 0
    for one, other in both.shared:
        moved = session.scalars(
            update(Submission)
            .where(Submission.participation_id == other.id)
            .values(participation_id=one.id)
            .returning(Submission.id)
        ).all()
        n_submissions += len(moved)
        other.merged_into_id = one.id
    for one in both.of_joining:
        one.team_id = team.id
    session.flush()
    return n_submissions


def _note(
    session: Session, viewer: Viewer, proposal: Proposal, both: _Both, *, now: datetime
) -> None:
    """Tell each challenge what the merge means there, and none of another."""
    parts: dict[UUID | None, str] = {
        **{one.challenge_id: "both took part; one team now" for one, _ in both.shared},
        **{one.challenge_id: "took part before; has new members" for one in both.of_staying},
        **{one.challenge_id: "takes over the other's part" for one in both.of_joining},
    }
    for challenge_id, part in (parts or {None: "takes part in no challenge"}).items():
        record(
            session,
            viewer,
            "merge.accepted",
            challenge_id=challenge_id,
            subject=proposal.merge,
            before={"teams": [proposal.team_name, proposal.joining_team_name]},
            after={"team": proposal.team_name, "participation": part},
            now=now,
        )


def _record(both: _Both, moved: Sequence[UUID], n_submissions: int) -> dict[str, Any]:
    return {
        "members": [str(one) for one in moved],
        "participations_merged": [[str(other.id), str(one.id)] for one, other in both.shared],
        "participations_taken_over": [str(one.id) for one in both.of_joining],
        "submissions": n_submissions,
    }
