"""From the first byte of an upload to its announcement: the steps, and what is held during each.

look (session) → receive (disk) → validate (child process) → admit (one transaction) → announce.
Waiting costs no thread and no database connection.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app.blobs import BlobKind, BlobStore
from app.clock import utc_now
from app.db import SessionFactory
from app.errors import (
    InvalidInput,
    InvalidUpload,
    Place,
    QuotaExceeded,
    TooLarge,
    Unavailable,
)
from app.http.multipart import ReceivedFile, ReceivedForm, receive_form
from app.policy import Viewer
from app.queue import EVALUATE_SUBMISSION, JobQueue
from app.ratelimit import RateCounter
from app.settings import Settings
from app.submissions import intake, service
from app.submissions.admission import require_room_still
from app.submissions.describing import describe
from app.submissions.forking import ForkServer
from app.submissions.intake import IntakeTarget, Method, Upload
from app.submissions.refusals import RefusalLimit
from app.submissions.schemas import SubmissionFields, SubmissionView
from app.submissions.validation import (
    ValidatedMatrix,
    ValidationBroken,
    default_limits,
    validate_upload,
)
from probeboard.embeddings import (
    EmbeddingSpec,
    InvalidEmbeddings,
    widest_encoding_bytes,
    widest_ids_bytes,
)


@dataclass(frozen=True)
class IntakeReceipt:
    """Which submission a request made, or had made before."""

    submission_id: UUID
    is_replay: bool


class IntakeDesk:
    """Takes uploads in, so many validations at a time."""

    def __init__(
        self,
        settings: Settings,
        sessions: SessionFactory,
        blobs: BlobStore,
        queue: JobQueue,
        rates: RateCounter,
        forks: ForkServer,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._blobs = blobs
        self._queue = queue
        self._forks = forks
        self._refusals = RefusalLimit(rates, per_hour=settings.refusals_per_hour)
        self._validations = asyncio.Semaphore(settings.validations_at_once)

    async def take_in(
        self,
        request: Request,
        viewer: Viewer,
        phase_id: UUID,
        *,
        idempotency_key: str | None,
        request_id: str,
    ) -> IntakeReceipt:
        """Receive, validate, admit and announce one submission.

        Raises
        ------
        DomainError
            As `intake.open_target`, `receive_form`, `intake.admit`; and InvalidUpload for a bad
            file, TooManyRefusals after too many of them, Unavailable if validation itself broke.
        """
        target = await run_in_threadpool(self._open, viewer, phase_id, idempotency_key)
        with self._blobs.incoming() as folder:
            limits = _limits(target.spec)
            form = await receive_form(
                request, folder=folder, limit_bytes=sum(limits.values()), max_files=len(limits)
            )
            received_at = utc_now()
            method = _method(form)
            target.require_role(method)
            file, ids = _files(form, limits)
            upload = Upload(
                file_name=file.file_name[:200],
                file_bytes=file.n_bytes,
                file_sha256=file.sha256,
                ids_sha256=ids.sha256 if ids else None,
                received_at=received_at,
                idempotency_key=idempotency_key,
                request_id=request_id,
            )
            replay = await run_in_threadpool(self._replay, viewer, phase_id, upload, method)
            if replay is not None:
                return IntakeReceipt(replay, is_replay=True)
            look = partial(self._look_again, viewer, target, upload, method)
            output = folder / "matrix.npy"
            matrix = await self._validate(viewer, target, file, ids, output, look)
            receipt = await run_in_threadpool(self._admit, viewer, target, upload, method, matrix)
        if not receipt.is_replay:
            await run_in_threadpool(self._announce, receipt.submission_id)
        return receipt

    def describe(self, viewer: Viewer, submission_id: UUID) -> SubmissionView:
        """Return the submission as its sender may see it."""
        with self._sessions() as session:
            return describe(session, viewer, submission_id, now=utc_now())

    def _open(self, viewer: Viewer, phase_id: UUID, key: str | None) -> IntakeTarget:
        now = utc_now()
        with self._sessions() as session:
            target = intake.open_target(
                session, viewer, phase_id, idempotency_key=key, blobs=self._blobs, now=now
            )
        if not target.answered_before:
            self._require_few_refusals(viewer, target)
        return target

    def _require_few_refusals(self, viewer: Viewer, target: IntakeTarget) -> None:
        self._refusals.require_room(target.phase_id, _whose(viewer, target), now=utc_now())

    def _replay(
        self, viewer: Viewer, phase_id: UUID, upload: Upload, method: Method
    ) -> UUID | None:
        with self._sessions() as session:
            first = intake.find_replay(session, viewer, phase_id, upload, method)
            return first.id if first else None

    def _look_again(
        self, viewer: Viewer, target: IntakeTarget, upload: Upload, method: Method
    ) -> None:
        """Spare a validation after which the file would be refused: others came in meanwhile."""
        self._require_few_refusals(viewer, target)
        if target.participation_id is None or target.organizes:
            return
        with self._sessions() as session:
            if intake.find_replay(session, viewer, target.phase_id, upload, method) is None:
                try:
                    require_room_still(
                        session, target.phase_id, target.participation_id, now=upload.received_at
                    )
                except QuotaExceeded:
                    # The room may have gone to a request with the same key, just now.
                    if not intake.find_replay(session, viewer, target.phase_id, upload, method):
                        raise

    async def _validate(
        self,
        viewer: Viewer,
        target: IntakeTarget,
        file: ReceivedFile,
        ids: ReceivedFile | None,
        output: Path,
        look_again: Callable[[], None],
    ) -> ValidatedMatrix:
        try:
            async with self._validations:
                await run_in_threadpool(look_again)
                return await self._validate_now(target, file, ids, output, _whose(viewer, target))
        except InvalidEmbeddings as error:
            places = [
                Place(issue.code, issue.detail, row=issue.row, column=issue.column)
                for issue in error.issues
            ]
            many = "fault" if error.total == 1 else "faults"
            raise InvalidUpload(
                f"The file has {error.total} {many}. It was not stored and cost no quota.",
                places,
                error.total,
            ) from error
        except ValidationBroken as error:
            raise Unavailable("The file could not be validated; the fault is ours.") from error

    async def _validate_now(
        self,
        target: IntakeTarget,
        file: ReceivedFile,
        ids: ReceivedFile | None,
        output: Path,
        whose: UUID,
    ) -> ValidatedMatrix:
        """Validate, and count a refusal before anybody who waits looks at the count."""
        try:
            return await validate_upload(
                file.path,
                ids=ids.path if ids else None,
                spec=target.spec,
                output=output,
                limits=default_limits(target.spec),
                forks=self._forks,
            )
        except InvalidEmbeddings:
            await run_in_threadpool(self._refusals.add, target.phase_id, whose)
            raise

    def _admit(
        self,
        viewer: Viewer,
        target: IntakeTarget,
        upload: Upload,
        method: Method,
        matrix: ValidatedMatrix,
    ) -> IntakeReceipt:
        # An upload to a bucket may take long: not under the locks of the transaction.
        self._blobs.send_ahead(BlobKind.MATRICES, matrix.sha256, matrix.path)
        with self._sessions() as session:
            submission = intake.admit(
                session,
                viewer,
                target,
                upload,
                method,
                matrix,
                blobs=self._blobs,
                max_attempts=self._settings.max_attempts,
            )
            is_replay = submission.request_id != upload.request_id
            session.commit()
            return IntakeReceipt(submission.id, is_replay=is_replay)

    def _announce(self, submission_id: UUID) -> None:
        """Tell the queue, and note that it was told. If either fails, the sweep does it again."""
        if not self._queue.announce(EVALUATE_SUBMISSION, submission_id):
            return
        with suppress(SQLAlchemyError), self._sessions() as session:
            service.mark_announced(session, [submission_id], now=utc_now())
            session.commit()


def _method(form: ReceivedForm) -> Method:
    try:
        fields = SubmissionFields.model_validate(form.fields)
    except ValidationError as error:
        places = [
            Place(fault["type"], fault["msg"], pointer="/" + "/".join(map(str, fault["loc"])))
            for fault in error.errors()
        ]
        raise InvalidInput("The fields do not fit the schema.", places) from error
    return Method(**fields.model_dump())


def _limits(spec: EmbeddingSpec) -> dict[str, int]:
    """Return the most bytes of each file part, by its name."""
    return {"file": widest_encoding_bytes(spec), "ids": widest_ids_bytes(spec)}


def _files(form: ReceivedForm, limits: dict[str, int]) -> tuple[ReceivedFile, ReceivedFile | None]:
    """Return the embeddings and, if they came, the ids beside them."""
    files: dict[str, ReceivedFile] = {}
    for file in form.files:
        if file.field_name not in limits or file.field_name in files:
            place = Place("extra", "send one “file”, and one “ids” if any", pointer="/file")
            raise InvalidInput("There is a file too many, or under another name.", [place])
        limit = limits[file.field_name]
        if file.n_bytes > limit:
            raise TooLarge(f"“{file.field_name}” may have {limit} bytes.", limit_bytes=limit)
        files[file.field_name] = file
    if "file" not in files:
        place = Place("missing", "send the embeddings in the field “file”", pointer="/file")
        raise InvalidInput("There is no file.", [place])
    return files["file"], files.get("ids")


def _whose(viewer: Viewer, target: IntakeTarget) -> UUID:
    """Return whose refusals count together: a team's, or of nobody's team the person's."""
    return target.participation_id or viewer.me
