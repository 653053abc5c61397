"""Bodies of accounts, sessions and tokens."""

from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field, SecretStr

from app.http.schemas import Body, Instant, Line, View
from app.models import Scope

Password = Annotated[
    SecretStr,
    Field(min_length=10, max_length=200, description="At least 10 characters; kept as argon2id."),
]


class AccountRequest(Body):
    """A person who registers."""

    email: EmailStr = Field(description="Address to log in with.", examples=["ada@example.org"])
    name: Line = Field(
        min_length=1, max_length=100, description="Shown to team members.", examples=["Ada"]
    )
    password: Password = Field(examples=["correct horse battery"])


class AccountView(View):
    """A person, as only that person sees it."""

    id: UUID = Field(description="The person's id.")
    email: str = Field(description="Address, in lower case.")
    name: str = Field(description="Name shown to team members.")
    may_organize: bool = Field(description="Whether the person may create challenges.")
    is_operator: bool = Field(description="Whether the person operates this server.")
    created_at: Instant = Field(description="When the account was made.")


class LoginRequest(Body):
    """A log-in."""

    email: EmailStr = Field(description="The address registered.", examples=["ada@example.org"])
    password: SecretStr = Field(
        max_length=200, description="The password.", examples=["correct horse battery"]
    )


class TokenRequest(Body):
    """A personal token to make."""

    name: Line = Field(min_length=1, max_length=100, description="What it is for.", examples=["ci"])
    scopes: set[Scope] = Field(
        min_length=1,
        description="What it may do; no more than the calling token may.",
        examples=[["read", "submit"]],
    )
    expires_in_days: int = Field(
        default=90, ge=1, description="Days until it expires.", examples=[90]
    )


class TokenView(View):
    """A token without its secret."""

    id: UUID = Field(description="The token's id, to revoke it by.")
    name: str = Field(description="What it is for.")
    scopes: list[Scope] = Field(description="What it may do.")
    created_at: Instant = Field(description="When it was made.")
    expires_at: Instant = Field(description="From when on it is refused.")


class NewTokenView(TokenView):
    """A token with its secret, shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer …`.", examples=["pb_…"])
