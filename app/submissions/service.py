"""Submissions after they are in: find, watch, edit, withdraw, retry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound, StatusForbids
from app.models import (
    Challenge,
    Participation,
    Phase,
    Selection,
    Status,
    Submission,
    Team,
)
from app.phases.clock import require_open
from app.phases.service import display_names, tasks_of
from app.policy import (
    Viewer,
    holds_any_role,
    organizes_challenge,
    owns_submission,
    sees_submission,
)
from app.submissions.lifecycle import move
from app.submissions.scores import Scored, candidate_of, official_scores, weights_of
from app.submissions.selection import Standing, standings
from probeboard.ranking import RankingMethod


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
    sees_everything: bool


def list_submissions(session: Session, viewer: Viewer, phase_id: UUID) -> list[Detail]:
    """Return the submissions to a phase that the viewer may see, newest first."""
    rows = session.execute(
        _visible(viewer)
        .where(Submission.phase_id == phase_id)
        .order_by(Submission.queue_number.desc())
    )
    return _details(session, viewer, rows.all())


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


def withdraw(session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime) -> None:
    """Take a queued submission back; it costs no quota.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If it is not the viewer's team's.
    StatusForbids
        If it is not queued any more.
    """
    _require_owned(session, viewer, submission_id)
    if not move(session, submission_id, Status.WITHDRAWN, now=now):
        raise StatusForbids("Only a queued submission can be withdrawn.")


def edit(
    session: Session,
    viewer: Viewer,
    submission_id: UUID,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> UUID:
    """Change what is said of the method, or whether it is public; return the phase to rank.

    Raises
    ------
    NotFound, Forbidden
        As `withdraw`.
    PhaseNotOpen
        If the phase has closed.
    """
    _require_owned(session, viewer, submission_id)
    submission = session.get_one(Submission, submission_id, with_for_update=True)
    require_open(session.get_one(Phase, submission.phase_id), now)
    for name, value in changes.items():
        setattr(submission, name, value)
    session.flush()
    return submission.phase_id


def retry(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime, more: int
) -> None:
    """Queue a failed submission again, with `more` attempts.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If the viewer does not organize the challenge.
    StatusForbids
        If it has not failed.
    """
    get_submission(session, viewer, submission_id)
    may = (
        select(Submission.id)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Submission.id == submission_id, organizes_challenge(viewer))
    )
    if session.scalar(may) is None:
        raise Forbidden("Only organizers retry a failed submission.")
    values = {"attempts_allowed": Submission.attempt + more}
    if not move(
        session, submission_id, Status.QUEUED, now=now, source=Status.FAILED, values=values
    ):
        raise StatusForbids("Only a failed submission can be retried.")


def mark_announced(session: Session, submission_id: UUID, *, now: datetime) -> None:
    """Note that the queue was told."""
    submission = session.get_one(Submission, submission_id)
    submission.announced_at = now
    session.flush()


def _visible(viewer: Viewer) -> Select[Submission, Phase, str, bool]:
    return (
        select(Submission, Phase, Team.name, holds_any_role(viewer))
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(sees_submission(viewer))
    )


def _require_owned(session: Session, viewer: Viewer, submission_id: UUID) -> None:
    get_submission(session, viewer, submission_id)
    mine = select(Submission.id).where(Submission.id == submission_id, owns_submission(viewer))
    if session.scalar(mine) is None:
        raise Forbidden("This is another team's submission.")


def _details(
    session: Session, viewer: Viewer, rows: Sequence[Row[Submission, Phase, str, bool]]
) -> list[Detail]:
    phases = {phase.id: phase for _, phase, _, _ in rows}
    weights = {phase_id: weights_of(session, phase_id) for phase_id in phases}
    names = {
        phase.id: display_names(phase, tasks_of(session, phase.id)) for phase in phases.values()
    }
    scores = official_scores(session, [submission.id for submission, *_ in rows])
    standing: dict[UUID, Standing] = {}
    for phase in phases.values():
        standing |= _standings_in(session, phase, rows, weights[phase.id])
    return [
        Detail(
            submission=submission,
            phase=phase,
            team_name=team_name,
            queue_position=_queue_position(session, submission),
            standing=standing[submission.id],
            scored=scores.get(submission.id),
            weights=weights[phase.id],
            task_names=names[phase.id],
            sees_everything=has_role,
        )
        for submission, phase, team_name, has_role in rows
    ]


def _standings_in(
    session: Session,
    phase: Phase,
    rows: Sequence[Row[Submission, Phase, str, bool]],
    weights: dict[UUID, float],
) -> dict[UUID, Standing]:
    """Compare each team's submissions among themselves, also those not asked for."""
    teams = {one.participation_id for one, of, *_ in rows if of.id == phase.id}
    of_teams = session.scalars(
        select(Submission).where(
            Submission.phase_id == phase.id,
            Submission.participation_id.in_([team for team in teams if team is not None]),
        )
    ).all()
    baselines = [one for one, of, *_ in rows if of.id == phase.id and one.is_baseline]
    scores = official_scores(session, [one.id for one in of_teams])
    candidates = [
        candidate_of(one, scores.get(one.id), method=RankingMethod(phase.ranking), weights=weights)
        for one in [*of_teams, *baselines]
    ]
    return standings(candidates, Selection(phase.selection))


def _queue_position(session: Session, submission: Submission) -> int | None:
    if submission.status != Status.QUEUED:
        return None
    before = session.scalar(
        select(func.count()).where(
            Submission.status == Status.QUEUED, Submission.queue_number < submission.queue_number
        )
    )
    return (before or 0) + 1
