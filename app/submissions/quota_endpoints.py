"""`/phases/{id}/quota`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.clock import utc_now
from app.errors import NotFound
from app.http.dependencies import AppSettings, DbSession, Rates, ReadViewer
from app.http.paths import PhaseId
from app.http.problems import declare
from app.submissions.quota import read_allowance
from app.submissions.quota_schemas import QuotaUseView
from app.submissions.refusals import RefusalLimit

router = APIRouter(tags=["submissions"])


@router.get("/phases/{phase_id}/quota", responses=declare(NotFound))
def read_quota(
    phase_id: PhaseId,
    session: DbSession,
    rates: Rates,
    settings: AppSettings,
    viewer: ReadViewer,
    participation_id: Annotated[
        UUID | None, Query(description="Another team's, for organizers and readers.")
    ] = None,
) -> QuotaUseView:
    """Read what your team may still hand in: limits, use, and when a slot is free again."""
    now = utc_now()
    found = read_allowance(session, viewer, phase_id, participation_id=participation_id, now=now)
    limit = RefusalLimit(rates, per_hour=settings.refusals_per_hour)
    refused = limit.read(phase_id, found.participation_id, now=now)
    return QuotaUseView.of(found, refused, refusals=limit.per_hour, now=now)
