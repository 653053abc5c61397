"""Counts of an overview: a fixed number of queries, however many submissions there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.orm import Session

from app.models import (
    Leaderboard,
    Part,
    Participation,
    ParticipationMember,
    ParticipationState,
    Phase,
    Status,
    Submission,
    Team,
)
from app.policy import is_revealed

MOST_TEAMS = 1000
_Counts = dict[str, int]


@dataclass
class PhaseCounts:
    """What is counted of a phase, by status; days and failures of teams' submissions."""

    teams: int = 0
    submissions: _Counts = field(default_factory=dict)
    baselines: _Counts = field(default_factory=dict)
    days: dict[date, _Counts] = field(default_factory=dict)
    failures: list[Row[*tuple[Any, ...]]] = field(default_factory=list)
    oldest_waiting: datetime | None = None
    ranked_at: datetime | None = None
    board_is_current: bool = True

    def on_its_way(self, status: Status) -> int:
        """Count what is queued, or running."""
        return self.submissions.get(status, 0) + self.baselines.get(status, 0)


@dataclass(frozen=True)
class TeamCounts:
    """A team, and what it handed in: by phase, the counts by status and the last instant."""

    participation: Participation
    name: str
    members: int
    phases: dict[UUID, tuple[_Counts, datetime]]

    @property
    def last_at(self) -> datetime | None:
        """When it last handed in."""
        return max((last for _, last in self.phases.values()), default=None)


def count_phases(
    session: Session, phases: Sequence[Phase], *, now: datetime
) -> dict[UUID, PhaseCounts]:
    """Count what came in to each phase, and tell how far its board is."""
    found = {phase.id: PhaseCounts() for phase in phases}
    mine = Submission.phase_id.in_(found)
    day = func.date(func.timezone("UTC", Submission.received_at)).label("day")
    counts = select(
        Submission.phase_id, Submission.is_baseline, Submission.status, day, func.count().label("n")
    )
    grouped = (Submission.phase_id, Submission.is_baseline, Submission.status, day)
    for row in session.execute(counts.where(mine).group_by(*grouped).order_by(day)):
        phase = found[row.phase_id]
        into = phase.baselines if row.is_baseline else phase.submissions
        into[row.status] = into.get(row.status, 0) + row.n
        if not row.is_baseline:
            of_day = phase.days.setdefault(row.day, {})
            of_day[row.status] = of_day.get(row.status, 0) + row.n
    teams = select(Submission.phase_id, func.count(Submission.participation_id.distinct()))
    for phase_id, n in session.execute(teams.where(mine).group_by(Submission.phase_id)):
        found[phase_id].teams = n
    for row in session.execute(
        select(
            Submission.phase_id,
            Submission.failure_code.label("code"),
            Submission.status,
            func.count().label("count"),
            func.max(Submission.finished_at).label("last_at"),
        )
        .where(mine, Submission.failure_code.is_not(None))
        .group_by(Submission.phase_id, Submission.failure_code, Submission.status)
        .order_by(func.count().desc(), Submission.failure_code)
    ):
        found[row.phase_id].failures.append(row)
    waiting = select(Submission.phase_id, func.min(Submission.received_at))
    queued = waiting.where(mine, Submission.status == Status.QUEUED)
    for phase_id, oldest in session.execute(queued.group_by(Submission.phase_id)):
        found[phase_id].oldest_waiting = oldest
    turns_over = and_(is_revealed(now), Leaderboard.part.is_distinct_from(Part.PRIVATE))
    is_behind = or_(Leaderboard.ranked < Leaderboard.requested, turns_over)
    boards = select(Leaderboard.phase_id, Leaderboard.ranked_at, is_behind).join(Phase)
    for phase_id, ranked_at, behind in session.execute(boards.where(Phase.id.in_(found))):
        found[phase_id].ranked_at = ranked_at
        found[phase_id].board_is_current = not behind
    return found


def count_teams(session: Session, challenge_id: UUID) -> list[TeamCounts]:
    """Count what each team handed in, who handed in last first."""
    phases: defaultdict[UUID, dict[UUID, tuple[_Counts, datetime]]] = defaultdict(dict)
    for row in session.execute(
        select(
            Submission.participation_id,
            Submission.phase_id,
            Submission.status,
            func.count().label("n"),
            func.max(Submission.received_at).label("last_at"),
        )
        .join(Participation, Participation.id == Submission.participation_id)
        .where(Participation.challenge_id == challenge_id)
        .group_by(Submission.participation_id, Submission.phase_id, Submission.status)
    ):
        counts, last = phases[row.participation_id].get(row.phase_id, ({}, row.last_at))
        counts[row.status] = row.n
        phases[row.participation_id][row.phase_id] = (counts, max(last, row.last_at))
    members = (
        select(func.count())
        .where(
            ParticipationMember.participation_id == Participation.id,
            ParticipationMember.left_at.is_(None),
        )
        .scalar_subquery()
    )
    last_at = (
        select(func.max(Submission.received_at))
        .where(Submission.participation_id == Participation.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Participation, Team.name, members)
        .join(Team, Team.id == Participation.team_id)
        .where(Participation.challenge_id == challenge_id, Participation.merged_into_id.is_(None))
        .order_by(last_at.desc().nulls_last(), Participation.id)
        .limit(MOST_TEAMS)
    )
    return [TeamCounts(one, name, n, phases[one.id]) for one, name, n in rows]


def count_participations(session: Session, challenge_id: UUID) -> dict[str, int]:
    """Count participations by how they stand."""
    out = Participation.disqualified_at.is_not(None)
    rows = session.execute(
        select(Participation.state, func.count(), func.count().filter(out))
        .where(Participation.challenge_id == challenge_id, Participation.merged_into_id.is_(None))
        .group_by(Participation.state)
    ).all()
    counted = {state: n for state, n, _ in rows}
    return {str(state): counted.get(state, 0) for state in ParticipationState} | {
        "disqualified": sum(row[2] for row in rows)
    }
