"""`/challenges/{slug}/announcements`, `/notices/preferences` and `/notices/unsubscribe`."""

from html import escape
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, status
from fastapi.responses import HTMLResponse

from app.clock import utc_now
from app.errors import Forbidden, NotFound
from app.http.dependencies import AnyViewer, DbSession, OrganizeViewer, Queue, ReadViewer
from app.http.pagination import Paging, page_of
from app.http.problems import declare
from app.http.schemas import Page
from app.models import NoticeKind
from app.notices import preferences, service
from app.notices.kinds import KINDS
from app.notices.schemas import (
    AnnouncementChange,
    AnnouncementRequest,
    AnnouncementView,
    PreferencesRequest,
    PreferencesView,
    PreferenceView,
)
from app.queue import DELIVER_NOTICE

router = APIRouter(tags=["notices"])

Slug = Annotated[str, Path(description="The challenge's slug.", examples=["spring-2026"])]
AnnouncementId = Annotated[UUID, Path(description="The announcement's id.")]
Token = Annotated[
    str, Query(max_length=200, description="From a link in a mail; it needs no log-in.")
]
Everything = Annotated[bool, Query(description="End all mails, not those of the link's kind only.")]

# It may not be framed, has nothing but a form to itself, and does not tell others the token.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@router.post(
    "/challenges/{slug}/announcements",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden),
)
def post_announcement(
    slug: Slug, body: AnnouncementRequest, session: DbSession, queue: Queue, viewer: OrganizeViewer
) -> AnnouncementView:
    """Announce something to everybody who takes part. Organizers only.

    It is on the challenge's page at once, and goes out by mail and to webhooks.
    """
    announcement, notice_id = service.post_announcement(
        session, viewer, slug, title=body.title, body=body.body, now=utc_now()
    )
    session.commit()
    if notice_id is not None:
        queue.announce(DELIVER_NOTICE, notice_id)
    return AnnouncementView.model_validate(announcement)


@router.get("/challenges/{slug}/announcements", responses=declare(NotFound))
def list_announcements(
    slug: Slug, session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[AnnouncementView]:
    """List what the organizers announced, newest first."""
    rows = service.list_announcements(session, viewer, slug, after=paging.after, limit=paging.limit)
    return page_of(rows, paging, AnnouncementView.model_validate)


@router.get("/challenges/{slug}/announcements/{announcement_id}", responses=declare(NotFound))
def read_announcement(
    slug: Slug, announcement_id: AnnouncementId, session: DbSession, viewer: AnyViewer
) -> AnnouncementView:
    """Read one announcement."""
    row = service.get_announcement(session, viewer, slug, announcement_id)
    return AnnouncementView.model_validate(row)


@router.patch(
    "/challenges/{slug}/announcements/{announcement_id}",
    responses=declare(NotFound, Forbidden),
)
def edit_announcement(
    slug: Slug,
    announcement_id: AnnouncementId,
    body: AnnouncementChange,
    session: DbSession,
    viewer: OrganizeViewer,
) -> AnnouncementView:
    """Say it otherwise. Organizers only; nobody gets another mail."""
    row = service.edit_announcement(
        session,
        viewer,
        slug,
        announcement_id,
        title=body.title,
        body=body.body,
        now=utc_now(),
    )
    session.commit()
    return AnnouncementView.model_validate(row)


@router.delete(
    "/challenges/{slug}/announcements/{announcement_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden),
)
def withdraw_announcement(
    slug: Slug, announcement_id: AnnouncementId, session: DbSession, viewer: OrganizeViewer
) -> None:
    """Take an announcement back. Organizers only; mails that went out stay where they are."""
    service.withdraw_announcement(session, viewer, slug, announcement_id, now=utc_now())
    session.commit()


@router.get("/notices/preferences")
def read_preferences(session: DbSession, viewer: ReadViewer) -> PreferencesView:
    """Read which notices you get by mail."""
    chosen = preferences.preferences_of(session, viewer.me)
    return PreferencesView(kinds=[PreferenceView.model_validate(one) for one in chosen])


@router.put("/notices/preferences")
def choose_preferences(
    body: PreferencesRequest, session: DbSession, viewer: ReadViewer
) -> PreferencesView:
    """Choose which notices you get by mail."""
    preferences.choose(session, viewer, body.by_mail, now=utc_now())
    session.commit()
    return read_preferences(session, viewer)


@router.get("/notices/unsubscribe", response_class=HTMLResponse, responses=declare(NotFound))
def show_unsubscribe(token: Token, session: DbSession, _: AnyViewer) -> HTMLResponse:
    """Show a button that ends mails. Looking changes nothing: programs look at links, too."""
    _user_id, kind = preferences.read_token(session, token)
    action = f"?token={token}"
    return _page(
        f"<p>{escape(KINDS[kind].about)}</p>"
        f'<form method="post" action="{escape(action)}">'
        "<button>No more mails of this kind</button></form>"
        f'<form method="post" action="{escape(action)}&amp;everything=true">'
        "<button>No more mails at all</button></form>"
    )


@router.post("/notices/unsubscribe", response_class=HTMLResponse, responses=declare(NotFound))
def unsubscribe(
    token: Token, session: DbSession, viewer: AnyViewer, everything: Everything = False
) -> HTMLResponse:
    """End mails of a kind, or all, by the link in a mail; as mail programs do (RFC 8058)."""
    kind = preferences.unsubscribe(session, viewer, token, everything=everything, now=utc_now())
    session.commit()
    return _page(f"<p>{escape(_ended(kind))} You can choose again when you are logged in.</p>")


def _ended(kind: NoticeKind | None) -> str:
    if kind is None:
        return "You get no more mails from this server."
    return f"You get no more mails of this kind: {KINDS[kind].about}"


def _page(inside: str) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Mails from Probeboard</title></head><body><h1>Mails from Probeboard</h1>{inside}"
        "</body></html>",
        headers=_PAGE_HEADERS,
    )
