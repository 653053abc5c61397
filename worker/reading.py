"""Read from the rows what an evaluation is asked to do."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Challenge, Phase, Submission
from app.phases.scoring import ScoringRules, read_rules
from probeboard.probing import Probe, ProbeKind, Scaling
from worker.work import Work, WorkTask


def read_work(session: Session, submission_id: UUID, rules: ScoringRules | None = None) -> Work:
    """Read all that says how a submission is scored: by these rules, or by its phase's."""
    submission, phase, challenge = session.execute(
        select(Submission, Phase, Challenge.slug)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Submission.id == submission_id)
        .execution_options(populate_existing=True)
    ).one()
    rules = read_rules(session, phase) if rules is None else rules
    return Work(
        submission_id=submission.id,
        attempt=submission.attempt,
        request_id=submission.request_id,
        phase_id=phase.id,
        seed=f"{challenge}/{phase.slug}",
        matrix_sha256=submission.matrix_sha256,
        samples_digest=rules.samples_digest,
        scorer=rules.scorer,
        scorer_version=rules.scorer_version,
        scaling=Scaling(rules.scaling),
        analyses=rules.analyses,
        rules=rules,
        tasks=tuple(
            WorkTask(
                task_id=task.task_id,
                name=task.slug,
                weight=task.weight,
                probe=Probe(ProbeKind(task.probe), signs=task.signs),
                splits=task.splits,
                label_set_id=task.label_set_id,
                label_version=task.label_version,
                label_digest=task.label_digest,
            )
            for task in rules.tasks
        ),
    )
