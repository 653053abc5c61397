"""Take a submission in: who may hand in, what the file must fit, and the one transaction.

Between the look before the upload (`open_target`) and the transaction after it (`admit`) no
session is open. So everything that decides is decided again in `admit`, under locks.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.samples import parse_sample_blob
from app.errors import (
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    QuotaExceeded,
)
from app.models import Challenge, Participation, Phase, Status, Submission, new_id
from app.participations.service import participation_of
from app.phases.service import get_phase
from app.policy import Viewer, organizes_challenge
from app.submissions.admission import require_admission
from app.submissions.auditing import note_change
from app.submissions.validation import ValidatedMatrix
from probeboard.embeddings import EmbeddingSpec


@dataclass(frozen=True)
class IntakeTarget:
    """What an upload is held to, as it was before the upload began.

    `answered_before`: a request with the same idempotency key made a submission.
    """

    phase_id: UUID
    participation_id: UUID | None
    organizes: bool
    answered_before: bool
    samples_digest: str
    spec: EmbeddingSpec

    def require_role(self, method: "Method") -> None:
        """Refuse who may not hand in as what the form says: as a team, or as a baseline.

        Raises
        ------
        Forbidden
            If a baseline comes from no organizer, or another submission from nobody's team.
        """
        if method.baseline and not self.organizes:
            raise Forbidden("Only organizers hand in baselines.")
        if not method.baseline and self.participation_id is None:
            raise Forbidden("You organize this challenge and are in no team: hand in a baseline.")


@dataclass(frozen=True)
class Method:
    """What a team says of its method."""

    method_name: str
    method_description: str
    project_url: str | None
    paper_url: str | None
    public: bool
    baseline: bool


@dataclass(frozen=True)
class Upload:
    """A file that has come in whole."""

    file_name: str
    file_bytes: int
    file_sha256: str
    ids_sha256: str | None
    received_at: datetime
    idempotency_key: str | None
    request_id: str


@lru_cache(maxsize=16)
def load_sample_ids(blobs: BlobStore, digest: str) -> tuple[str, ...]:
    """Return a phase's sample ids; the digest names them for ever, so they are kept."""
    return parse_sample_blob(blobs.read(BlobKind.SAMPLES, digest))


def open_target(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    idempotency_key: str | None,
    blobs: BlobStore,
    now: datetime,
) -> IntakeTarget:
    """Check, before a byte of the file is read, that it could be accepted.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    Forbidden, ParticipationNotApproved, TeamDisqualified, PhaseRequirementNotMet, TermsChanged,
    PhaseNotOpen, QuotaExceeded
        If the team may not hand in now.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    entry = participation_of(session, viewer, challenge.id)
    organizes = _organizes(session, viewer, challenge)
    if entry is None and not organizes:
        raise Forbidden("Your team takes part once its captain has accepted the challenge's terms.")
    replay = _is_known(session, viewer, phase_id, idempotency_key)
    if entry is not None and not organizes and not replay:
        try:
            require_admission(session, phase, challenge, entry[0], now=now)
        except QuotaExceeded:
            # The room may have gone to a request with the same key, just now.
            replay = _is_known(session, viewer, phase_id, idempotency_key)
            if not replay:
                raise
    return IntakeTarget(
        phase_id=phase.id,
        participation_id=entry[0].id if entry else None,
        organizes=organizes,
        answered_before=replay,
        samples_digest=phase.samples_digest,
        spec=_spec(phase, challenge, blobs),
    )


def _is_known(session: Session, viewer: Viewer, phase_id: UUID, key: str | None) -> bool:
    """Tell whether an earlier request with this key made a submission."""
    if key is None:
        return False
    known = session.scalar(select(exists().where(*_keyed(viewer, phase_id, key))))
    return bool(known)


def _spec(phase: Phase, challenge: Challenge, blobs: BlobStore) -> EmbeddingSpec:
    return EmbeddingSpec(
        n_dims=challenge.embedding_dim,
        sample_ids=load_sample_ids(blobs, phase.samples_digest),
        strip_suffixes=tuple(challenge.strip_suffixes),
        zero_pad=challenge.zero_pad,
        budget_bytes=phase.budget_bytes,
    )


def find_replay(
    session: Session, viewer: Viewer, phase_id: UUID, upload: Upload, method: Method
) -> Submission | None:
    """Return the submission that an earlier request with the same key made.

    Raises
    ------
    IdempotencyKeyReused
        If the key came with other files or other fields.
    """
    if upload.idempotency_key is None:
        return None
    first = session.scalars(
        select(Submission).where(*_keyed(viewer, phase_id, upload.idempotency_key))
    ).one_or_none()
    if first is not None and first.request_fingerprint != _fingerprint(upload, method):
        raise IdempotencyKeyReused(
            f"This key made the submission {first.id} from another file or other fields."
        )
    return first


def admit(
    session: Session,
    viewer: Viewer,
    target: IntakeTarget,
    upload: Upload,
    method: Method,
    matrix: ValidatedMatrix,
    *,
    blobs: BlobStore,
    max_attempts: int,
) -> Submission:
    """Write the row under the lock that guards the quota; the caller commits, then announces.

    Raises
    ------
    Forbidden, ParticipationNotApproved, TeamDisqualified, PhaseRequirementNotMet, TermsChanged,
    PhaseNotOpen, QuotaExceeded
        If the team may not hand in, as of the instant the last byte came.
    IdempotencyKeyReused
        As `find_replay`.
    Conflict
        If the phase's samples, how files are read, or who is in the team changed meanwhile.
    """
    phase, challenge = get_phase(session, viewer, target.phase_id)
    participation = _lock(session, target, phase, challenge, method)
    # Looked for under the locks: a request with the same key is before us or behind us.
    replay = find_replay(session, viewer, target.phase_id, upload, method)
    if replay is not None:
        return replay
    if target.spec != _spec(phase, challenge, blobs):
        raise Conflict("What a file must hold changed during the upload; send the file again.")
    if participation is not None:
        _require_still_in(session, viewer, participation)
        require_admission(session, phase, challenge, participation, now=upload.received_at)
    elif not _organizes(session, viewer, challenge):
        raise Forbidden("Only organizers hand in baselines.")
    submission = Submission(
        id=new_id(),
        phase_id=phase.id,
        participation_id=participation.id if participation else None,
        submitted_by_id=viewer.me,
        is_baseline=method.baseline,
        received_at=upload.received_at,
        method_name=method.method_name,
        method_description=method.method_description,
        project_url=method.project_url,
        paper_url=method.paper_url,
        public=method.public,
        file_name=upload.file_name,
        file_bytes=upload.file_bytes,
        file_sha256=upload.file_sha256,
        matrix_sha256=matrix.sha256,
        facts=matrix.facts.to_dict(),
        idempotency_key=upload.idempotency_key,
        request_fingerprint=_fingerprint(upload, method),
        request_id=upload.request_id,
        status=Status.QUEUED,
        attempt=0,
        attempts_allowed=max_attempts,
        tasks_done=0,
    )
    session.add(submission)
    note_change(
        session,
        viewer,
        "submission.received",
        submission,
        after={"phase": phase.title, "baseline": method.baseline, "public": method.public},
        now=upload.received_at,
    )
    blobs.adopt(BlobKind.MATRICES, matrix.sha256, matrix.path)
    return submission


def _lock(
    session: Session, target: IntakeTarget, phase: Phase, challenge: Challenge, method: Method
) -> Participation | None:
    """Lock what the decision rests on, and read it again.

    The participation orders a team's uploads, an exclusive lock on the phase those of baselines.
    Challenge and phase are locked in the order in which a bundle's update locks them.
    """
    participation = None
    if not method.baseline:
        target.require_role(method)
        participation = session.get_one(
            Participation,
            target.participation_id,
            with_for_update=True,
            populate_existing=True,
        )
    session.refresh(challenge, with_for_update={"read": True})
    session.refresh(phase, with_for_update={"read": participation is not None})
    return participation


def _require_still_in(session: Session, viewer: Viewer, participation: Participation) -> None:
    """Refuse who has left, or whose team has merged; under the lock that both of them take."""
    entry = participation_of(session, viewer, participation.challenge_id)
    if entry is None or entry[0].id != participation.id:
        raise Conflict("The team you are in changed during the upload; send the file again.")


def _organizes(session: Session, viewer: Viewer, challenge: Challenge) -> bool:
    found = session.scalar(
        select(Challenge.id).where(Challenge.id == challenge.id, organizes_challenge(viewer))
    )
    return found is not None


def _keyed(viewer: Viewer, phase_id: UUID, key: str | None) -> tuple[ColumnElement[bool], ...]:
    return (
        Submission.submitted_by_id == viewer.me,
        Submission.phase_id == phase_id,
        Submission.idempotency_key == key,
    )


def _fingerprint(upload: Upload, method: Method) -> str:
    """Digest what makes two requests the same: the bytes of the files and every field."""
    said: dict[str, object] = {"file": upload.file_sha256, **vars(method)}
    if upload.ids_sha256 is not None:
        said["ids"] = upload.ids_sha256
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
