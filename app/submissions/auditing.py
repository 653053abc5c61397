"""What changes of a submission, noted for the organizers of its challenge."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.audit.service import record
from app.audit.words import Facts
from app.models import Phase, Submission
from app.policy import Viewer


def note_change(
    session: Session,
    viewer: Viewer,
    action: str,
    submission: Submission,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Note what the viewer changes of a submission; see `app.audit.service.record`."""
    record(
        session,
        viewer,
        action,
        challenge_id=session.get_one(Phase, submission.phase_id).challenge_id,
        subject=submission,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )
