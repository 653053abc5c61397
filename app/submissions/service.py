"""Submissions after they are in: find them, and tell what their viewer may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from app.models import (
    Challenge,
    Disqualifiable,
    Participation,
    Phase,
    Status,
    Submission,
    Team,
)
from app.phases.ranking_policy import RankingPolicy
from app.phases.service import display_names, get_phase, tasks_of
from app.policy import (
    Viewer,
    Who,
    holds_any_role,
    organizes_challenge,
    owns_submission,
    sees_submission,
    sees_tracebacks,
)
from app.submissions.filtering import NO_FILTERS, Filters, require_known_team
from app.submissions.history import Period, read_history
from app.submissions.scores import Scored, candidate_of, official_scores
from app.submissions.selection import Standing, standings

_Statement = Select[Submission, Phase, str, bool, Participation]
_Row = Row[Submission, Phase, str, bool, Participation]


@dataclass(frozen=True)
class Detail:
    """A submission with all that its viewer may know of it."""

    submission: Submission
    phase: Phase
    team_name: str | None
    queue_position: int | None
    standing: Standing
    scored: Scored | None
    weights: dict[UUID, float]
    task_names: dict[UUID, str]
    who: Who
    sees_tracebacks: bool
    team_entry: Participation | None
    history: tuple[Period, ...] = ()

    @property
    def disqualified(self) -> Disqualifiable | None:
        """What is disqualified: the submission, its team, or neither."""
        if self.submission.disqualified_at is not None:
            return self.submission
        entry = self.team_entry
        return None if entry is None or entry.disqualified_at is None else entry


def list_submissions(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    wanted: Filters = NO_FILTERS,
    after: UUID | None,
    limit: int,
) -> list[Detail]:
    """Return submissions to a phase that the viewer may see, newest first.

    One more than `limit` if there is.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    InvalidInput
        If those of a team are wanted that the viewer sees nowhere in the challenge.
    """
    _, challenge = get_phase(session, viewer, phase_id)
    statement = _visible(viewer).where(Submission.phase_id == phase_id, *wanted.conditions())
    if after is not None:
        statement = statement.where(Submission.id < after)
    rows = session.execute(statement.order_by(Submission.id.desc()).limit(limit + 1)).all()
    if wanted.team is not None and not rows:
        require_known_team(session, viewer, challenge.id, wanted.team)
    return _details(session, viewer, rows)


def get_submission(session: Session, viewer: Viewer, submission_id: UUID) -> Detail:
    """Return a submission the viewer may see.

    Raises
    ------
    NotFound
        If there is none.
    """
    rows = session.execute(_visible(viewer).where(Submission.id == submission_id))
    details = _details(session, viewer, rows.all())
    if not details:
        raise NotFound("submission")
    return details[0]


def mark_announced(session: Session, submission_ids: Sequence[UUID], *, now: datetime) -> None:
    """Note that the queue was told of submissions that still wait."""
    session.execute(
        update(Submission)
        .where(Submission.id.in_(submission_ids), Submission.status == Status.QUEUED)
        .values(announced_at=now)
        .execution_options(synchronize_session=False)
    )


def _visible(viewer: Viewer) -> _Statement:
    return (
        select(Submission, Phase, Team.name, holds_any_role(viewer), Participation)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(sees_submission(viewer))
    )


def require_owned(session: Session, viewer: Viewer, submission_id: UUID) -> None:
    """Refuse a submission that is not the viewer's team's.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If it is another team's, or a baseline.
    """
    if not is_owned(session, viewer, submission_id):
        raise Forbidden("This is another team's submission.")


def is_owned(session: Session, viewer: Viewer, submission_id: UUID) -> bool:
    """Tell whether a submission is the viewer's team's.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    """
    get_submission(session, viewer, submission_id)
    mine = select(Submission.id).where(Submission.id == submission_id, owns_submission(viewer))
    return session.scalar(mine) is not None


def require_organized(session: Session, viewer: Viewer, submission_id: UUID) -> None:
    """Refuse a submission to a challenge that the viewer does not organize.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If the viewer sees it and is no organizer.
    """
    get_submission(session, viewer, submission_id)
    may = (
        select(Submission.id)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Submission.id == submission_id, organizes_challenge(viewer))
    )
    if session.scalar(may) is None:
        raise Forbidden("Only organizers of the challenge may do this.")


def _details(session: Session, viewer: Viewer, rows: Sequence[_Row]) -> list[Detail]:
    """Read what belongs to the rows: a number of queries for each phase, none for each row."""
    phases = {phase.id: phase for _, phase, *_ in rows}
    tasks = {phase_id: tasks_of(session, phase_id) for phase_id in phases}
    weights = {key: {task.task_id: task.weight for task in of} for key, of in tasks.items()}
    names = {key: display_names(phase, tasks[key]) for key, phase in phases.items()}
    positions = _queue_positions(session, [submission for submission, *_ in rows])
    standing: dict[UUID, Standing] = {}
    for phase in phases.values():
        standing |= _standings_in(session, phase, rows, weights[phase.id])
    scores = official_scores(session, [submission.id for submission, *_ in rows], whole=True)
    by_phase = {submission.id: weights[phase.id] for submission, phase, *_ in rows}
    history = read_history(session, scores, by_phase)
    return [
        Detail(
            submission=submission,
            phase=phase,
            team_name=team_name,
            queue_position=positions.get(submission.id),
            standing=standing[submission.id],
            scored=scores.get(submission.id),
            weights=weights[phase.id],
            task_names=names[phase.id],
            who=Who.ROLE if has_role else Who.TEAM,
            sees_tracebacks=sees_tracebacks(viewer),
            team_entry=entry,
            history=history[submission.id],
        )
        for submission, phase, team_name, has_role, entry in rows
    ]


def _standings_in(
    session: Session,
    phase: Phase,
    rows: Sequence[_Row],
    weights: dict[UUID, float],
) -> dict[UUID, Standing]:
    """Compare each team's submissions among themselves, also those not asked for."""
    shown = [one for one, of, *_ in rows if of.id == phase.id]
    teams = {one.participation_id for one in shown if one.participation_id is not None}
    out = {
        entry.id for *_, entry in rows if entry is not None and entry.disqualified_at is not None
    }
    of_teams = session.scalars(
        select(Submission).where(
            Submission.phase_id == phase.id, Submission.participation_id.in_(teams)
        )
    ).all()
    scores = official_scores(session, [one.id for one in of_teams])
    policy = RankingPolicy.of(phase)
    candidates = [
        candidate_of(
            one,
            scores.get(one.id),
            method=policy.method,
            weights=weights,
            by=policy.select_by,
            team_disqualified=one.participation_id in out,
        )
        for one in [*of_teams, *(one for one in shown if one.is_baseline)]
    ]
    return standings(candidates, policy.selection, limit=policy.selection_limit)


def _queue_positions(session: Session, submissions: Sequence[Submission]) -> dict[UUID, int]:
    """Return the place in the queue of those that wait in it; 1 is next."""
    queued = [one.id for one in submissions if one.status == Status.QUEUED]
    if not queued:
        return {}
    place = func.row_number().over(order_by=Submission.queue_number)
    queue = (
        select(Submission.id, place.label("place"))
        .where(Submission.status == Status.QUEUED)
        .subquery()
    )
    return dict(
        session.execute(select(queue.c.id, queue.c.place).where(queue.c.id.in_(queued))).all()
    )
