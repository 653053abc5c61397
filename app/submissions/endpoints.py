"""`POST /phases/{id}/submissions`, and `/submissions`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlalchemy.orm import Session

from app.blobs import BlobKind
from app.clock import utc_now
from app.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    InvalidUpload,
    NotFound,
    ParticipationNotApproved,
    PhaseNotOpen,
    PhaseRequirementNotMet,
    QuotaExceeded,
    SelectionNotOffered,
    StatusForbids,
    TeamDisqualified,
    TermsChanged,
    TooLarge,
    TooManyRefusals,
    TooManySelected,
    Unavailable,
)
from app.events import publish
from app.http.dependencies import (
    AppSettings,
    Blobs,
    DbSession,
    OrganizeViewer,
    Queue,
    ReadViewer,
    RequestId,
    SubmitViewer,
)
from app.http.paths import PhaseId, SubmissionId
from app.http.problems import declare
from app.models import Part, Status
from app.policy import Viewer
from app.queue import EVALUATE_SUBMISSION, RANK_PHASE, JobQueue, request_ranking
from app.submissions import analyses, changing, choosing, service
from app.submissions.describing import describe
from app.submissions.receiving import IntakeDesk
from app.submissions.schemas import (
    AnalysesView,
    SubmissionChanges,
    SubmissionFields,
    SubmissionView,
)

router = APIRouter(tags=["submissions"])
_NPZ = "application/zip"

WhichPart = Annotated[
    Part,
    Query(
        description="Of which samples; where the phase keeps none private, all are public. Of "
        "private ones there is nothing until they are revealed, but for the challenge's roles."
    ),
]


def _form_body() -> dict[str, Any]:
    schema = SubmissionFields.model_json_schema()
    file = {
        "type": "string",
        "format": "binary",
        "description": (
            "CSV (`id,0,1,…`, also gzip or zstd), Parquet, Arrow IPC, NPZ, safetensors, or NPY "
            "with `ids` beside it; see the README."
        ),
    }
    ids = {
        "type": "string",
        "format": "binary",
        "description": (
            "For NPY only, and refused beside any other format: the ids of the array's rows in "
            "their order, one a line, or a CSV whose first column is `id`."
        ),
    }
    properties = {"file": file, "ids": ids, **schema["properties"]}
    body = {"type": "object", "required": ["file", "method_name"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": body}}}}


@router.post(
    "/phases/{phase_id}/submissions",
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound, Forbidden, ParticipationNotApproved, TeamDisqualified, PhaseRequirementNotMet,
        BadRequest, TooLarge, InvalidUpload,
        Conflict, PhaseNotOpen, TermsChanged, IdempotencyKeyReused, QuotaExceeded,
        TooManyRefusals, Unavailable,
    ),
    openapi_extra=_form_body(),
)  # fmt: skip
async def submit(
    phase_id: PhaseId,
    request: Request,
    response: Response,
    viewer: SubmitViewer,
    request_id: RequestId,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200, description="A retry with the same key and content changes nothing."
        ),
    ] = None,
) -> SubmissionView:
    """Hand in embeddings. The file is validated before the answer; a refusal costs no quota."""
    desk: IntakeDesk = request.app.state.intake
    receipt = await desk.take_in(
        request, viewer, phase_id, idempotency_key=idempotency_key, request_id=request_id
    )
    if receipt.is_replay:
        response.headers["Idempotent-Replay"] = "true"
    response.headers["Location"] = f"/api/v1/submissions/{receipt.submission_id}"
    return await run_in_threadpool(desk.describe, viewer, receipt.submission_id)


@router.get("/submissions/{submission_id}", responses=declare(NotFound))
def read_submission(
    submission_id: SubmissionId, session: DbSession, viewer: ReadViewer
) -> SubmissionView:
    """Read a submission: status, place in the queue, progress, scores, receipt."""
    return describe(session, viewer, submission_id, now=utc_now())


@router.get("/submissions/{submission_id}/analyses", responses=declare(NotFound, Forbidden))
def read_analyses(
    submission_id: SubmissionId,
    session: DbSession,
    viewer: ReadViewer,
    part: WhichPart = Part.PUBLIC,
) -> AnalysesView:
    """Read what was found beside the scores: further metrics, spectrum, rate and distortion."""
    return analyses.read_analyses(session, viewer, submission_id, part=part, now=utc_now())


@router.get(
    "/submissions/{submission_id}/predictions.npz",
    response_class=FileResponse,
    responses={
        200: {
            "content": {_NPZ: {}},
            "description": "An array `<task>/<number of the split>` per task and split, float32.",
        },
        **declare(NotFound, Forbidden),
    },
)
def read_predictions(
    submission_id: SubmissionId,
    session: DbSession,
    blobs: Blobs,
    viewer: ReadViewer,
    part: WhichPart = Part.PUBLIC,
) -> FileResponse:
    """Download what the probes predicted, for each split's test samples. Organizers only."""
    digest = analyses.find_predictions(session, viewer, submission_id, part=part, now=utc_now())
    path = blobs.existing_path(BlobKind.PREDICTIONS, digest)
    of_part = "-private" if part is Part.PRIVATE else ""
    name = f"predictions{of_part}-{submission_id}.npz"
    return FileResponse(path, media_type=_NPZ, filename=name, headers={"ETag": f'"{digest}"'})


@router.patch("/submissions/{submission_id}", responses=declare(NotFound, Forbidden, PhaseNotOpen))
def edit_submission(
    submission_id: SubmissionId,
    body: SubmissionChanges,
    session: DbSession,
    queue: Queue,
    viewer: SubmitViewer,
) -> SubmissionView:
    """Change what is said of the method, or whether it is public, until the phase closes.

    Organizers change any, at any time, baselines too; it is on record.
    """
    changes = body.model_dump(exclude_unset=True)
    phase_id = changing.edit(session, viewer, submission_id, changes, now=utc_now())
    return _rank_again(session, queue, viewer, phase_id, submission_id)


@router.put(
    "/submissions/{submission_id}/selection",
    responses=declare(
        NotFound, Forbidden, SelectionNotOffered, PhaseNotOpen, StatusForbids, TooManySelected
    ),
)
def select_submission(
    submission_id: SubmissionId, session: DbSession, queue: Queue, viewer: SubmitViewer
) -> SubmissionView:
    """Choose a submission to count, until the phase closes; the best of those you chose does.

    Only where the phase's `selection` is `selected`, and for queued, running or scored ones. Where
    none of your choices is scored and public, the best of all counts.
    """
    phase_id = choosing.select_submission(session, viewer, submission_id, now=utc_now())
    return _rank_again(session, queue, viewer, phase_id, submission_id)


@router.delete(
    "/submissions/{submission_id}/selection",
    responses=declare(NotFound, Forbidden, SelectionNotOffered, PhaseNotOpen),
)
def unselect_submission(
    submission_id: SubmissionId, session: DbSession, queue: Queue, viewer: SubmitViewer
) -> SubmissionView:
    """Take a choice back, until the phase closes; again changes nothing."""
    phase_id = choosing.unselect_submission(session, viewer, submission_id, now=utc_now())
    return _rank_again(session, queue, viewer, phase_id, submission_id)


@router.post(
    "/submissions/{submission_id}/withdrawal",
    responses=declare(NotFound, Forbidden, StatusForbids),
)
def withdraw_submission(
    submission_id: SubmissionId, request: Request, session: DbSession, viewer: SubmitViewer
) -> SubmissionView:
    """Take a queued submission back; it costs no quota. Organizers take back baselines."""
    changing.withdraw(session, viewer, submission_id, now=utc_now())
    session.commit()
    publish(request.app.state.redis, submission_id, status=Status.WITHDRAWN, tasks_done=0)
    session.expire_all()
    return describe(session, viewer, submission_id, now=utc_now())


@router.post(
    "/submissions/{submission_id}/retry", responses=declare(NotFound, Forbidden, StatusForbids)
)
def retry_submission(
    submission_id: SubmissionId,
    session: DbSession,
    queue: Queue,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> SubmissionView:
    """Queue a failed submission again. Organizers only."""
    more = settings.max_attempts
    changing.retry(session, viewer, submission_id, now=utc_now(), more=more)
    session.commit()
    if queue.announce(EVALUATE_SUBMISSION, submission_id):
        service.mark_announced(session, [submission_id], now=utc_now())
        session.commit()
    session.expire_all()
    return describe(session, viewer, submission_id, now=utc_now())


def _rank_again(
    session: Session, queue: JobQueue, viewer: Viewer, phase_id: UUID, submission_id: UUID
) -> SubmissionView:
    request_ranking(session, phase_id)
    session.commit()
    queue.announce(RANK_PHASE, phase_id)
    return describe(session, viewer, submission_id, now=utc_now())
