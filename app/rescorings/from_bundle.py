"""From a bundle to what a set changes: what decides scores, and nothing else."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from app.challenges.apply_phase import Target, write_label_set, write_splits
from app.challenges.bundle import Bundle
from app.challenges.changes import Change, Kind
from app.challenges.config import TaskConfig
from app.challenges.outline import SCORER_VERSIONS
from app.challenges.phase_bundle import PhaseBundle
from app.challenges.phase_config import PhaseTaskConfig
from app.challenges.planning import make_plan
from app.challenges.refusals import TASK_SCORING
from app.errors import ChangeNeedsRescoring, NothingToRescore, RescoringCannotChange
from app.models import Phase, Task, new_id
from app.phases.scoring import ScoredTask, ScoringRules, read_rules
from app.rescorings.rules import PhaseChange, SetRules, TaskChange

_OF_PHASE = ("scorer", "scorer_version", "scaling")


def rules_of_bundle(target: Target, bundle: Bundle) -> SetRules:
    """Return what a bundle changes of a challenge; new tasks and label sets are written.

    Raises
    ------
    NothingToRescore
        If an update could make all its changes.
    RescoringCannotChange
        If it changes anything that decides no scores, or that submissions themselves rest on.
    """
    plan = make_plan(target.session, target.challenge, bundle)
    if all(refusal.error is not ChangeNeedsRescoring for refusal in plan.refusals):
        raise NothingToRescore("No score that exists would change: update the challenge.")
    _refuse_others(
        plan.changes, {item.task for part in bundle.phases for item in part.config.tasks}
    )
    tasks, changed = _write_tasks(target, bundle)
    asked = {config.slug: config for config in bundle.config.tasks}
    found = [
        PhaseChange(
            phase.id,
            before := read_rules(target.session, phase),
            _after(target, before, part, tasks, asked),
        )
        for phase, part in _phases(target, bundle)
    ]
    return SetRules(
        phases=tuple(one for one in found if one.before != one.after),
        tasks=tuple(changed),
        unlisted=tuple(
            task.id for slug, task in tasks.items() if task.listed and slug not in asked
        ),
    )


def _refuse_others(changes: Sequence[Change], scored: set[str]) -> None:
    others = [change.dotted for change in changes if not _can_be_rescored(change, scored)]
    if others:
        raise RescoringCannotChange(
            "A re-scoring changes tasks, labels, weights, splits, scorer and scaling of phases "
            f"there are, and nothing else. Leave as they were: {', '.join(others)}.",
            paths=others,
        )


def _can_be_rescored(change: Change, scored: set[str]) -> bool:
    match change.path:
        case ("tasks", slug):
            return change.kind is Kind.REMOVED or slug in scored
        case ("tasks", _, key):
            return key in TASK_SCORING
        case ("phases", _, "tasks", _, "public_name"):
            return False
        case ("phases", _, "tasks", *_):
            return True
        case ("phases", _, key):
            return key in _OF_PHASE
    return False


def _phases(target: Target, bundle: Bundle) -> list[tuple[Phase, PhaseBundle]]:
    statement = select(Phase).where(Phase.challenge_id == target.challenge.id)
    rows = {phase.slug: phase for phase in target.session.scalars(statement)}
    return [(rows[part.config.slug], part) for part in bundle.phases]


def _write_tasks(target: Target, bundle: Bundle) -> tuple[dict[str, Task], list[TaskChange]]:
    """Return the challenge's tasks by slug, and what is to be changed of them.

    New ones are written, and listed by no bundle until the set is applied.
    """
    statement = select(Task).where(Task.challenge_id == target.challenge.id)
    tasks = {task.slug: task for task in target.session.scalars(statement)}
    changed = []
    for config in bundle.config.tasks:
        task = tasks.get(config.slug)
        if task is None:
            task = Task(
                id=new_id(),
                challenge_id=target.challenge.id,
                slug=config.slug,
                title=config.title,
                task_type=config.type,
                probe=config.probe,
                signs=config.signs,
                listed=False,
            )
            target.session.add(task)
            tasks[config.slug] = task
        wanted = TaskChange(
            task.id, config.title, str(config.type), str(config.probe), config.signs
        )
        if not task.listed or wanted != TaskChange.of(task):
            changed.append(wanted)
    target.session.flush()
    return tasks, changed


def _after(
    target: Target,
    before: ScoringRules,
    part: PhaseBundle,
    tasks: Mapping[str, Task],
    asked: Mapping[str, TaskConfig],
) -> ScoringRules:
    config = part.config
    return ScoringRules(
        samples_digest=before.samples_digest,
        private_sides=before.private_sides,
        scorer=config.scorer,
        scorer_version=SCORER_VERSIONS[config.scorer],
        scaling=config.scaling.value,
        analyses=before.analyses,
        tasks=tuple(
            _task(target, part, tasks[item.task], item, asked[item.task]) for item in config.tasks
        ),
    )


def _task(
    target: Target, part: PhaseBundle, task: Task, item: PhaseTaskConfig, asked: TaskConfig
) -> ScoredTask:
    scored = part.tasks[task.slug]
    labels = write_label_set(target, task, scored.labels)
    return ScoredTask(
        task_id=task.id,
        slug=task.slug,
        task_type=str(asked.type),
        probe=str(asked.probe),
        signs=asked.signs,
        splits=write_splits(target, scored),
        label_set_id=labels.id,
        label_version=labels.version,
        label_digest=labels.digest,
        weight=item.weight,
        public_name=item.public_name or item.task,
    )
