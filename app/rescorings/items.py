"""The submissions of a set: which belong to it, what is done, and what stands against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import (
    Evaluation,
    ItemState,
    Participation,
    Phase,
    Rescoring,
    RescoringItem,
    Status,
    Submission,
    Team,
    new_id,
)
from app.rescorings.rules import PhaseChange, SetRules

_ROWS_AT_ONCE = 1000
_PACE_OF = 100


@dataclass(frozen=True)
class Blocked:
    """A submission without scores by the new rules, and the code that says why."""

    submission_id: UUID
    team: str | None
    method_name: str
    phase: str
    code: str


@dataclass(frozen=True)
class Progress:
    """How far a set is. Submissions that are disqualified, or whose team is, are `set_aside`."""

    total: int
    done: int
    running: int
    queued: int
    rejected: int
    failed: int
    set_aside: int

    @property
    def waiting(self) -> int:
        """How many are on their way."""
        return self.running + self.queued

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands against applying it."""
        return self.done == self.total


NOT_DISQUALIFIED = and_(
    Submission.disqualified_at.is_(None),
    Participation.disqualified_at.is_(None),  # also where there is none: a baseline
)


def add_missing_items(
    session: Session, rescoring: Rescoring, rules: SetRules, *, attempts: int, now: datetime
) -> int:
    """Add each scored submission of the set's phases that is not in it; return how many.

    One that was evaluated by these rules before is done at once.
    """
    return sum(
        _add_missing(session, rescoring.id, change, attempts=attempts, now=now)
        for change in rules.phases
    )


def read_progress(session: Session, rescoring: Rescoring, rules: SetRules) -> Progress:
    """Count the scored submissions of the set's phases by what became of them."""
    rows = session.execute(
        select(RescoringItem.state, NOT_DISQUALIFIED, func.count())
        .select_from(Submission)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(RescoringItem, _item_of(rescoring))
        .where(_is_scored(rules))
        .group_by(RescoringItem.state, NOT_DISQUALIFIED)
    ).all()
    counted = {ItemState(state or ItemState.QUEUED): 0 for state, *_ in rows}
    set_aside = 0
    for state, counts, n in rows:
        if counts:
            counted[ItemState(state or ItemState.QUEUED)] += n  # not in the set yet: the sweep adds
        else:
            set_aside += n
    by_state = {state.value: counted.get(state, 0) for state in ItemState}
    return Progress(total=sum(by_state.values()), set_aside=set_aside, **by_state)


def read_blocked(session: Session, rescoring: Rescoring, rules: SetRules) -> list[Blocked]:
    """Return the submissions that count, and were rejected or failed by the new rules."""
    rows = session.execute(
        select(
            Submission.id,
            Team.name,
            Submission.method_name,
            Phase.slug,
            RescoringItem.failure_code,
        )
        .join(Phase, Phase.id == Submission.phase_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .join(RescoringItem, _item_of(rescoring))
        .where(_is_scored(rules), NOT_DISQUALIFIED, RescoringItem.failure_code.is_not(None))
        .order_by(Submission.queue_number)
    )
    return [Blocked(key, team, name, phase, code or "") for key, team, name, phase, code in rows]


@dataclass(frozen=True)
class Listed:
    """An item with what it is called."""

    id: UUID
    submission_id: UUID
    phase_id: UUID
    team: str | None
    method_name: str
    is_disqualified: bool
    state: str
    attempt: int
    finished_at: datetime | None
    failure_code: str | None
    failure_detail: str | None


def list_items(
    session: Session,
    rescoring: Rescoring,
    *,
    state: ItemState | None,
    after: UUID | None,
    limit: int,
) -> list[Listed]:
    """Return the items of a set, newest first, and one more than `limit` if there is."""
    statement = (
        select(
            RescoringItem.id,
            RescoringItem.submission_id,
            RescoringItem.phase_id,
            Team.name,
            Submission.method_name,
            ~NOT_DISQUALIFIED,
            RescoringItem.state,
            RescoringItem.attempt,
            RescoringItem.finished_at,
            RescoringItem.failure_code,
            RescoringItem.failure_detail,
        )
        .join(Submission, Submission.id == RescoringItem.submission_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(RescoringItem.rescoring_id == rescoring.id)
    )
    if state is not None:
        statement = statement.where(RescoringItem.state == state)
    if after is not None:
        statement = statement.where(RescoringItem.id < after)
    rows = session.execute(statement.order_by(RescoringItem.id.desc()).limit(limit + 1))
    return [Listed(*row) for row in rows]


def expected_end(
    session: Session, rescoring: Rescoring, progress: Progress, *, now: datetime
) -> datetime | None:
    """Return when the last item would be done at the pace of the latest; None of fewer than two."""
    latest = (
        select(RescoringItem.finished_at)
        .where(
            RescoringItem.rescoring_id == rescoring.id,
            RescoringItem.finished_at.is_not(None),
            RescoringItem.attempt > 0,  # what was evaluated before tells no pace
        )
        .order_by(RescoringItem.finished_at.desc())
        .limit(_PACE_OF)
        .subquery()
    )
    n, first, last = session.execute(
        select(
            func.count(), func.min(latest.c.finished_at), func.max(latest.c.finished_at)
        ).select_from(latest)
    ).one()
    if n < 2 or not progress.waiting:
        return None
    pace: timedelta = (last - first) / (n - 1)
    return now + pace * progress.waiting


def retry_failed(session: Session, rescoring: Rescoring, *, more: int) -> Sequence[UUID]:
    """Queue what failed again, with `more` attempts; what was rejected would be again."""
    return session.scalars(
        update(RescoringItem)
        .where(RescoringItem.rescoring_id == rescoring.id, RescoringItem.state == ItemState.FAILED)
        .values(
            state=ItemState.QUEUED,
            attempts_allowed=RescoringItem.attempt + more,
            announced_at=None,
            finished_at=None,
            failure_code=None,
            failure_detail=None,
            failure_traceback=None,
        )
        .returning(RescoringItem.id)
    ).all()


def waiting_items(session: Session, rescoring_id: UUID, *, limit: int) -> Sequence[UUID]:
    """Return items of a set nobody was told of, in their order."""
    return session.scalars(
        select(RescoringItem.id)
        .where(
            RescoringItem.rescoring_id == rescoring_id,
            RescoringItem.state == ItemState.QUEUED,
            RescoringItem.announced_at.is_(None),
        )
        .order_by(RescoringItem.queue_number)
        .limit(limit)
    ).all()


def mark_announced(session: Session, item_ids: Sequence[UUID], *, now: datetime) -> None:
    """Note that the queue was told of items that still wait."""
    session.execute(
        update(RescoringItem)
        .where(RescoringItem.id.in_(item_ids), RescoringItem.state == ItemState.QUEUED)
        .values(announced_at=now)
        .execution_options(synchronize_session=False)
    )


def _add_missing(
    session: Session, rescoring_id: UUID, change: PhaseChange, *, attempts: int, now: datetime
) -> int:
    in_set = RescoringItem.rescoring_id == rescoring_id
    known = select(RescoringItem.submission_id).where(in_set)
    by_these_rules = and_(
        Evaluation.submission_id == Submission.id,
        Evaluation.scorer == change.after.scorer,
        Evaluation.scorer_version == change.after.scorer_version,
        Evaluation.rules_digest == change.after.digest,
    )
    missing = session.execute(
        select(Submission.id, Evaluation.id)
        .outerjoin(Evaluation, by_these_rules)
        .where(
            Submission.phase_id == change.phase_id,
            Submission.status == Status.SCORED,
            Submission.id.not_in(known),
        )
        .order_by(Submission.queue_number)
    ).all()
    rows = [
        {
            "id": new_id(),
            "rescoring_id": rescoring_id,
            "submission_id": submission_id,
            "phase_id": change.phase_id,
            "state": ItemState.QUEUED if evaluation_id is None else ItemState.DONE,
            "evaluation_id": evaluation_id,
            "finished_at": None if evaluation_id is None else now,
            "attempts_allowed": attempts,
            "attempt": 0,
        }
        for submission_id, evaluation_id in missing
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        # A sweep beside this one may have added some.
        session.execute(
            insert(RescoringItem).on_conflict_do_nothing(), rows[start : start + _ROWS_AT_ONCE]
        )
    return len(rows)


def _item_of(rescoring: Rescoring) -> ColumnElement[bool]:
    return and_(
        RescoringItem.submission_id == Submission.id, RescoringItem.rescoring_id == rescoring.id
    )


def _is_scored(rules: SetRules) -> ColumnElement[bool]:
    return and_(Submission.phase_id.in_(rules.phase_ids), Submission.status == Status.SCORED)
