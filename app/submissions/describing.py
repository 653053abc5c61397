"""Submissions as their viewers may see them, read and described: private scores where they may."""

from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import Part
from app.policy import Viewer, sight_of
from app.submissions.present import submission_view
from app.submissions.schemas import SubmissionView
from app.submissions.scores import official_scores
from app.submissions.service import Detail, get_submission


def describe(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime
) -> SubmissionView:
    """Describe a submission the viewer may see.

    Raises
    ------
    NotFound
        If there is none.
    """
    detail = get_submission(session, viewer, submission_id)
    return describer_of(session, [detail], now=now)(detail)


def describer_of(
    session: Session, details: Collection[Detail], *, now: datetime
) -> Callable[[Detail], SubmissionView]:
    """Return what describes some submissions, once their private scores were read.

    What may not be seen is not read.
    """
    told = [one.submission.id for one in details if sight_of(one.who, one.phase, now).sees_private]
    private = official_scores(session, told, part=Part.PRIVATE, whole=True) if told else {}
    return lambda one: submission_view(
        one, sight_of(one.who, one.phase, now), private.get(one.submission.id)
    )
