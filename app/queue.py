"""Tell the workers. A message is a hint that carries one id; the database row is the truth.

Announcing never raises: what was not announced, or was lost, is found by the sweep.
"""

from uuid import UUID

import structlog
from celery import Celery
from kombu import Queue as KombuQueue
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import Leaderboard
from app.settings import Settings

EVALUATE_SUBMISSION = "evaluate_submission"
RESCORE_SUBMISSION = "rescore_submission"
RANK_PHASE = "rank_phase"
SWEEP = "sweep"
DELIVER_NOTICE = "deliver_notice"

CONTROL_QUEUE = "control"
EVALUATION_QUEUE = "evaluations"
RESCORING_QUEUE = "rescorings"
# Taken by notifiers, which reach the outside world and no labels; workers do not listen to it.
NOTICE_QUEUE = "notices"

QUEUE_OF = {
    EVALUATE_SUBMISSION: EVALUATION_QUEUE,
    RESCORE_SUBMISSION: RESCORING_QUEUE,
    RANK_PHASE: CONTROL_QUEUE,
    SWEEP: CONTROL_QUEUE,
    DELIVER_NOTICE: NOTICE_QUEUE,
}

log = structlog.get_logger(__name__)


def make_celery(settings: Settings) -> Celery:
    """Make the Celery application that both processes share: the worker adds jobs to it."""
    celery = Celery("probeboard", broker=settings.celery_broker_url)
    celery.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # Ranking and sweeping are short and go first, so that a full queue delays no board; and
        # nothing waits for a re-scoring.
        task_queues=[
            KombuQueue(CONTROL_QUEUE),
            KombuQueue(EVALUATION_QUEUE),
            KombuQueue(RESCORING_QUEUE),
        ],
        task_default_queue=CONTROL_QUEUE,
        task_routes={job: {"queue": queue} for job, queue in QUEUE_OF.items()},
        task_publish_retry=False,
        task_time_limit=settings.evaluation_time_limit_s + 30,
        task_soft_time_limit=settings.evaluation_time_limit_s,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "queue_order_strategy": "priority",
            "visibility_timeout": settings.visibility_timeout_s,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            # Without these a sender tries for seconds; the sweep is the one that tries again.
            "max_retries": 1,
            "interval_start": 0,
        },
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_concurrency=settings.worker_concurrency,
        worker_hijack_root_logger=False,
        beat_schedule={
            SWEEP: {
                "task": SWEEP,
                "schedule": settings.sweep_every_s,
                # While no worker listens, sweeps shall not pile up.
                "options": {"expires": settings.sweep_every_s * 2},
            }
        },
    )
    return celery


def request_ranking(session: Session, phase_id: UUID) -> None:
    """Ask for a ranking in the transaction that changes what the board shows.

    The row is the request; the caller commits, then announces RANK_PHASE.
    """
    statement = insert(Leaderboard).values(phase_id=phase_id, requested=1, ranked=0)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Leaderboard.phase_id],
            set_={"requested": Leaderboard.requested + 1, "announced_at": None},
        )
    )


class JobQueue:
    """The sending side."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def announce(self, job: str, subject: UUID) -> bool:
        """Send one job for one id; tell whether the broker took it."""
        try:
            self._celery.send_task(job, args=[str(subject)], retry=False)
        except (KombuError, RedisError, OSError) as error:
            log.warning("announcement lost", job=job, subject=str(subject), error=repr(error))
            return False
        return True

    def waiting(self, queue: str = EVALUATION_QUEUE) -> int | None:
        """Count the messages of a queue nobody has taken; None if the broker cannot tell."""
        try:
            with self._celery.connection_for_read() as connection:
                channel = connection.default_channel
                return int(channel.client.llen(queue))
        except (KombuError, RedisError, OSError):
            return None

    def close(self) -> None:
        """Give the connections back."""
        self._celery.close()
