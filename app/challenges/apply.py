"""Write a checked bundle into the rows: create them, or change them as far as scores allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.bundle import Bundle, PhaseBundle
from app.challenges.samples import write_sample_ids
from app.errors import ChangeNeedsRescoring
from app.models import (
    Challenge,
    LabelSet,
    Leaderboard,
    Participation,
    Phase,
    PhaseTask,
    Submission,
    Task,
    new_id,
)
from app.queue import request_ranking
from probeboard.labelsets import LabelSet as Labels
from probeboard.labelsets import to_bytes

# Scorer versions as the bundle means them; a test holds them to the scorers there are.
SCORER_VERSIONS = {"exact": 0}


@dataclass(frozen=True)
class Target:
    """What a bundle is applied to."""

    session: Session
    blobs: BlobStore
    challenge: Challenge
    now: datetime


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


def apply_bundle(target: Target, bundle: Bundle) -> None:
    """Bring a challenge's tasks and phases to what the bundle says.

    Raises
    ------
    ChangeNeedsRescoring
        If a phase that has submissions would be scored differently, or vanish.
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
        ids[part.config.slug] = _write_phase(target, phase, part, position, ids, tasks)
    # Now no phase that stays requires one that goes.
    _drop_phases(target, [phase for slug, phase in present.items() if slug not in _slugs(bundle)])
    _drop_tasks(target, [task for slug, task in tasks.items() if slug not in _task_slugs(bundle)])


def lock_challenge(session: Session, challenge: Challenge) -> None:
    """Lock a challenge and its phases, so that what is looked at stays as it is until the commit.

    A submission holds its phase's row while it is taken in: one that is on its way is waited for
    and then seen, and a later one finds the changed challenge.
    """
    session.refresh(challenge, with_for_update=True)
    statement = select(Phase.id).where(Phase.challenge_id == challenge.id).order_by(Phase.id)
    session.execute(statement.with_for_update())


def require_same_reading(session: Session, challenge: Challenge, bundle: Bundle) -> None:
    """Refuse to change how files are read, or the terms' text, under submissions that exist.

    Raises
    ------
    ChangeNeedsRescoring
        If dimension, padding or suffixes change though there are submissions, or the terms change
        without a new version though teams have accepted them.
    """
    has_submissions = select(
        exists().where(Submission.phase_id == Phase.id, Phase.challenge_id == challenge.id)
    )
    config = bundle.config
    same = (
        challenge.embedding_dim == config.embedding_dim
        and challenge.zero_pad == config.zero_pad
        and challenge.strip_suffixes == config.strip_suffixes
    )
    if not same and session.scalar(has_submissions):
        raise ChangeNeedsRescoring(
            "There are submissions: embedding_dim, zero_pad and strip_suffixes stay as they are."
        )
    has_teams = select(exists().where(Participation.challenge_id == challenge.id))
    terms_changed = challenge.pages["terms"] != bundle.pages["terms"]
    if (
        terms_changed
        and challenge.terms_version == config.terms_version
        and session.scalar(has_teams)
    ):
        raise ChangeNeedsRescoring("Teams have accepted the terms: give new terms a new version.")


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
        elif task.task_type != config.type and _has_submissions(target, task.id):
            raise ChangeNeedsRescoring(f"Task {task.slug} has scores: its type stays.")
        task.title = config.title
        task.task_type = config.type
    target.session.flush()
    return tasks


def _has_submissions(target: Target, task_id: UUID) -> bool:
    found = target.session.scalar(
        select(
            exists().where(PhaseTask.task_id == task_id, Submission.phase_id == PhaseTask.phase_id)
        )
    )
    return bool(found)


def _drop_phases(target: Target, phases: Sequence[Phase]) -> None:
    for phase in phases:
        if target.session.scalar(select(exists().where(Submission.phase_id == phase.id))):
            raise ChangeNeedsRescoring(f"Phase {phase.slug} has submissions and cannot be removed.")
        phase.requires_phase_id = None  # they may require each other, and go one by one
    target.session.flush()
    for phase in phases:
        _drop_phase_tasks(target, phase)
        board = target.session.get(Leaderboard, phase.id)
        if board is not None:
            target.session.delete(board)
            target.session.flush()
        target.session.delete(phase)
    target.session.flush()


def _drop_tasks(target: Target, tasks: Sequence[Task]) -> None:
    for task in tasks:
        for labels in target.session.scalars(select(LabelSet).where(LabelSet.task_id == task.id)):
            target.session.delete(labels)
        target.session.flush()
        target.session.delete(task)
    target.session.flush()


def _write_phase(
    target: Target,
    phase: Phase | None,
    part: PhaseBundle,
    position: int,
    ids: Mapping[str, UUID],
    tasks: Mapping[str, Task],
) -> UUID:
    session = target.session
    samples_digest = target.blobs.put(BlobKind.SAMPLES, write_sample_ids(part.sample_ids))
    labels = {
        slug: _label_set(target, tasks[slug], part.label_sets[slug]) for slug in part.label_sets
    }
    scoring = _Scoring.of_bundle(part, samples_digest, tasks, labels)
    if phase is None:
        phase = Phase(id=new_id(), challenge_id=target.challenge.id, slug=part.config.slug)
        session.add(phase)
    else:
        has_submissions = session.scalar(select(exists().where(Submission.phase_id == phase.id)))
        if has_submissions and scoring != _Scoring.of_rows(session, phase):
            raise ChangeNeedsRescoring(
                f"Phase {phase.slug} has submissions: its samples, tasks, labels, weights, "
                "splits and scorer stay as they are."
            )
    _set_columns(phase, part, position, samples_digest, ids)
    session.flush()
    _write_phase_tasks(target, phase, part, tasks, labels)
    request_ranking(session, phase.id)
    return phase.id


@dataclass(frozen=True)
class _Scoring:
    """All that decides a phase's scores."""

    samples_digest: str
    scorer: tuple[str, int]
    splits: tuple[int, float, int]
    tasks: tuple[tuple[UUID, UUID, float], ...]

    @classmethod
    def of_bundle(
        cls,
        part: PhaseBundle,
        samples_digest: str,
        tasks: Mapping[str, Task],
        labels: Mapping[str, LabelSet],
    ) -> "_Scoring":
        config = part.config
        return cls(
            samples_digest,
            (config.scorer, SCORER_VERSIONS[config.scorer]),
            (config.splits.n_splits, config.splits.test_size, config.splits.seed),
            tuple((tasks[i.task].id, labels[i.task].id, i.weight) for i in config.tasks),
        )

    @classmethod
    def of_rows(cls, session: Session, phase: Phase) -> "_Scoring":
        rows = session.scalars(
            select(PhaseTask).where(PhaseTask.phase_id == phase.id).order_by(PhaseTask.position)
        )
        return cls(
            phase.samples_digest,
            (phase.scorer, phase.scorer_version),
            (phase.n_splits, phase.test_size, phase.split_seed),
            tuple((row.task_id, row.label_set_id, row.weight) for row in rows),
        )


def _set_columns(
    phase: Phase,
    part: PhaseBundle,
    position: int,
    samples_digest: str,
    ids: Mapping[str, UUID],
) -> None:
    config = part.config
    phase.title = config.title
    phase.position = position
    phase.opens_at = config.opens_at
    phase.closes_at = config.closes_at
    phase.samples_digest = samples_digest
    phase.n_samples = len(part.sample_ids)
    phase.scorer = config.scorer
    phase.scorer_version = SCORER_VERSIONS[config.scorer]
    phase.n_splits = config.splits.n_splits
    phase.test_size = config.splits.test_size
    phase.split_seed = config.splits.seed
    phase.ranking = config.ranking
    phase.selection = config.selection
    phase.quota_per_day = config.quota.per_day
    phase.quota_total = config.quota.total
    phase.quota_in_flight = config.quota.in_flight
    phase.requires_phase_id = ids[config.requires] if config.requires else None
    phase.team_sees = config.team_sees
    phase.board_visible = config.board.visible
    phase.board_tasks = config.board.tasks
    phase.board_task_names = config.board.task_names
    phase.board_frozen_at = config.board.frozen_at
    phase.decimals = config.board.decimals


def _write_phase_tasks(
    target: Target,
    phase: Phase,
    part: PhaseBundle,
    tasks: Mapping[str, Task],
    labels: Mapping[str, LabelSet],
) -> None:
    _drop_phase_tasks(target, phase)
    for position, item in enumerate(part.config.tasks):
        target.session.add(
            PhaseTask(
                phase_id=phase.id,
                task_id=tasks[item.task].id,
                label_set_id=labels[item.task].id,
                position=position,
                weight=item.weight,
                public_name=item.public_name or item.task,
            )
        )
    target.session.flush()


def _drop_phase_tasks(target: Target, phase: Phase) -> None:
    for row in target.session.scalars(select(PhaseTask).where(PhaseTask.phase_id == phase.id)):
        target.session.delete(row)
    target.session.flush()


def _label_set(target: Target, task: Task, labels: Labels) -> LabelSet:
    """Return the task's label set with these labels; make its next version if there is none."""
    data = to_bytes(labels)
    digest = sha256(data).hexdigest()
    known = target.session.scalars(
        select(LabelSet).where(LabelSet.task_id == task.id, LabelSet.digest == digest)
    ).one_or_none()
    if known is not None:
        return known
    target.blobs.put(BlobKind.LABELS, data)
    newest = target.session.scalar(
        select(func.max(LabelSet.version)).where(LabelSet.task_id == task.id)
    )
    row = LabelSet(
        id=new_id(),
        task_id=task.id,
        version=(newest or 0) + 1,
        digest=digest,
        n_labels=len(labels.sample_ids),
        created_at=target.now,
    )
    target.session.add(row)
    target.session.flush()
    return row
