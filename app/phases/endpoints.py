"""`/phases`."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.blobs import BlobKind
from app.clock import utc_now
from app.errors import NotFound
from app.http.dependencies import AnyViewer, Blobs, DbSession
from app.http.problems import declare
from app.phases import service
from app.phases.schemas import PhaseView

_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "One id a line."}
}

router = APIRouter(prefix="/phases", tags=["phases"])


@router.get("/{phase_id}", responses=declare(NotFound))
def read_phase(phase_id: UUID, session: DbSession, viewer: AnyViewer) -> PhaseView:
    """Read a phase and its rules."""
    phase, challenge = service.get_phase(session, viewer, phase_id)
    tasks = service.tasks_of(session, phase.id)
    return PhaseView.with_rules(phase, challenge, tasks, now=utc_now())


@router.get(
    "/{phase_id}/samples.csv",
    response_class=Response,
    responses=_CSV | declare(NotFound),
)
def read_samples(phase_id: UUID, session: DbSession, viewer: AnyViewer, blobs: Blobs) -> Response:
    """Read the sample ids a file must hold, one a line under the header `id`."""
    phase, _ = service.get_phase(session, viewer, phase_id)
    ids = blobs.read(BlobKind.SAMPLES, phase.samples_digest)
    headers = {"ETag": f'"{phase.samples_digest}"', "Cache-Control": "public, max-age=60"}
    return Response(ids, media_type="text/csv; charset=utf-8", headers=headers)
