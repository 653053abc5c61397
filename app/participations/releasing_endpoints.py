"""`/challenges/{slug}/bound-members`."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import Field

from app.clock import utc_now
from app.errors import Forbidden, NotFound
from app.http.dependencies import DbSession, OrganizeViewer, ReadViewer
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Body, Instant, Page, View
from app.participations import releasing
from app.participations.releasing import Bound

router = APIRouter(prefix="/challenges/{slug}/bound-members", tags=["participations"])


class ReleaseRequest(Body):
    """Why somebody may take part with another team."""

    reason: str = Field(
        min_length=1,
        max_length=1000,
        description="For the audit log.",
        examples=["Left before the team handed in anything of substance; the captain agrees."],
    )


class BoundView(View):
    """Somebody who has left a team that had handed in, and may take part with no other."""

    id: UUID = Field(description="The person's id.")
    name: str = Field(description="The person's name.")
    email: str = Field(description="The address the person registered with; it is not verified.")
    participation_id: UUID = Field(description="The team's participation.")
    team: str = Field(description="The team's name.")
    left_at: Instant = Field(description="When the person left it.")

    @classmethod
    def of(cls, bound: Bound) -> Self:
        """Describe somebody to those with a role."""
        return cls(
            id=bound.id,
            name=bound.user.name,
            email=bound.user.email,
            participation_id=bound.participation_id,
            team=bound.team,
            left_at=bound.left_at,
        )


@router.get("", responses=declare(NotFound, Forbidden))
def list_bound_members(
    slug: ChallengeSlug, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[BoundView]:
    """List who left a team that had handed in: they are bound to it. For the challenge's roles."""
    found = releasing.list_bound(session, viewer, slug, after=paging.after, limit=paging.limit)
    return page_of(found, paging, BoundView.of)


@router.post(
    "/{user_id}/release",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden),
)
def release_member(
    slug: ChallengeSlug,
    user_id: Annotated[UUID, Path(description="The person's id.")],
    body: ReleaseRequest,
    session: DbSession,
    viewer: OrganizeViewer,
) -> None:
    """Let somebody who left a team take part with another. Organizers only; it is on record.

    What was handed in stays the team's, and the person sees nothing of it.
    """
    releasing.release(session, viewer, slug, user_id, reason=body.reason, now=utc_now())
    session.commit()
