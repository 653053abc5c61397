"""`/challenges/{slug}/roles`."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import Field

from app.clock import utc_now
from app.errors import Forbidden, InvalidInput, LastOrganizer, NotFound
from app.http.dependencies import DbSession, OrganizeViewer, ReadViewer
from app.http.pagination import Paging, page_of
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.http.schemas import Body, Page, View
from app.models import Role
from app.roles import service
from app.roles.service import Holder

router = APIRouter(prefix="/challenges/{slug}/roles", tags=["challenges"])


class RoleRequest(Body):
    """Who shall have which role."""

    email: str = Field(
        min_length=3,
        max_length=320,
        description="The address the person registered with.",
        examples=["grace@example.org"],
    )
    role: Role = Field(
        description="`organizer` does everything; `reader` sees everything and changes nothing.",
        examples=["reader"],
    )


class RoleView(View):
    """Somebody with a role in the challenge."""

    id: UUID = Field(description="The person's id.")
    name: str = Field(description="The person's name.")
    email: str = Field(description="The address the person registered with; it is not verified.")
    role: Role = Field(description="`organizer` or `reader`.")

    @classmethod
    def of(cls, holder: Holder) -> Self:
        """Describe somebody to those with a role."""
        user = holder.user
        return cls(id=user.id, name=user.name, email=user.email, role=holder.role)


@router.get("", responses=declare(NotFound, Forbidden))
def list_roles(
    slug: ChallengeSlug, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[RoleView]:
    """List who runs the challenge and who reads everything. For those people themselves."""
    found = service.list_holders(session, viewer, slug, after=paging.after, limit=paging.limit)
    return page_of(found, paging, RoleView.of)


@router.post("", responses=declare(NotFound, Forbidden, InvalidInput, LastOrganizer))
def give_role(
    slug: ChallengeSlug, body: RoleRequest, session: DbSession, viewer: OrganizeViewer
) -> RoleView:
    """Give a registered person a role, instead of any they have. Organizers only."""
    holder = service.give_role(
        session, viewer, slug, email=body.email, role=body.role, now=utc_now()
    )
    session.commit()
    return RoleView.of(holder)


@router.delete(
    "/{user_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden, LastOrganizer),
)
def take_role(
    slug: ChallengeSlug,
    user_id: Annotated[UUID, Path(description="The person's id.")],
    session: DbSession,
    viewer: OrganizeViewer,
) -> None:
    """Take somebody's role away; the last organizer stays. Organizers only."""
    service.take_role(session, viewer, slug, user_id, now=utc_now())
    session.commit()
