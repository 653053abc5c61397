"""Apply a set as a whole: from one commit to the next every score is by the new rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.orm import Session

from app.challenges.apply import lock_challenge
from app.challenges.service import get_organized
from app.errors import RescoringBlocked, RescoringNotReady, RescoringOutdated
from app.leaderboards.moves import moves_between
from app.models import (
    Challenge,
    Evaluation,
    ItemState,
    NoticeKind,
    Phase,
    PhaseTask,
    Rescoring,
    RescoringItem,
    RescoringState,
    Status,
    Submission,
    Task,
)
from app.outbox import note_change
from app.phases.scoring import read_rules
from app.policy import Viewer
from app.queue import request_ranking
from app.rescorings.items import add_missing_items, read_blocked, read_progress
from app.rescorings.preview import PhaseMoves, board_of
from app.rescorings.rules import PhaseChange, SetRules
from app.rescorings.service import decide, lock_organized, record_decision, require_open
from app.submissions.lifecycle import return_at_no_cost
from app.submissions.split_scores import ScoreCache


@dataclass(frozen=True)
class Applied:
    """A set that is applied, and the phases whose boards are to be ranked for it."""

    rescoring: Rescoring
    phase_ids: tuple[UUID, ...]


def apply_rescoring(
    session: Session,
    viewer: Viewer,
    slug: str,
    rescoring_id: UUID,
    *,
    attempts: int,
    now: datetime,
) -> Applied:
    """Make what a set found official, and its rules those of the phases; again changes nothing.

    Raises
    ------
    NotFound, Forbidden
        As `lock_organized`.
    RescoringDecided
        If it was cancelled.
    RescoringOutdated
        If the challenge was changed where the set would change it.
    RescoringNotReady, RescoringBlocked
        If a submission that counts has no scores by the new rules: not yet, or not at all.
    """
    challenge = get_organized(session, viewer, slug)
    lock_challenge(session, challenge)
    rescoring = lock_organized(session, viewer, slug, rescoring_id)
    if rescoring.state == RescoringState.APPLIED:
        return Applied(rescoring, ())
    require_open(rescoring)
    rules = SetRules.from_document(rescoring.rules)
    require_up_to_date(session, challenge, rules)
    _return_running(session, rules, now=now)
    for phase_id in sorted(rules.phase_ids):
        # This holds the board's row: no score comes in and no ranking is stored until the commit.
        request_ranking(session, phase_id)
    add_missing_items(session, rescoring, rules, attempts=attempts, now=now)
    _require_ready(session, rescoring, rules)
    cache = ScoreCache()
    before = {key: board_of(session, key, now=now, cache=cache) for key in rules.phase_ids}
    _make_official(session, rescoring, rules)
    _write_rules(session, rules)
    moves = [
        PhaseMoves(key, moves_between(board, board_of(session, key, now=now, cache=cache)))
        for key, board in before.items()
    ]
    rescoring.record = {"moves": {str(one.phase_id): one.to_document() for one in moves}}
    decide(rescoring, RescoringState.APPLIED, viewer, now=now)
    session.flush()
    _tell(session, rescoring, rules.phase_ids, now=now)
    record_decision(session, viewer, rescoring, "rescoring.applied", now=now)
    return Applied(rescoring, rules.phase_ids)


def find_outdated(session: Session, challenge: Challenge, rules: SetRules) -> list[str]:
    """Name the phases that do not score any more as they did when the set was made."""
    phases = {
        phase.id: phase
        for phase in session.scalars(select(Phase).where(Phase.challenge_id == challenge.id))
    }
    found = []
    for change in rules.phases:
        phase = phases.get(change.phase_id)
        if phase is None:
            found.append("one that is gone")
        elif read_rules(session, phase) != change.before:
            found.append(phase.slug)
    # What is asked of a task is asked in all phases that have it.
    came = select(Phase.slug).where(
        Phase.challenge_id == challenge.id,
        Phase.id.not_in(rules.phase_ids),
        exists().where(
            PhaseTask.phase_id == Phase.id,
            PhaseTask.task_id.in_([task.task_id for task in rules.tasks]),
        ),
    )
    return [*found, *session.scalars(came)]


def require_up_to_date(session: Session, challenge: Challenge, rules: SetRules) -> None:
    """Refuse a set that was made for other rules than there are.

    Raises
    ------
    RescoringOutdated
        With the phases' slugs.
    """
    changed = find_outdated(session, challenge, rules)
    if changed:
        raise RescoringOutdated(f"Changed since the re-scoring was made: {', '.join(changed)}.")


def _return_running(session: Session, rules: SetRules, *, now: datetime) -> None:
    """Put what is being scored by the old rules back into the queue.

    Before the boards are held: whoever writes scores holds a submission first, then its board.
    """
    changed = [one.phase_id for one in rules.phases if one.before.digest != one.after.digest]
    running = session.scalars(
        select(Submission.id)
        .where(Submission.phase_id.in_(changed), Submission.status == Status.RUNNING)
        .order_by(Submission.id)
    ).all()
    for submission_id in running:
        return_at_no_cost(session, submission_id, now=now)


def _require_ready(session: Session, rescoring: Rescoring, rules: SetRules) -> None:
    blocked = read_blocked(session, rescoring, rules)
    if blocked:
        raise RescoringBlocked(
            f"{len(blocked)} submissions that count have no scores by the new rules.",
            blocked=[vars(one) | {"submission_id": str(one.submission_id)} for one in blocked],
            total=len(blocked),
        )
    progress = read_progress(session, rescoring, rules)
    if not progress.is_ready:
        raise RescoringNotReady(
            f"{progress.waiting} of {progress.total} submissions are not evaluated yet.",
            total=progress.total,
            waiting=progress.waiting,
        )


def _make_official(session: Session, rescoring: Rescoring, rules: SetRules) -> None:
    """Put the set's evaluations in the place of those there are.

    A disqualified submission that has none by the new rules has no scores from now on; when it is
    reinstated it is scored again.
    """
    of_set = RescoringItem.rescoring_id == rescoring.id
    official = and_(
        Evaluation.is_official,
        Evaluation.submission_id == Submission.id,
        Submission.phase_id.in_(rules.phase_ids),
    )
    quietly = {"synchronize_session": False}
    session.execute(
        update(RescoringItem)
        .where(
            of_set,
            RescoringItem.submission_id == Evaluation.submission_id,
            Evaluation.is_official,
        )
        .values(replaced_id=Evaluation.id),
        execution_options=quietly,
    )
    new = select(RescoringItem.evaluation_id).where(of_set, RescoringItem.state == ItemState.DONE)
    session.execute(
        update(Evaluation).where(official, Evaluation.id.not_in(new)).values(is_official=False),
        execution_options=quietly,
    )
    # What went back to the queue, or never was scored, has none.
    scored = and_(Evaluation.submission_id == Submission.id, Submission.status == Status.SCORED)
    session.execute(
        update(Evaluation).where(Evaluation.id.in_(new), scored).values(is_official=True),
        execution_options=quietly,
    )
    session.expire_all()


def _write_rules(session: Session, rules: SetRules) -> None:
    for wanted in rules.tasks:
        wanted.write_to(session.get_one(Task, wanted.task_id))
    for change in rules.phases:
        _write_phase(session, change)
    for task_id in rules.unlisted:
        session.get_one(Task, task_id).listed = False
    session.flush()


def _write_phase(session: Session, change: PhaseChange) -> None:
    phase = session.get_one(Phase, change.phase_id)
    after = change.after
    phase.scorer = after.scorer
    phase.scorer_version = after.scorer_version
    phase.scaling = after.scaling
    session.execute(delete(PhaseTask).where(PhaseTask.phase_id == phase.id))
    session.add_all(
        PhaseTask(
            phase_id=phase.id,
            task_id=task.task_id,
            label_set_id=task.label_set_id,
            position=position,
            weight=task.weight,
            splits=task.splits.to_document(),
            public_name=task.public_name,
        )
        for position, task in enumerate(after.tasks)
    )
    session.flush()


def _tell(
    session: Session, rescoring: Rescoring, phase_ids: Sequence[UUID], *, now: datetime
) -> None:
    for phase_id in phase_ids:
        phase = session.get_one(Phase, phase_id)
        occasion = f"rescoring:{rescoring.id}:{phase_id}"
        note_change(
            session, phase, NoticeKind.RESCORED, reason=rescoring.reason, once=occasion, now=now
        )
