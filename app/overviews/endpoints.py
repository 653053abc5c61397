"""`/challenges/{slug}/overview`: how a challenge goes, for those who run it."""

import redis
from fastapi import APIRouter, Request
from redis.exceptions import RedisError

from app.clock import utc_now
from app.errors import Forbidden, NotFound
from app.http.dependencies import Blobs, ReadViewer, Sessions
from app.http.paths import ChallengeSlug
from app.http.problems import declare
from app.operations.service import count_workers
from app.overviews import service
from app.overviews.likeness import find_near
from app.overviews.present import overview_view
from app.overviews.schemas import OverviewView
from app.policy import sees_disk

router = APIRouter(tags=["overviews"])


@router.get("/challenges/{slug}/overview", responses=declare(NotFound, Forbidden))
def read_overview(
    slug: ChallengeSlug, request: Request, sessions: Sessions, blobs: Blobs, viewer: ReadViewer
) -> OverviewView:
    """Read how a challenge goes: submissions, teams, failures, queue, and what is too alike.

    For organizers and readers, with the workers and the queue that all challenges of the server
    share. What its disk holds is for its operator.
    """
    now = utc_now()
    with sessions() as session:
        seen = service.look(session, viewer, slug, now=now)
    # No transaction is open while numbers are computed.
    near = find_near(seen.sketched)
    workers = _workers(request.app.state.redis)
    disk = service.measure(blobs) if sees_disk(viewer) else None
    return overview_view(seen, near, workers=workers, disk=disk, now=now)


def _workers(client: redis.Redis) -> int | None:
    try:
        return count_workers(client)
    except RedisError:
        return None
