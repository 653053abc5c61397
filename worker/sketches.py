"""Keep a sketch of every matrix that was handed in, a bounded number at a time.

Not with the evaluation: what waits, failed or came before there were sketches is compared as well.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import numpy as np
import structlog
from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert

from app.blobs import BlobKind, BlobMissing, BlobStore
from app.models import MatrixSketch, Phase, SigningKey, Submission
from probeboard.sketch import VERSION, sketch
from worker.parts import Parts

BATCH = 50

log = structlog.get_logger(__name__)


def keep_sketches(parts: Parts, *, now: datetime) -> int:
    """Make the sketches that are missing, or of another version; the newest first."""
    with parts.sessions() as session:
        secret = session.get_one(SigningKey, 1).key
        missing = session.execute(
            select(Submission.matrix_sha256, Phase.samples_digest)
            .join(Phase, Phase.id == Submission.phase_id)
            .outerjoin(
                MatrixSketch,
                and_(
                    MatrixSketch.matrix_sha256 == Submission.matrix_sha256,
                    MatrixSketch.samples_digest == Phase.samples_digest,
                    MatrixSketch.version == VERSION,
                ),
            )
            .where(MatrixSketch.matrix_sha256.is_(None))
            .order_by(Submission.id.desc())
            .limit(BATCH)
        ).all()
    wanted = dict.fromkeys((row.matrix_sha256, row.samples_digest) for row in missing)
    made = [(*key, _sketch(parts.blobs, *key, secret=secret)) for key in wanted]
    if made:
        _store(parts, made, now=now)
        log.info("sketches kept", count=len(made))
    return len(made)


def _sketch(blobs: BlobStore, matrix: str, samples: str, *, secret: str) -> bytes | None:
    """Sketch a stored matrix; None where nothing can be compared, and so is not tried again.

    The samples are drawn by a secret of this server: who knew them would change those alone.
    """
    seed = hmac.new(secret.encode(), f"sketch {samples}".encode(), sha256).hexdigest()
    try:
        path = blobs.existing_path(BlobKind.MATRICES, matrix)
    except BlobMissing:
        log.warning("no matrix to sketch", matrix_sha256=matrix)
        return None
    made = sketch(np.load(path, mmap_mode="r", allow_pickle=False), seed=seed)
    return None if made is None else made.astype("<f4").tobytes()


def _store(parts: Parts, made: Sequence[tuple[str, str, bytes | None]], *, now: datetime) -> None:
    statement = insert(MatrixSketch).values(
        [
            {
                "matrix_sha256": matrix,
                "samples_digest": samples,
                "version": VERSION,
                "created_at": now,
                "sketch": numbers,
            }
            for matrix, samples, numbers in made
        ]
    )
    with parts.sessions() as session:
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["matrix_sha256", "samples_digest"],
                set_={
                    name: statement.excluded[name] for name in ("version", "created_at", "sketch")
                },
            )
        )
        session.commit()
