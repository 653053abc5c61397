"""`/challenge.schema.json`: what a bundle's configuration may say."""

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response, status

from app.challenges.config_schema import schema_bytes
from app.http.dependencies import AnyViewer

router = APIRouter(tags=["challenges"])

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
