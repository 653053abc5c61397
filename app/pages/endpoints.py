"""Pages for everybody: `/`, `/{challenge}`, `/{challenge}/{phase}` and its history.

They show what anybody may see, from the same services and the same snapshots as the API.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.challenges import service as challenges
from app.challenges.rules import RESERVED_SLUGS
from app.clock import utc_now
from app.errors import NotFound
from app.http.board_cache import KeptPath
from app.http.dependencies import AppSettings, DbSession
from app.leaderboards import history, service
from app.leaderboards.picture_endpoints import Desk
from app.leaderboards.pictures import PictureName
from app.models import Challenge, Phase
from app.notices.service import list_announcements
from app.pages.answering import missing_page, send_page, send_with_pictures
from app.pages.board_view import page_of_board
from app.pages.picture_view import pictures_of
from app.pages.rendering import MEDIA_TYPES, STATIC, STATIC_DIGEST
from app.pages.times import Moment, PhaseClock, Postponed
from app.phases.granted import list_extensions
from app.phases.service import phases_of
from app.policy import ANYBODY, Who, sight_of

router = APIRouter(include_in_schema=False)

FRONT_LIMIT = 50
NEWS_LIMIT = 5
EXTENSIONS_LIMIT = 20
PAGE_NUMBER = re.compile("[1-9][0-9]{0,4}")

_SLUG = f"/(?!(?:{'|'.join(sorted(RESERVED_SLUGS))})(?:/|$))[a-z0-9-]+"
# The front page changes when a challenge is published, and is read as often as any board.
OFTEN_READ = [
    KeptPath(f"/|{_SLUG}|{_SLUG}/[a-z0-9-]+/history"),
    KeptPath(f"{_SLUG}/[a-z0-9-]+", frozenset({"page"})),
]

# Text: what is no number is a page that is not there, told as a page.
PageNumber = Annotated[str, Query(alias="page", max_length=200)]


def _or_missing(show: Callable[[], Response]) -> Response:
    """Answer with a page of our own where something is not there, or not public."""
    try:
        return show()
    except NotFound:
        return missing_page()


@router.get("/")
def front(session: DbSession) -> Response:
    """List the published challenges."""
    now = utc_now()
    found = challenges.list_challenges(session, ANYBODY, after=None, limit=FRONT_LIMIT)
    listed = [(one, _clocks(phases_of(session, one.id), now)) for one in found[:FRONT_LIMIT]]
    return send_page("front.html", challenges=listed, goes_on=len(found) > FRONT_LIMIT)


@router.get("/{slug}")
def challenge(slug: str, session: DbSession, settings: AppSettings) -> Response:
    """Show a challenge: its phases, its pages, how to take part."""

    def show() -> Response:
        one = challenges.get_challenge(session, ANYBODY, slug)
        phases = _clocks(phases_of(session, one.id), utc_now())
        news = list_announcements(session, ANYBODY, slug, after=None, limit=NEWS_LIMIT)
        return send_page(
            "challenge.html",
            challenge=one,
            phases=phases,
            news=[(item, Moment.of(item.posted_at)) for item in news[:NEWS_LIMIT]],
            goes_on=len(news) > NEWS_LIMIT,
            address=settings.public_url.rstrip("/"),
        )

    return _or_missing(show)


@router.get("/{slug}/{phase_slug}")
def board(
    slug: str, phase_slug: str, session: DbSession, desk: Desk, page: PageNumber = "1"
) -> Response:
    """Show the leaderboard of a phase, from the snapshot the API serves."""

    def show() -> Response:
        one, phase = _find(session, slug, phase_slug)
        now = utc_now()
        found = _public_board(session, phase, now)
        document = service.read_document(session, found) if found else None
        number = int(page) if PAGE_NUMBER.fullmatch(page) else 0
        shown = page_of_board(document, number) if document else None
        if document and shown is None:
            raise NotFound("page")
        frozen_at = sight_of(Who.OTHERS, phase, now).board_until
        pictures = pictures_of(session, found, document, desk) if found and document else []
        return send_with_pictures(
            "board.html",
            pictures,
            challenge=one,
            phase=phase,
            clock=PhaseClock.of(phase, now),
            extensions=_extensions(session, phase, now),
            board=shown,
            tag=found.sha256 if found else None,
            frozen=None if frozen_at is None else Moment.of(frozen_at),
            api=f"/api/v1/phases/{phase.id}/leaderboard",
        )

    return _or_missing(show)


@router.get("/{slug}/{phase_slug}/history")
def board_history(slug: str, phase_slug: str, session: DbSession, desk: Desk) -> Response:
    """Show how a board came to be: its snapshots, newest first."""

    def show() -> Response:
        one, phase = _find(session, slug, phase_slug)
        found = service.find_board(session, ANYBODY, phase.id, now=utc_now())
        past = history.history_of(session, found)
        document = service.read_document(session, found)
        names = [PictureName.RANK_HISTORY]
        return send_with_pictures(
            "history.html",
            pictures_of(session, found, document, desk, names=names),
            challenge=one,
            phase=phase,
            steps=[(point, Moment.of(point.ranked_at)) for point in reversed(past.points)],
            total=past.total,
            private_since=past.private_since,
            api=f"/api/v1/phases/{phase.id}/leaderboard",
        )

    return _or_missing(show)


@router.get("/static/{digest}/{name}")
def static(digest: str, name: str) -> Response:
    """Serve a stylesheet or script."""
    if digest != STATIC_DIGEST or name not in STATIC:
        return missing_page()
    return Response(
        STATIC[name],
        media_type=MEDIA_TYPES[name[name.rindex(".") :]],
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def _extensions(session: DbSession, phase: Phase, now: datetime) -> list[Postponed]:
    """Return how the phase was extended for all, newest first."""
    found = list_extensions(session, ANYBODY, phase.id, after=None, limit=EXTENSIONS_LIMIT, now=now)
    return [
        Postponed(Moment.of(row.closes_at_before), Moment.of(row.closes_at), row.reason)
        for row in (one.row for one in found)
        if row.closes_at is not None
    ]


def _public_board(session: DbSession, phase: Phase, now: datetime) -> service.Shown | None:
    """Find the board; None where a phase is public and its board is not."""
    try:
        return service.find_board(session, ANYBODY, phase.id, now=now)
    except NotFound:
        return None


def _find(session: DbSession, slug: str, phase_slug: str) -> tuple[Challenge, Phase]:
    one = challenges.get_challenge(session, ANYBODY, slug)
    for phase in phases_of(session, one.id):
        if phase.slug == phase_slug:
            return one, phase
    raise NotFound("phase")


def _clocks(phases: Sequence[Phase], now: datetime) -> list[tuple[Phase, PhaseClock]]:
    return [(phase, PhaseClock.of(phase, now)) for phase in phases]
