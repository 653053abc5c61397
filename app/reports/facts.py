"""What a report tells beside the board: the rules, who took part, and what was changed and why.

Only what is public, whoever asks, but for who took part: that is told of a phase that is over and
whose board stands still for nobody, or to those with a role in the challenge.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.clock import to_json_instant
from app.models import (
    Evaluation,
    Participation,
    ParticipationMember,
    ParticipationState,
    Phase,
    PhaseExtension,
    RankingChange,
    Rescoring,
    RescoringState,
    Status,
    Submission,
    Team,
)
from app.policy import masks_names
from app.rescorings.rules import SetRules
from app.rescorings.words import Said, changes_of


@dataclass(frozen=True)
class Event:
    """Something that was decided, and why, as the public may know it."""

    at: str
    what: str
    reason: str


@dataclass(frozen=True)
class Participations:
    """Who took part until an instant: teams, people, and submissions by day and status."""

    n_teams: int
    n_people: int
    n_handing_in: int
    days: tuple[tuple[str, dict[str, int]], ...]

    @property
    def by_status(self) -> dict[str, int]:
        """Submissions by status, of all days."""
        total: Counter[str] = Counter()
        for _, counted in self.days:
            total.update(counted)
        return dict(total)


def read_participation(session: Session, phase: Phase, *, until: datetime) -> Participations:
    """Count who takes part in the phase's challenge, and what came in to the phase, baselines
    aside."""
    approved = (
        Participation.challenge_id == phase.challenge_id,
        Participation.state == ParticipationState.APPROVED,
        Participation.merged_into_id.is_(None),
        Participation.accepted_at <= until,
    )
    n_teams = session.scalar(select(func.count()).select_from(Participation).where(*approved))
    n_people = session.scalar(
        select(func.count())
        .select_from(ParticipationMember)
        .join(Participation, Participation.id == ParticipationMember.participation_id)
        .where(*approved, ParticipationMember.left_at.is_(None))
    )
    handed_in = (
        Submission.phase_id == phase.id,
        Submission.participation_id.is_not(None),
        Submission.received_at <= until,
    )
    n_handing_in = session.scalar(
        select(func.count(Submission.participation_id.distinct())).where(*handed_in)
    )
    day = func.date(func.timezone("UTC", Submission.received_at))
    rows = session.execute(
        select(day, Submission.status, func.count())
        .where(*handed_in)
        .group_by(day, Submission.status)
        .order_by(day, Submission.status)
    )
    days: dict[str, dict[str, int]] = {}
    for one, status, count in rows:
        days.setdefault(_day(one), {})[status] = count
    return Participations(n_teams or 0, n_people or 0, n_handing_in or 0, tuple(days.items()))


def more_may_come(session: Session, phase: Phase, *, now: datetime) -> bool:
    """Tell whether a closed phase's board may change: something waits, or a team has more time."""
    waits = exists().where(
        Submission.phase_id == phase.id, Submission.status.in_([Status.QUEUED, Status.RUNNING])
    )
    has_time = exists().where(PhaseExtension.phase_id == phase.id, PhaseExtension.closes_at > now)
    return bool(session.scalar(select(or_(waits, has_time))))


def read_extensions(session: Session, phase: Phase) -> list[Event]:
    """Return the later closes for all, oldest first; what one team was granted is its own."""
    rows = session.scalars(
        select(PhaseExtension)
        .where(PhaseExtension.phase_id == phase.id, PhaseExtension.participation_id.is_(None))
        .order_by(PhaseExtension.id)
    )
    return [
        Event(
            to_json_instant(row.at),
            f"Close put off from {_minute(row.closes_at_before)} to {_minute(row.closes_at)}",
            row.reason,
        )
        for row in rows
        if row.closes_at is not None
    ]


def read_changes(session: Session, phase: Phase) -> list[Event]:
    """Return how the ranking was changed, oldest first."""
    rows = session.scalars(
        select(RankingChange).where(RankingChange.phase_id == phase.id).order_by(RankingChange.id)
    )
    return [
        Event(to_json_instant(row.at), f"Ranking changed: {_changed(row)}", row.reason)
        for row in rows
    ]


def read_rescorings(session: Session, phase: Phase) -> list[Event]:
    """Return which re-scorings were applied to the phase, oldest first, and what they changed."""
    rows = session.scalars(
        select(Rescoring)
        .where(
            Rescoring.challenge_id == phase.challenge_id,
            Rescoring.state == RescoringState.APPLIED,
            Rescoring.rules["phases"].contains([{"phase_id": str(phase.id)}]),
        )
        .order_by(Rescoring.decided_at)
    )
    masked = masks_names(phase)
    found = []
    for row in rows:
        changes = SetRules.from_document(row.rules).phases
        said = [
            _said(one)
            for change in changes
            if change.phase_id == phase.id
            for one in changes_of(change, masked=masked)
        ]
        at = "" if row.decided_at is None else to_json_instant(row.decided_at)
        found.append(Event(at, f"All submissions scored anew: {'; '.join(said)}", row.reason))
    return found


def read_disqualified(session: Session, phase: Phase, *, until: datetime | None) -> list[Event]:
    """Return which teams and public submissions are disqualified for a public reason.

    Of those that handed in until an instant; a board that stands still hides who came since.
    """
    told = [Submission.phase_id == phase.id, Submission.public]
    if until is not None:
        told.append(Submission.received_at <= until)
    handed_in = select(Submission.participation_id).where(*told)
    teams = session.execute(
        select(Participation, Team.name)
        .join(Team, Team.id == Participation.team_id)
        .where(Participation.disqualified_publicly, Participation.id.in_(handed_in))
    ).all()
    submissions = session.execute(
        select(Submission, Team.name)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(*told, Submission.disqualified_publicly)
    ).all()
    found = [
        *(_out(row, f"Team “{name}” disqualified") for row, name in teams),
        *(
            _out(row, f"“{row.method_name}” of {name or 'the organizers'} disqualified")
            for row, name in submissions
        ),
    ]
    return sorted(found, key=lambda event: event.at)


def read_packages(session: Session, inputs: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """Return which packages made the scores on the board, each with the versions it had."""
    if inputs is None:
        return {}
    wanted = [UUID(one["evaluation_id"]) for one in inputs["contenders"]]
    rows = session.scalars(
        select(Evaluation.receipt["packages"]).where(Evaluation.id.in_(wanted)).distinct()
    )
    found: dict[str, set[str]] = {}
    for packages in rows:
        for name, version in (packages or {}).items():
            found.setdefault(name, set()).add(str(version))
    return {name: sorted(versions) for name, versions in sorted(found.items())}


def _out(row: Participation | Submission, what: str) -> Event:
    at = row.disqualified_at
    return Event("" if at is None else to_json_instant(at), what, row.disqualified_reason or "")


def _changed(row: RankingChange) -> str:
    """Name what is another after the change, with its value before and after."""
    names = [name for name in row.after if row.after[name] != row.before.get(name)]
    return "; ".join(
        f"{name.replace('_', ' ')} from {_value(row.before.get(name))} to {_value(row.after[name])}"
        for name in names
    )


def _said(one: Said) -> str:
    """Say one thing that a re-scoring changed."""
    match one.what:
        case "task-added" | "task-removed":
            return f"task {one.task} {one.what.removeprefix('task-')}"
        case "order":
            return "the order of the tasks"
    of = "" if one.task is None else f" of {one.task}"
    return f"{one.what}{of} from {one.before} to {one.after}"


def _value(value: object) -> str:
    """Write a part of a policy as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and "T" in value:
        return _minute(datetime.fromisoformat(value))
    return "none" if value is None else str(value)


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _day(value: date) -> str:
    return value.isoformat()
