"""Score one submission: claim, compute, store. No formulas here, and no session while computing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from app.blobs import BlobKind
from app.clock import utc_now
from app.events import publish
from app.models import FailureCode, Part, Status
from app.queue import RANK_PHASE
from probeboard.probing import (
    Analysis,
    PreparedEmbeddings,
    ProbeTask,
    SampleErrors,
    TaskScores,
    analyse,
    bootstrap_tasks,
    get_scorer,
    pack_predictions,
    prepare,
    score_tasks,
)
from probeboard.scores import floor_of
from worker import store
from worker.failures import Failure, failure_of
from worker.inputs import read_groups, read_matrix, read_probe_task
from worker.lease import Lease, LeaseLost
from worker.parts import Parts
from worker.receipt import receipt_of
from worker.rules_now import RulesChanged, give_back
from worker.work import Found, Outcome, Work

log = structlog.get_logger(__name__)


class InvalidSubmission(Exception):
    """The embeddings are at fault, not we."""


def evaluate_submission(parts: Parts, submission_id: UUID) -> None:
    """Score a submission if it is there to be scored; a duplicate message changes nothing."""
    lease_length = timedelta(seconds=parts.settings.lease_s)
    with parts.sessions() as session:
        work = store.claim(session, submission_id, now=utc_now(), lease=lease_length)
        session.commit()
    if work is None:
        log.info("nothing to claim", submission_id=str(submission_id))
        return
    with structlog.contextvars.bound_contextvars(
        submission_id=str(submission_id), request_id=work.request_id, attempt=work.attempt
    ):
        _evaluate(parts, work)


def _evaluate(parts: Parts, work: Work) -> None:
    log.info("evaluation started", n_tasks=len(work.tasks))
    _tell(parts, work, Status.RUNNING, 0)
    started = time.perf_counter()
    lease = Lease(parts, partial(store.renew, work=work))

    def note_progress(tasks_done: int) -> None:
        lease.note_progress(tasks_done)
        _tell(parts, work, Status.RUNNING, tasks_done)

    try:
        with lease.kept():
            outcome = compute(parts, work, note_progress)
        _finish(parts, work, outcome)
    except LeaseLost:
        log.warning("lease lost")
        return
    except InvalidSubmission as error:
        _reject(parts, work, Failure(FailureCode.NOT_SCORABLE, str(error)))
        return
    except RulesChanged:
        _give_back(parts, work)
        return
    except Exception as error:
        _release(parts, work, error)
        return
    log.info("evaluation finished", seconds=round(time.perf_counter() - started, 3))
    _tell(parts, work, Status.SCORED, len(work.tasks))
    parts.queue.announce(RANK_PHASE, work.phase_id)


def compute(parts: Parts, work: Work, note_progress: Callable[[int], None]) -> Outcome:
    """Compute all that an evaluation is made of, and tell how many tasks are done.

    Raises
    ------
    InvalidSubmission
        If the embeddings give no finite score.
    """
    started = time.perf_counter()
    matrix = read_matrix(parts.blobs, work)
    prepared = prepare(matrix, scaling=work.scaling)
    sides = (Part.PUBLIC,) if work.rules.private_sides is None else tuple(Part)
    n_scored = 0

    def note_one() -> None:
        nonlocal n_scored
        n_scored += 1
        note_progress(n_scored // len(sides))

    found = {side: _compute_part(parts, work, side, matrix, prepared, note_one) for side in sides}
    public = found[Part.PUBLIC]
    return Outcome(
        scores=public.scores,
        analyses=public.analyses,
        predictions_digest=public.predictions_digest,
        sample_draws=public.sample_draws,
        private=found.get(Part.PRIVATE),
        receipt=receipt_of(work, parts.settings),
        seconds=time.perf_counter() - started,
    )


def _compute_part(
    parts: Parts,
    work: Work,
    side: Part,
    matrix: NDArray[np.float32],
    prepared: PreparedEmbeddings,
    note_one: Callable[[], None],
) -> Found:
    """Compute what is found on one part of the samples, as if there were no other."""
    scorer = get_scorer(work.scorer, work.scorer_version)
    tasks = [read_probe_task(parts.blobs, work, task, side) for task in work.tasks]
    wanted = frozenset(Analysis(name) for name in work.analyses)
    if side is Part.PRIVATE:
        wanted -= {Analysis.SPECTRUM}  # of the embeddings alone: it is told beside public scores
    keep = wanted & {Analysis.METRICS, Analysis.PREDICTIONS}  # what looks at predictions
    scores: list[TaskScores] = []
    for one in score_tasks(prepared, tasks, scorer=scorer):
        scores.append(require_finite(one if keep else replace(one, predictions=())))
        note_one()
    found = analyse(matrix, prepared, tasks, scores, scorer=scorer, wanted=wanted).to_dict()
    drawn = None
    if Analysis.PREDICTIONS in wanted:
        drawn = _draw_samples(parts, work, side, tasks, scores, n_samples=len(matrix))
        found["sample_bootstrap"] = drawn.to_dict([task.weight for task in work.tasks])
    return Found(
        scores=scores,
        analyses=found or None,
        predictions_digest=_keep_predictions(parts, scores, wanted),
        sample_draws=None if drawn is None else drawn.to_bytes(),
    )


def _draw_samples(
    parts: Parts,
    work: Work,
    side: Part,
    tasks: Sequence[ProbeTask],
    scores: Sequence[TaskScores],
    *,
    n_samples: int,
) -> SampleErrors:
    """Draw the same samples for every submission of the phase, by group where splits are."""
    units = [read_groups(parts.blobs, work, task, side) for task in work.tasks]
    return bootstrap_tasks(
        tasks,
        scores,
        units,
        n_samples=n_samples,
        seed=work.seed if side is Part.PUBLIC else f"{work.seed}/{side}",
        floor=floor_of(work.scorer),
    )


def _keep_predictions(
    parts: Parts, scores: Sequence[TaskScores], wanted: frozenset[Analysis]
) -> str | None:
    """Store them before the row that names them: what nobody names is never read."""
    if Analysis.PREDICTIONS not in wanted:
        return None
    return parts.blobs.put(BlobKind.PREDICTIONS, pack_predictions(scores))


def _finish(parts: Parts, work: Work, outcome: Outcome) -> None:
    with parts.sessions() as session:
        if not store.finish(session, work, outcome, now=utc_now()):
            raise LeaseLost
        session.commit()


def require_finite(scores: TaskScores) -> TaskScores:
    """Let no score through that a ranking could choke on.

    Raises
    ------
    InvalidSubmission
        If a score is not finite.
    """
    if not np.isfinite(scores.split_scores).all():
        log.warning("score not finite", task=scores.name)  # the team may not know the task's name
        raise InvalidSubmission("The embeddings give no finite score in every task.")
    return scores


def _give_back(parts: Parts, work: Work) -> None:
    log.info("rules changed meanwhile")
    if give_back(parts, work, now=utc_now()):
        _tell(parts, work, Status.QUEUED, 0)


def _reject(parts: Parts, work: Work, failure: Failure) -> None:
    try:
        with parts.sessions() as session:
            rejected = store.reject(session, work, failure, now=utc_now())
            session.commit()
    except RulesChanged:
        _give_back(parts, work)
        return
    log.info("evaluation rejected", code=failure.code, stored=rejected)
    if rejected:
        _tell(parts, work, Status.REJECTED, 0)


def _release(parts: Parts, work: Work, error: Exception) -> None:
    log.error("evaluation broke", exc_info=error)
    failure = failure_of(error, parts.settings)
    with parts.sessions() as session:
        status = store.release(session, work.submission_id, work.attempt, failure, now=utc_now())
        session.commit()
    if status is not None:
        _tell(parts, work, status, 0)


def _tell(parts: Parts, work: Work, status: Status, tasks_done: int) -> None:
    publish(
        parts.redis,
        work.submission_id,
        status=status,
        tasks_done=tasks_done,
        tasks_total=len(work.tasks),
    )
