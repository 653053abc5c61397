"""What failed for a reason of ours, with the tracebacks that only the operator reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import to_json_instant
from app.models import (
    Challenge,
    ItemState,
    Participation,
    Phase,
    RescoringItem,
    Status,
    Submission,
    Team,
)


@dataclass(frozen=True)
class Failed:
    """A submission, or one of a re-scoring by its `rescoring_id`, that broke once too often."""

    at: datetime
    challenge: str
    phase: str
    team: str | None
    submission_id: UUID
    rescoring_id: UUID | None
    code: str
    attempts: int
    traceback: str | None

    def told(self) -> Iterator[str]:
        """Tell it in lines: one to look for, and the traceback below."""
        what = f"submission {self.submission_id}"
        if self.rescoring_id is not None:
            what += f" in re-scoring {self.rescoring_id}"
        yield (
            f"{to_json_instant(self.at)} {self.challenge}/{self.phase} "
            f"{'a baseline' if self.team is None else f'“{self.team}”'}: "
            f"{self.code} after {self.attempts} {'attempt' if self.attempts == 1 else 'attempts'}, "
            f"{what}"
        )
        if self.traceback is None:
            yield "    no traceback: the worker wrote none"
        else:
            yield from (f"    {line}".rstrip() for line in self.traceback.splitlines())


def last_failures(session: Session, *, challenge_id: UUID | None, limit: int) -> list[Failed]:
    """Return what failed last, of one challenge or of all; the newest first."""
    found = [
        *_failed_submissions(session, challenge_id, limit),
        *_failed_items(session, challenge_id, limit),
    ]
    return sorted(found, key=lambda one: (one.at, one.submission_id), reverse=True)[:limit]


def _failed_submissions(
    session: Session, challenge_id: UUID | None, limit: int
) -> Iterator[Failed]:
    statement = (
        select(Submission, Challenge.slug, Phase.slug, Team.name)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(Submission.status == Status.FAILED)
        .order_by(Submission.finished_at.desc(), Submission.id.desc())
        .limit(limit)
    )
    if challenge_id is not None:
        statement = statement.where(Phase.challenge_id == challenge_id)
    for one, challenge, phase, team in session.execute(statement):
        yield _failed(one, challenge, phase, team, submission_id=one.id)


def _failed_items(session: Session, challenge_id: UUID | None, limit: int) -> Iterator[Failed]:
    statement = (
        select(RescoringItem, Challenge.slug, Phase.slug, Team.name)
        .join(Submission, Submission.id == RescoringItem.submission_id)
        .join(Phase, Phase.id == RescoringItem.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(RescoringItem.state == ItemState.FAILED)
        .order_by(RescoringItem.finished_at.desc(), RescoringItem.id.desc())
        .limit(limit)
    )
    if challenge_id is not None:
        statement = statement.where(Phase.challenge_id == challenge_id)
    for one, challenge, phase, team in session.execute(statement):
        yield _failed(
            one,
            challenge,
            phase,
            team,
            submission_id=one.submission_id,
            rescoring_id=one.rescoring_id,
        )


def _failed(
    row: Submission | RescoringItem,
    challenge: str,
    phase: str,
    team: str | None,
    *,
    submission_id: UUID,
    rescoring_id: UUID | None = None,
) -> Failed:
    assert row.finished_at is not None  # noqa: S101 - narrows for mypy; what failed has ended
    return Failed(
        at=row.finished_at,
        challenge=challenge,
        phase=phase,
        team=team,
        submission_id=submission_id,
        rescoring_id=rescoring_id,
        code=row.failure_code or "",
        attempts=row.attempt,
        traceback=row.failure_traceback,
    )
