"""`/submissions/{id}/disqualification` and `/challenges/{slug}/disqualifications`."""

from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.errors import Forbidden, NotFound
from app.http.dependencies import AnyViewer, DbSession, OrganizeViewer, Queue
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug, SubmissionId
from app.http.problems import declare
from app.http.schemas import Page
from app.participations.schemas import DisqualificationRequest
from app.policy import Viewer
from app.queue import RANK_PHASE, JobQueue
from app.submissions import disqualifying
from app.submissions.describing import describe
from app.submissions.present import disqualified_view
from app.submissions.schemas import DisqualifiedView, SubmissionView

router = APIRouter(tags=["submissions"])


@router.put("/submissions/{submission_id}/disqualification", responses=declare(NotFound, Forbidden))
def disqualify_submission(
    submission_id: SubmissionId,
    body: DisqualificationRequest,
    session: DbSession,
    queue: Queue,
    viewer: OrganizeViewer,
) -> SubmissionView:
    """Take one submission out of the ranks: then another of its team counts, if there is one.

    Organizers only. It stays, and costs its quota; the board follows at once. Again changes the
    reason.
    """
    phase_id = disqualifying.disqualify_submission(
        session,
        viewer,
        submission_id,
        reason=body.reason,
        publicly=body.public,
        now=utc_now(),
    )
    return _commit(session, queue, viewer, phase_id, submission_id)


@router.delete(
    "/submissions/{submission_id}/disqualification", responses=declare(NotFound, Forbidden)
)
def reinstate_submission(
    submission_id: SubmissionId, session: DbSession, queue: Queue, viewer: OrganizeViewer
) -> SubmissionView:
    """Put a disqualified submission back. Organizers only; again changes nothing."""
    phase_id = disqualifying.reinstate_submission(session, viewer, submission_id, now=utc_now())
    return _commit(session, queue, viewer, phase_id, submission_id)


@router.get("/challenges/{slug}/disqualifications", responses=declare(NotFound))
def list_disqualified(
    slug: ChallengeSlug, session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[DisqualifiedView]:
    """List who is disqualified for a public reason; all, if you run or read the challenge."""
    found = disqualifying.list_disqualified(
        session, viewer, slug, after=paging.after, limit=paging.limit, now=utc_now()
    )
    return page_of(found, paging, disqualified_view)


def _commit(
    session: Session, queue: JobQueue, viewer: Viewer, phase_id: UUID, submission_id: UUID
) -> SubmissionView:
    session.commit()
    queue.announce(RANK_PHASE, phase_id)
    return describe(session, viewer, submission_id, now=utc_now())
