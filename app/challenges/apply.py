"""Write a checked bundle into the rows: create them, or change them as far as scores allow."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.challenges.apply_phase import Target, drop_phase_tasks, write_phase
from app.challenges.bundle import Bundle
from app.models import (
    Challenge,
    LabelSet,
    Leaderboard,
    Phase,
    Rescoring,
    RescoringState,
    Task,
    TaskScore,
    new_id,
)


def write_challenge(challenge: Challenge, bundle: Bundle) -> None:
    """Set the challenge's own columns."""
    config = bundle.config
    challenge.title = config.title
    challenge.summary = config.summary
    challenge.embedding_dim = config.embedding_dim
    challenge.zero_pad = config.zero_pad
    challenge.strip_suffixes = list(config.strip_suffixes)
    challenge.terms_version = config.terms_version
    challenge.pages = dict(bundle.pages)
    challenge.approval = config.participation.approval
    challenge.email_domains = list(config.participation.email_domains)
    challenge.teams_locked_at = config.teams_locked_at


def apply_bundle(target: Target, bundle: Bundle) -> None:
    """Bring a challenge's tasks and phases to what the bundle says.

    Whether that may be is not asked here: `app.challenges.planning` has looked, under the lock.
    """
    tasks = _write_tasks(target, bundle)
    present = {
        phase.slug: phase
        for phase in target.session.scalars(
            select(Phase).where(Phase.challenge_id == target.challenge.id)
        )
    }
    ids: dict[str, UUID] = {}
    for position, part in enumerate(bundle.phases):
        phase = present.get(part.config.slug)
        ids[part.config.slug] = write_phase(target, phase, part, position, ids, tasks)
    # Now no phase that stays requires one that goes.
    _drop_phases(target, [phase for slug, phase in present.items() if slug not in _slugs(bundle)])
    gone = [task for slug, task in tasks.items() if slug not in _task_slugs(bundle)]
    _drop_tasks(target, [task for task in gone if task.listed])


def lock_challenge(session: Session, challenge: Challenge) -> None:
    """Lock a challenge and its phases, so that what is looked at stays as it is until the commit.

    A submission holds its phase's row while it is taken in: one that is on its way is waited for
    and then seen, and a later one finds the changed challenge. No key of a phase changes: a ranking
    holds its board's row and looks at that key, while this holds the phase's row and asks for the
    board's.
    """
    session.refresh(challenge, with_for_update=True)
    statement = select(Phase.id).where(Phase.challenge_id == challenge.id).order_by(Phase.id)
    session.execute(statement.with_for_update(key_share=True))


def _slugs(bundle: Bundle) -> set[str]:
    return {part.config.slug for part in bundle.phases}


def _task_slugs(bundle: Bundle) -> set[str]:
    return {task.slug for task in bundle.config.tasks}


def _write_tasks(target: Target, bundle: Bundle) -> dict[str, Task]:
    statement = select(Task).where(Task.challenge_id == target.challenge.id)
    tasks = {task.slug: task for task in target.session.scalars(statement)}
    for config in bundle.config.tasks:
        task = tasks.get(config.slug)
        if task is None:
            task = Task(id=new_id(), challenge_id=target.challenge.id, slug=config.slug)
            target.session.add(task)
            tasks[config.slug] = task
        task.title = config.title
        task.task_type = config.type
        task.probe = config.probe
        task.signs = config.signs
        task.listed = True
    target.session.flush()
    return tasks


def _drop_phases(target: Target, phases: Sequence[Phase]) -> None:
    for phase in phases:
        phase.requires_phase_id = None  # they may require each other, and go one by one
    target.session.flush()
    for phase in phases:
        drop_phase_tasks(target, phase)
        board = target.session.get(Leaderboard, phase.id)
        if board is not None:
            target.session.delete(board)
            target.session.flush()
        target.session.delete(phase)
    target.session.flush()


def _drop_tasks(target: Target, tasks: Sequence[Task]) -> None:
    """Delete tasks; one that scores of before rest on, or those of an open set may, is kept."""
    is_open = exists().where(
        Rescoring.challenge_id == target.challenge.id, Rescoring.state == RescoringState.OPEN
    )
    for task in tasks:
        has_scores = exists().where(TaskScore.task_id == task.id)
        if target.session.scalar(select(or_(has_scores, is_open))):
            task.listed = False
            continue
        for labels in target.session.scalars(select(LabelSet).where(LabelSet.task_id == task.id)):
            target.session.delete(labels)
        target.session.flush()
        target.session.delete(task)
    target.session.flush()
