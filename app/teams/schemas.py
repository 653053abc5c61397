"""Bodies of teams."""

from uuid import UUID

from pydantic import Field

from app.http.schemas import Body, Instant, Line, View


class TeamRequest(Body):
    """A team to make."""

    name: Line = Field(
        min_length=2, max_length=60, description="Shown on leaderboards.", examples=["Tern"]
    )


class JoinRequest(Body):
    """An invitation to follow."""

    invitation_code: str = Field(
        max_length=100, description="The code the captain was given.", examples=["9pYqzQ0wLr3cVn1T"]
    )


class CaptainRequest(Body):
    """A member who becomes captain."""

    user_id: UUID = Field(
        description="The member.", examples=["019a9f00-0000-7000-8000-000000000000"]
    )


class MemberView(View):
    """A person in a team."""

    user_id: UUID = Field(description="The person's id.")
    name: str = Field(description="The person's name.")
    is_captain: bool = Field(description="Whether the person is the captain.")
    joined_at: Instant = Field(description="When the person joined.")


class TeamSummary(View):
    """A team in a list."""

    id: UUID = Field(description="The team's id.")
    slug: str = Field(description="Unique and immutable; for addresses.")
    name: str = Field(description="Shown on leaderboards.")
    created_at: Instant = Field(description="When it was made.")


class TeamView(TeamSummary):
    """A team, as its members see it."""

    members: list[MemberView] = Field(description="Members in the order they joined.")


class InvitedTeamView(TeamView):
    """A team with its invitation code, shown this once."""

    invitation_code: str = Field(description="Whoever sends it to `/teams/join` is a member.")
