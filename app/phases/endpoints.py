"""`/phases`."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response, status

from app.blobs import BlobKind
from app.clock import utc_now
from app.errors import NotFound
from app.http.dependencies import AnyViewer, Blobs, DbSession
from app.http.paths import PhaseId
from app.http.problems import declare
from app.phases import service
from app.phases.schemas import PhaseView
from app.phases.terms import own_exceptions

_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "One id a line."},
    304: {"description": "You have these ids."},
}

IfNoneMatch = Annotated[str | None, Header(description="The ETag you have.")]

router = APIRouter(prefix="/phases", tags=["phases"])


@router.get("/{phase_id}", responses=declare(NotFound))
def read_phase(phase_id: PhaseId, session: DbSession, viewer: AnyViewer) -> PhaseView:
    """Read a phase and its rules."""
    phase, challenge = service.get_phase(session, viewer, phase_id)
    tasks = service.tasks_of(session, phase.id)
    granted = own_exceptions(session, viewer, [phase.id]).get(phase.id)
    return PhaseView.with_rules(phase, challenge, tasks, granted, now=utc_now())


@router.get(
    "/{phase_id}/samples.csv",
    response_class=Response,
    responses=_CSV | declare(NotFound),
)
def read_samples(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    blobs: Blobs,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the sample ids a file must hold, one a line under the header `id`."""
    phase, _ = service.get_phase(session, viewer, phase_id)
    tag = f'"{phase.samples_digest}"'
    # A shared cache must not hand an unpublished challenge's ids to others than its organizers.
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Authorization"}
    if tag in {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    ids = blobs.read(BlobKind.SAMPLES, phase.samples_digest)
    return Response(ids, media_type="text/csv; charset=utf-8", headers=headers)
