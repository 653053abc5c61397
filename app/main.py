"""The composition root: every part is made here, and handed to those who use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import redis
import redis.asyncio
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.accounts import endpoints as accounts
from app.audit import endpoints as audit
from app.blobs import make_blobs
from app.challenges import bundle_endpoints as bundles
from app.challenges import endpoints as challenges
from app.db import make_engine, make_sessions
from app.errors import (
    BadRequest,
    InvalidInput,
    ScopeMissing,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from app.events import Broadcaster
from app.exports import endpoints as exports
from app.http import problems
from app.http.board_cache import BoardCache
from app.http.body_limit import BodyLimit
from app.http.dependencies import access_of
from app.http.middleware import RequestContext
from app.http.stopping import when_told_to_stop
from app.leaderboards import endpoints as leaderboards
from app.leaderboards import history_endpoints as history
from app.leaderboards import picture_endpoints as pictures
from app.leaderboards import placement_endpoints as placements
from app.leaderboards import ranking_changes_endpoints as ranking_changes
from app.leaderboards.pictures import PictureDesk
from app.logs import configure_logging
from app.merges import endpoints as merges
from app.notices import endpoints as notices
from app.notices import webhook_endpoints as webhooks
from app.operations import endpoints as operations
from app.overviews import endpoints as overviews
from app.pages import endpoints as pages
from app.pages.missing import on_unknown_address
from app.participations import endpoints as participations
from app.participations import releasing_endpoints as releasing
from app.phases import endpoints as phases
from app.phases import extension_endpoints as extensions
from app.queue import JobQueue, make_celery
from app.ratelimit import RateCounter
from app.reports import endpoints as reports
from app.rescorings import endpoints as rescorings
from app.roles import endpoints as roles
from app.settings import Settings, settings_of_environment
from app.submissions import disqualifying_endpoints as disqualifying
from app.submissions import endpoints as submissions
from app.submissions import listing_endpoints as submission_lists
from app.submissions import promoting_endpoints as promoting
from app.submissions import quota_endpoints as quotas
from app.submissions import watching
from app.submissions.forking import ForkServer
from app.submissions.receiving import IntakeDesk
from app.submissions.validation import ENVIRONMENT
from app.teams import endpoints as teams

log = structlog.get_logger(__name__)

API_PREFIX = "/api/v1"
NOUNS = (
    accounts, teams, merges, challenges, roles, bundles, participations, releasing, phases,
    extensions, submissions, submission_lists, quotas, disqualifying, watching, leaderboards,
    history, pictures, placements, ranking_changes, rescorings, exports, reports, overviews,
    notices, promoting, webhooks, audit,
)  # fmt: skip
EVERYWHERE = (
    BadRequest, Unauthenticated, ScopeMissing, TooLarge, InvalidInput, Unavailable
)  # fmt: skip
DESCRIPTION = """\
A challenge server for embeddings: upload, validate, probe, rank.

Errors are `application/problem+json` (RFC 9457); a problem's `type` resolves to its documentation.
Instants are UTC. Call with `Authorization: Bearer pb_…`; the leaderboard needs no token.
"""


def create_app(settings: Settings) -> FastAPI:
    """Make the application from its settings.

    Raises
    ------
    RuntimeError
        If an endpoint under the API's prefix does not say who may call it.
    """
    app = FastAPI(
        title="Probeboard",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        # A redirect would name the host that the request claims, and no endpoint declares it.
        redirect_slashes=False,
    )
    engine = make_engine(settings)
    app.state.settings = settings
    app.state.engine = engine
    app.state.sessions = make_sessions(engine)
    app.state.blobs = make_blobs(settings)
    app.state.redis = redis.Redis.from_url(settings.redis_url, socket_timeout=5)
    app.state.queue = JobQueue(make_celery(settings))
    app.state.rates = RateCounter(app.state.redis)
    app.state.pictures = PictureDesk()
    problems.install(app)
    app.add_exception_handler(404, on_unknown_address)
    api = APIRouter(prefix=API_PREFIX, responses=problems.declare(*EVERYWHERE))
    for noun in NOUNS:
        require_declared_access(noun.router)
        api.include_router(noun.router)
    app.include_router(api)
    app.include_router(operations.router)
    # Last: its addresses begin with a challenge's slug, which could be anything.
    app.include_router(pages.router)
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit)
    app.add_middleware(
        BoardCache,
        paths=[*leaderboards.often_read(API_PREFIX), *pages.OFTEN_READ],
        max_age_s=settings.board_cache_s,
        limit_bytes=settings.board_cache_bytes,
    )
    app.add_middleware(RequestContext)
    return app


def create_app_from_environment() -> FastAPI:
    """Make the application as uvicorn's factory, with logs on stderr."""
    settings = settings_of_environment()
    configure_logging(settings.log_level)
    if settings.clock_file is not None:
        log.warning("the clock is set for a rehearsal", file=str(settings.clock_file))
    return create_app(settings)


def require_declared_access(router: APIRouter) -> None:
    """Refuse to start with an endpoint that does not name its access: nothing opens by omission.

    Raises
    ------
    RuntimeError
        With the endpoint's path.
    """
    for route in router.routes:
        # Anything else, such as a router in the router, would hide endpoints from this look.
        if not isinstance(route, APIRoute) or access_of(route) is None:
            raise RuntimeError(f"{getattr(route, 'path', route)} does not say who may call it")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what needs the event loop; close everything in the end."""
    settings: Settings = app.state.settings
    app.state.blobs.prepare()
    events = redis.asyncio.Redis.from_url(settings.redis_url)
    app.state.broadcaster = Broadcaster(events)
    forks = ForkServer(ENVIRONMENT)
    forks.start()  # the first upload shall not wait for it
    app.state.intake = IntakeDesk(
        settings, app.state.sessions, app.state.blobs, app.state.queue, app.state.rates, forks
    )
    listener = asyncio.create_task(app.state.broadcaster.run())
    try:
        with when_told_to_stop(app.state.broadcaster.close):
            yield
    finally:
        app.state.broadcaster.close()
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener
        await events.aclose()
        forks.close()
        app.state.blobs.close()
        app.state.queue.close()
        app.state.redis.close()
        app.state.engine.dispose()
