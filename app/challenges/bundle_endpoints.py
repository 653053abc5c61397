"""Bundles: what they may say, what an update by one would change, and a challenge as one."""

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response, status
from fastapi.concurrency import run_in_threadpool

from app.challenges import service
from app.challenges.archive import write_zip
from app.challenges.bundle import Bundle
from app.challenges.config_schema import schema_bytes
from app.challenges.exporting import export_challenge
from app.challenges.receiving import BUNDLE_BODY, receive_bundle
from app.challenges.schemas import PlanView
from app.challenges.withheld import KnownFiles
from app.db import SessionFactory
from app.errors import BadRequest, Forbidden, InvalidBundle, LabelsDiffer, NotFound, TooLarge
from app.http.dependencies import (
    AnyViewer,
    AppSettings,
    Blobs,
    DbSession,
    OrganizeViewer,
    Sessions,
)
from app.http.problems import declare
from app.policy import Viewer

router = APIRouter(tags=["challenges"])

Slug = Annotated[str, Path(description="The challenge's slug.", examples=["spring-2026"])]

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}, "description": "The bundle."}
}
_SCHEMA: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/schema+json": {}},
        "description": "A JSON Schema of the dialect 2020-12.",
    },
    304: {"description": "You have it."},
}


@router.get("/challenge.schema.json", response_class=Response, responses=_SCHEMA)
def read_challenge_schema(
    _viewer: AnyViewer,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> Response:
    """Read the JSON Schema of `challenge.yaml`, for editors and other programs."""
    body = schema_bytes()
    tag = f'"{sha256(body).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
    if tag in {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/schema+json", headers=headers)


@router.post(
    "/challenges/{slug}/plan",
    responses=declare(NotFound, Forbidden, BadRequest, TooLarge, InvalidBundle),
    openapi_extra=BUNDLE_BODY,
)
async def plan_update(
    slug: Slug,
    request: Request,
    sessions: Sessions,
    blobs: Blobs,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> PlanView:
    """Say what an update by this bundle would change, and what of it is refused; write nothing."""
    known = await run_in_threadpool(service.files_of, sessions, viewer, slug)
    bundle = await receive_bundle(request, blobs, settings, KnownFiles(known, blobs))
    return await run_in_threadpool(_plan, sessions, viewer, slug, bundle)


@router.get(
    "/challenges/{slug}/bundle",
    response_class=Response,
    responses=_ZIP | declare(NotFound, Forbidden, LabelsDiffer),
)
def export_bundle(slug: Slug, session: DbSession, blobs: Blobs, viewer: OrganizeViewer) -> Response:
    """Read a challenge as a bundle. Organizers only.

    Labels, and marks of splits, never come out: `withheld.json` has a digest for each such file.
    An update takes the bundle back as it is.
    """
    challenge = service.get_organized(session, viewer, slug)
    files = export_challenge(session, challenge, blobs).without_secrets()
    headers = {
        "Content-Disposition": f'attachment; filename="{challenge.slug}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(write_zip(files), media_type="application/zip", headers=headers)


def _plan(sessions: SessionFactory, viewer: Viewer, slug: str, bundle: Bundle) -> PlanView:
    with sessions() as session:
        return PlanView.of(service.plan_update(session, viewer, slug, bundle))
