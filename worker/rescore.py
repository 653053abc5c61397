"""Evaluate one submission of a re-scoring: claim, compute, store, beside the live scores."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, exists, update
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.models import FailureCode, ItemState, Rescoring, RescoringItem, RescoringState
from app.rescorings.rules import SetRules
from worker.evaluate import InvalidSubmission, compute
from worker.failures import Failure, failure_of
from worker.lease import Lease, LeaseLost
from worker.parts import Parts
from worker.reading import read_work
from worker.store import add_evaluation
from worker.work import Outcome, Work

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ItemWork:
    """A claimed item, and how it is scored; `attempt` is the item's."""

    item_id: UUID
    rescoring_id: UUID
    attempt: int
    work: Work


def rescore_submission(parts: Parts, item_id: UUID) -> None:
    """Evaluate an item if it is there to be evaluated; a duplicate message changes nothing."""
    lease_length = timedelta(seconds=parts.settings.lease_s)
    with parts.sessions() as session:
        item = claim(session, item_id, now=utc_now(), lease=lease_length)
        session.commit()
    if item is None:
        log.info("nothing to claim", item_id=str(item_id))
        return
    with structlog.contextvars.bound_contextvars(
        item_id=str(item_id),
        submission_id=str(item.work.submission_id),
        rescoring_id=str(item.rescoring_id),
        attempt=item.attempt,
    ):
        _evaluate(parts, item)


def _evaluate(parts: Parts, item: ItemWork) -> None:
    log.info("re-scoring started", n_tasks=len(item.work.tasks))
    lease = Lease(parts, partial(renew, item=item))
    try:
        with lease.kept():
            outcome = compute(parts, item.work, lease.note_progress)
        with parts.sessions() as session:
            stored = finish(session, item, outcome, now=utc_now())
            session.commit()
    except LeaseLost:
        stored = False
    except InvalidSubmission as error:
        stored = _settle(parts, item, Failure(FailureCode.NOT_SCORABLE, str(error)), rejected=True)
    except Exception as error:
        log.error("re-scoring broke", exc_info=error)
        stored = _settle(parts, item, failure_of(error, parts.settings), rejected=False)
    log.info("re-scoring ended", stored=stored)


def claim(session: Session, item_id: UUID, *, now: datetime, lease: timedelta) -> ItemWork | None:
    """Take a queued item of an open set under a lease; None if it is not there to be taken."""
    claimed = session.execute(
        update(RescoringItem)
        .where(
            RescoringItem.id == item_id, RescoringItem.state == ItemState.QUEUED, _of_an_open_set()
        )
        .values(
            state=ItemState.RUNNING,
            attempt=RescoringItem.attempt + 1,
            lease_expires_at=now + lease,
        )
        .returning(
            RescoringItem.rescoring_id,
            RescoringItem.submission_id,
            RescoringItem.phase_id,
            RescoringItem.attempt,
        )
    ).one_or_none()
    if claimed is None:
        return None
    rescoring_id, submission_id, phase_id, attempt = claimed
    rules = SetRules.from_document(session.get_one(Rescoring, rescoring_id).rules)
    after = next(change.after for change in rules.phases if change.phase_id == phase_id)
    return ItemWork(item_id, rescoring_id, attempt, read_work(session, submission_id, after))


def renew(
    session: Session,
    *,
    item: ItemWork,
    now: datetime,
    lease: timedelta,
    tasks_done: int | None = None,
) -> bool:
    """Prolong the lease; False if it was lost, or the set is decided upon."""
    renewed = session.scalars(
        update(RescoringItem)
        .where(_is_mine(item.item_id, item.attempt), _of_an_open_set())
        .values(lease_expires_at=now + lease)
        .returning(RescoringItem.id)
    )
    return renewed.one_or_none() is not None


def finish(session: Session, item: ItemWork, outcome: Outcome, *, now: datetime) -> bool:
    """Write the evaluation; False, and nothing, if the lease was lost or the set is decided."""
    if not _holds(session, item.rescoring_id, item.item_id, item.attempt):
        return False
    evaluation_id = add_evaluation(
        session, item.work, outcome, official=False, attempt=item.attempt, now=now
    )
    done = {"evaluation_id": evaluation_id, "finished_at": now}
    return _move(session, item.item_id, item.attempt, ItemState.DONE, done)


def reject(session: Session, item: ItemWork, failure: Failure, *, now: datetime) -> bool:
    """Note that the file gives no score by the new rules; False as `finish`."""
    if not _holds(session, item.rescoring_id, item.item_id, item.attempt):
        return False
    values = {"finished_at": now, **_failure_columns(failure)}
    return _move(session, item.item_id, item.attempt, ItemState.REJECTED, values)


def release(
    session: Session, item_id: UUID, attempt: int, failure: Failure, *, now: datetime
) -> ItemState | None:
    """Give a running item back: to the queue, or, after the last attempt, as failed.

    Returns where it went; None if the attempt is not the present one.
    """
    row = session.get(RescoringItem, item_id, with_for_update=True, populate_existing=True)
    if row is None or row.attempt != attempt or row.state != ItemState.RUNNING:
        return None
    if attempt < row.attempts_allowed:
        _move(session, item_id, attempt, ItemState.QUEUED, {"announced_at": None})
        return ItemState.QUEUED
    values = {"finished_at": now, **_failure_columns(failure)}
    _move(session, item_id, attempt, ItemState.FAILED, values)
    return ItemState.FAILED


def _settle(parts: Parts, item: ItemWork, failure: Failure, *, rejected: bool) -> bool:
    with parts.sessions() as session:
        if rejected:
            stored = reject(session, item, failure, now=utc_now())
        else:
            went = release(session, item.item_id, item.attempt, failure, now=utc_now())
            stored = went is not None
        session.commit()
    return stored


def _holds(session: Session, rescoring_id: UUID, item_id: UUID, attempt: int) -> bool:
    """Tell whether an item is still to be written, and keep it so until the commit.

    The set first, then the item: whoever decides upon the set does it in this order.
    """
    rescoring = session.get_one(
        Rescoring, rescoring_id, with_for_update={"read": True}, populate_existing=True
    )
    if rescoring.state != RescoringState.OPEN:
        return False
    row = session.get_one(RescoringItem, item_id, with_for_update=True, populate_existing=True)
    return row.attempt == attempt and row.state == ItemState.RUNNING


def _move(
    session: Session, item_id: UUID, attempt: int, to: ItemState, values: dict[str, Any]
) -> bool:
    moved = session.scalars(
        update(RescoringItem)
        .where(_is_mine(item_id, attempt))
        .values(state=to, lease_expires_at=None, **values)
        .returning(RescoringItem.id)
    )
    return moved.one_or_none() is not None


def _is_mine(item_id: UUID, attempt: int) -> ColumnElement[bool]:
    return and_(
        RescoringItem.id == item_id,
        RescoringItem.attempt == attempt,
        RescoringItem.state == ItemState.RUNNING,
    )


def _of_an_open_set() -> ColumnElement[bool]:
    return exists().where(
        Rescoring.id == RescoringItem.rescoring_id, Rescoring.state == RescoringState.OPEN
    )


def _failure_columns(failure: Failure) -> dict[str, Any]:
    return {
        "failure_code": failure.code,
        "failure_detail": failure.detail,
        "failure_traceback": failure.traceback,
    }
