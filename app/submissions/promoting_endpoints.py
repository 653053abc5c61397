"""`/submissions/{id}/baseline`."""

from fastapi import APIRouter, Response, status
from pydantic import Field

from app.clock import utc_now
from app.errors import CannotBecomeBaseline, Forbidden, NotFound, StatusForbids
from app.http.dependencies import AppSettings, DbSession, OrganizeViewer, Queue, RequestId
from app.http.paths import SubmissionId
from app.http.problems import declare
from app.http.schemas import Body, Line
from app.queue import EVALUATE_SUBMISSION
from app.submissions import promoting, service
from app.submissions.describing import describe
from app.submissions.schemas import SubmissionView

router = APIRouter(tags=["submissions"])


class PromotionRequest(Body):
    """Why a team's submission becomes a baseline, too."""

    reason: str = Field(
        min_length=1,
        max_length=1000,
        description="For the team, and for the audit log.",
        examples=["The winner of last year is what to beat this year."],
    )
    method_name: Line | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="What the board is to call it; null for the team's own name of the method.",
        examples=["Winner of 2025"],
    )


@router.post(
    "/submissions/{submission_id}/baseline",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, StatusForbids, CannotBecomeBaseline),
)
def promote_submission(
    submission_id: SubmissionId,
    body: PromotionRequest,
    response: Response,
    session: DbSession,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
    request_id: RequestId,
) -> SubmissionView:
    """Hand a copy of a team's scored submission in as a baseline, and return the baseline.

    Organizers only. It is evaluated and shown as every baseline: outside of the ranking, and under
    no team's name. The team's own stays as it is, and the team is told. Again changes nothing, and
    answers the same baseline, with the header `Idempotent-Replay: true`.
    """
    promoted = promoting.promote(
        session,
        viewer,
        submission_id,
        reason=body.reason,
        method_name=body.method_name,
        request_id=request_id,
        max_attempts=settings.max_attempts,
        now=utc_now(),
    )
    session.commit()
    if promoted.is_replay:
        response.headers["Idempotent-Replay"] = "true"
    elif queue.announce(EVALUATE_SUBMISSION, promoted.baseline_id):
        service.mark_announced(session, [promoted.baseline_id], now=utc_now())
        session.commit()
    response.headers["Location"] = f"/api/v1/submissions/{promoted.baseline_id}"
    session.expire_all()
    return describe(session, viewer, promoted.baseline_id, now=utc_now())
