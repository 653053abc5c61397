"""`/challenges/{slug}/audit`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime

from app.audit import exporting, reading
from app.audit.reading import Filters
from app.audit.schemas import AuditEntryView
from app.challenges.service import get_overseen
from app.clock import in_utc
from app.errors import Forbidden, NotFound
from app.http.dependencies import DbSession, ReadViewer, Sessions
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Page

router = APIRouter(prefix="/challenges/{slug}", tags=["audit"])

_CSV = "text/csv; charset=utf-8"
_Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]


def _filters(
    action: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=r"^[a-z-]+(\.[a-z-]+)?$",
            description="A noun and a verb, such as `submission.edited`; or a noun alone.",
        ),
    ] = None,
    actor: Annotated[UUID | None, Query(description="The id of the person who acted.")] = None,
    subject: Annotated[
        str | None,
        Query(max_length=100, pattern=r"^[\x20-\x7e]*$", description="The id of what was changed."),
    ] = None,
    since: Annotated[_Moment | None, Query(description="From this instant on.")] = None,
    until: Annotated[_Moment | None, Query(description="Before this instant.")] = None,
) -> Filters:
    return Filters(action, actor, subject, since, until)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get("/audit", responses=declare(NotFound, Forbidden))
def list_entries(
    slug: ChallengeSlug, wanted: Wanted, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[AuditEntryView]:
    """List what was changed in a challenge: by whom, when, from what, to what. Newest first.

    For its roles. What concerns people and teams outside of it is the operator's to read.
    """
    found = reading.list_entries(
        session, viewer, slug, wanted, after=paging.after, limit=paging.limit
    )
    return page_of(found, paging, AuditEntryView.of)


@router.get(
    "/audit.csv",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/csv": {}},
            "description": "A line for each change, oldest first; `before` and `after` are JSON.",
        },
        **declare(NotFound, Forbidden),
    },
)
def export_entries(
    slug: ChallengeSlug, wanted: Wanted, sessions: Sessions, viewer: ReadViewer
) -> StreamingResponse:
    """Export what was changed in a challenge, oldest first. For its roles."""
    with sessions() as session:
        challenge = get_overseen(session, viewer, slug)
    lines = exporting.to_csv(reading.all_entries(sessions, wanted, challenge_id=challenge.id))
    name = f"{challenge.slug}-audit.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type=_CSV, headers=headers)
