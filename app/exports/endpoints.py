"""`/challenges/{slug}/exports` and `/submissions/{id}/embeddings.npz`: all there is, to take home.

A table is written to a file first: whoever reads slowly holds no transaction open, and a fault in
the middle is an error and not half a table.
"""

import os
from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import StreamingResponse

from app.blobs import BlobStore
from app.clock import utc_now
from app.errors import Forbidden, NotFound
from app.exports import service
from app.exports.archive import CHUNK_BYTES, npz_chunks
from app.exports.schemas import ManifestView
from app.exports.score_rows import Wanted
from app.exports.tables import TableForm
from app.http.dependencies import AppSettings, Blobs, ReadViewer, Sessions
from app.http.paths import ChallengeSlug, SubmissionId
from app.http.problems import declare
from app.leaderboards.answering import IfNoneMatch, is_known
from app.models import Part

router = APIRouter(tags=["exports"])

_CSV = "text/csv; charset=utf-8"
_PARQUET = "application/vnd.apache.parquet"
_NPZ = "application/zip"

OfPhase = Annotated[str | None, Query(alias="phase", description="Slug of one phase only.")]
Splits = Annotated[bool, Query(description="A row for each split, and not for each task.")]
OfPart = Annotated[
    Part | None,
    Query(description="Scores by these samples only, where a phase keeps some private."),
]
AllEvaluations = Annotated[
    bool, Query(description="Also by evaluations that are not official (any more, or yet).")
]
Counting = Annotated[
    bool, Query(description="Only of submissions that count now, and of baselines: the board's.")
]


def _file(media_type: str, what: str) -> dict[int | str, dict[str, Any]]:
    kind = media_type.partition(";")[0]
    return {200: {"content": {kind: {}}, "description": what}, **declare(NotFound, Forbidden)}


@router.get(
    "/challenges/{slug}/exports/scores.csv",
    response_class=Response,
    responses=_file(_CSV, "A row for each task of each evaluation, or for each split."),
)
def export_scores_csv(
    slug: ChallengeSlug,
    sessions: Sessions,
    blobs: Blobs,
    viewer: ReadViewer,
    phase: OfPhase = None,
    splits: Splits = False,
    part: OfPart = None,
    all_evaluations: AllEvaluations = False,
    counting: Counting = False,
) -> Response:
    """Export all scores as CSV. For organizers and readers.

    With `splits`, `phase` and `counting`, `probeboard rank` reads it as it is, and gives the
    board's ranks; a phase that keeps samples private needs `part` as well.
    """
    wanted = Wanted(splits, part, all_evaluations, counting)

    def write(out: BinaryIO) -> None:
        service.export_scores(
            sessions, viewer, slug, out, phase=phase, wanted=wanted, form=TableForm.CSV,
            now=utc_now(),
        )  # fmt: skip

    return _attached(blobs, write, f"{slug}-scores.csv", _CSV)


@router.get(
    "/challenges/{slug}/exports/scores.parquet",
    response_class=Response,
    responses=_file(_PARQUET, "A row for each task of each evaluation, or for each split."),
)
def export_scores_parquet(
    slug: ChallengeSlug,
    sessions: Sessions,
    blobs: Blobs,
    viewer: ReadViewer,
    phase: OfPhase = None,
    splits: Splits = False,
    part: OfPart = None,
    all_evaluations: AllEvaluations = False,
    counting: Counting = False,
) -> Response:
    """Export all scores as Parquet, with the columns of the CSV. For organizers and readers."""
    wanted = Wanted(splits, part, all_evaluations, counting)

    def write(out: BinaryIO) -> None:
        service.export_scores(
            sessions, viewer, slug, out, phase=phase, wanted=wanted, form=TableForm.PARQUET,
            now=utc_now(),
        )  # fmt: skip

    return _attached(blobs, write, f"{slug}-scores.parquet", _PARQUET)


@router.get(
    "/challenges/{slug}/exports/submissions.json",
    response_model=ManifestView,
    responses=declare(NotFound, Forbidden),
)
def export_submissions_json(
    slug: ChallengeSlug,
    sessions: Sessions,
    blobs: Blobs,
    settings: AppSettings,
    viewer: ReadViewer,
    phase: OfPhase = None,
) -> Response:
    """Export what was handed in: words, hashes, facts, statuses. For organizers and readers.

    The files themselves are not kept: what is kept of each is the matrix that was read from it, as
    float32 in the phase's order of samples, at `embeddings_url`.
    """
    address = _address(settings.public_url)

    def write(out: BinaryIO) -> None:
        service.export_manifest(
            sessions, viewer, slug, out, phase=phase, as_csv=False, address=address, now=utc_now()
        )

    return _attached(blobs, write, f"{slug}-submissions.json", "application/json")


@router.get(
    "/challenges/{slug}/exports/submissions.csv",
    response_class=Response,
    responses=_file(_CSV, "A row for each submission."),
)
def export_submissions_csv(
    slug: ChallengeSlug,
    sessions: Sessions,
    blobs: Blobs,
    settings: AppSettings,
    viewer: ReadViewer,
    phase: OfPhase = None,
) -> Response:
    """Export what was handed in as CSV. For organizers and readers."""
    address = _address(settings.public_url)

    def write(out: BinaryIO) -> None:
        service.export_manifest(
            sessions, viewer, slug, out, phase=phase, as_csv=True, address=address, now=utc_now()
        )

    return _attached(blobs, write, f"{slug}-submissions.csv", _CSV)


@router.get(
    "/submissions/{submission_id}/embeddings.npz",
    response_class=Response,
    responses={
        200: {
            "content": {_NPZ: {}},
            "description": "The arrays `ids` and `embeddings`: float32, shape (n, d).",
        },
        304: {"description": "You have it."},
        **declare(NotFound),
    },
)
def download_embeddings(
    submission_id: SubmissionId,
    sessions: Sessions,
    blobs: Blobs,
    viewer: ReadViewer,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Download a submission's embeddings as they were checked, for `probeboard check` and others.

    Of your own team's; organizers and readers any. As float32, whatever the types of the file were;
    the uploaded file itself is not kept.
    """
    with sessions() as session:
        found = service.find_embeddings(session, viewer, submission_id, blobs=blobs, now=utc_now())
        headers = {"ETag": f'"{found.sha256}"', "Cache-Control": "private, no-cache"}
        if is_known(found.sha256, if_none_match):
            return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
        session.commit()
    headers["Content-Disposition"] = f'attachment; filename="{submission_id}.npz"'
    return StreamingResponse(npz_chunks(found.ids, found.path), media_type=_NPZ, headers=headers)


def _address(public_url: str) -> str:
    return f"{public_url.rstrip('/')}/api/v1"


def _attached(
    blobs: BlobStore, write: Callable[[BinaryIO], None], name: str, media_type: str
) -> Response:
    """Write a file, and send it when it is whole."""
    with blobs.incoming() as folder:
        path = folder / "export"
        with path.open("wb") as out:
            write(out)
        # Open, it can be read after its folder is gone; nothing stays behind, whatever happens.
        file = path.open("rb")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(os.fstat(file.fileno()).st_size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
