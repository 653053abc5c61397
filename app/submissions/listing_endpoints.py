"""`GET /phases/{id}/submissions`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.clock import utc_now
from app.errors import NotFound
from app.http.dependencies import DbSession, ReadViewer
from app.http.pagination import Paging, page_of
from app.http.paths import PhaseId
from app.http.problems import declare
from app.http.schemas import Line, Page
from app.models import FailureCode, Status
from app.submissions import service
from app.submissions.describing import describer_of
from app.submissions.filtering import Filters
from app.submissions.schemas import SubmissionView

router = APIRouter(tags=["submissions"])


def _filters(
    status: Annotated[
        list[Status] | None,
        Query(description="Only those in this status; again for another one, which may be either."),
    ] = None,
    team: Annotated[
        Line | None,
        Query(
            min_length=1,
            max_length=100,
            description="Only those of the team of this name, in letters of any case.",
        ),
    ] = None,
    failure_code: Annotated[
        FailureCode | None, Query(description="Only those that were rejected or failed with it.")
    ] = None,
    baseline: Annotated[
        bool | None, Query(description="Only baselines, or only what teams handed in.")
    ] = None,
) -> Filters:
    return Filters(frozenset(status or ()), team, failure_code, baseline)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get("/phases/{phase_id}/submissions", responses=declare(NotFound))
def list_submissions(
    phase_id: PhaseId, wanted: Wanted, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[SubmissionView]:
    """List the submissions you may see, newest first: your team's, or all if you organize.

    Filters hold together. Send them with the `cursor` of each further page, too.
    """
    details = service.list_submissions(
        session, viewer, phase_id, wanted=wanted, after=paging.after, limit=paging.limit
    )
    return page_of(details, paging, describer_of(session, details, now=utc_now()))
