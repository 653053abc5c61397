"""`/accounts`, `/sessions`, `/tokens`."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status

from app.accounts import service
from app.accounts.schemas import (
    AccountRequest,
    AccountView,
    LoginRequest,
    NewTokenView,
    TokenRequest,
    TokenView,
)
from app.clock import utc_now
from app.errors import (
    EmailTaken,
    InvalidInput,
    NotFound,
    Place,
    TooManyLogins,
    WrongPassword,
)
from app.http.dependencies import AnyViewer, AppSettings, DbSession, Rates, ReadViewer
from app.http.pagination import Paging, page_of
from app.http.problems import declare
from app.http.schemas import Page
from app.models import Scope

router = APIRouter(tags=["accounts"])

TokenId = Annotated[UUID, Path(description="The token's id.")]


@router.post("/accounts", status_code=status.HTTP_201_CREATED, responses=declare(EmailTaken))
def register(body: AccountRequest, session: DbSession, viewer: AnyViewer) -> AccountView:
    """Register a person."""
    user = service.register(
        session,
        viewer,
        email=body.email,
        name=body.name,
        password=body.password.get_secret_value(),
        now=utc_now(),
    )
    session.commit()
    return AccountView.model_validate(user)


@router.get("/accounts/me")
def read_me(session: DbSession, viewer: ReadViewer) -> AccountView:
    """Read the account of whoever calls."""
    return AccountView.model_validate(service.get_user(session, viewer))


@router.post(
    "/sessions",
    status_code=status.HTTP_201_CREATED,
    responses=declare(WrongPassword, TooManyLogins),
)
def log_in(
    body: LoginRequest, session: DbSession, rates: Rates, settings: AppSettings, viewer: AnyViewer
) -> NewTokenView:
    """Log in: trade e-mail and password for a short-lived token with every scope."""
    now = utc_now()
    user = service.check_password(
        session,
        email=body.email,
        password=body.password.get_secret_value(),
        rates=rates,
        failures_per_hour=settings.login_failures_per_hour,
        now=now,
    )
    token, secret = service.issue_token(
        session,
        service.acting_as(viewer, user),
        name=service.SESSION_NAME,
        scopes=list(Scope),
        now=now,
        lifetime=timedelta(seconds=settings.session_lifetime_s),
    )
    session.commit()
    return NewTokenView(token=secret, **TokenView.model_validate(token).model_dump())


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def make_token(
    body: TokenRequest, session: DbSession, settings: AppSettings, viewer: ReadViewer
) -> NewTokenView:
    """Make a personal token. Its secret is in this answer and nowhere else."""
    if body.expires_in_days > settings.token_lifetime_max_days:
        most = f"at most {settings.token_lifetime_max_days} days"
        place = Place(code="too_long", detail=most, pointer="/body/expires_in_days")
        raise InvalidInput(f"A token lives {most}.", [place])
    service.require_no_more_than(viewer, body.scopes)
    token, secret = service.issue_token(
        session,
        viewer,
        name=body.name,
        scopes=body.scopes,
        now=utc_now(),
        lifetime=timedelta(days=body.expires_in_days),
    )
    session.commit()
    return NewTokenView(token=secret, **TokenView.model_validate(token).model_dump())


@router.get("/tokens")
def list_tokens(session: DbSession, viewer: ReadViewer, paging: Paging) -> Page[TokenView]:
    """List your tokens that work, newest first."""
    tokens = service.tokens_of(
        session, viewer, after=paging.after, limit=paging.limit, now=utc_now()
    )
    return page_of(tokens, paging, TokenView.model_validate)


@router.delete(
    "/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT, responses=declare(NotFound)
)
def revoke_token(token_id: TokenId, session: DbSession, viewer: ReadViewer) -> None:
    """Revoke one of your tokens; it is refused from now on."""
    service.revoke_token(session, viewer, token_id, now=utc_now())
    session.commit()
