"""Hold the blob store to the rows: is each blob there that one names, and what its name says?"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.blobs import BlobKind, BlobMissing, BlobStore
from app.blobs_digest import is_whole
from app.models import Evaluation, LabelSet, MatrixSketch, Phase, PhaseTask, Rescoring, Submission


@dataclass(frozen=True)
class BlobVerdict:
    """What is wrong with a blob; None where nothing is."""

    kind: BlobKind
    digest: str
    fault: str | None


def verify_blobs(session: Session, blobs: BlobStore) -> Iterator[BlobVerdict]:
    """Read each blob that a row names, one after the other, and compare it to its name.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    named = [
        (kind, digest)
        for kind, columns in _naming().items()
        for digest in sorted({digest for each in columns for digest in session.scalars(each)})
    ]
    session.rollback()  # what follows may take hours, and reads no row
    for kind, digest in named:
        yield BlobVerdict(kind, digest, _fault_of(blobs, kind, digest))


def _fault_of(blobs: BlobStore, kind: BlobKind, digest: str) -> str | None:
    try:
        with blobs.as_stored(kind, digest) as path:
            return None if is_whole(kind, digest, path) else "damaged"
    except BlobMissing:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _naming() -> dict[BlobKind, list[Select[str]]]:
    """Return all that names blobs: columns, and what stands in documents.

    Of old rules only documents are left: those of receipts, by which a number is computed again.
    """
    receipt, rules = Evaluation.receipt, Rescoring.rules
    return {
        BlobKind.MATRICES: [
            _distinct(Submission.matrix_sha256),
            _distinct(MatrixSketch.matrix_sha256),
        ],
        BlobKind.LABELS: [
            _distinct(LabelSet.digest),
            _distinct(_texts(receipt, "$.label_sets.*.digest")),
            _distinct(_texts(rules, "$.**.label_digest")),
        ],
        BlobKind.SAMPLES: [
            _distinct(Phase.samples_digest),
            _distinct(MatrixSketch.samples_digest),
            _distinct(_texts(receipt, "$.samples")),
            _distinct(_texts(rules, "$.**.samples_digest")),
        ],
        BlobKind.MARKS: [
            _distinct(Phase.private_sides),
            *(_distinct(_texts(document, "$.**.marks"))
              for document in (PhaseTask.splits, receipt, rules)),
            *(_distinct(_texts(document, "$.**.private_sides")) for document in (receipt, rules)),
        ],
        BlobKind.PREDICTIONS: [
            _distinct(Evaluation.predictions_digest),
            _distinct(Evaluation.private_predictions_digest),
        ],
    }  # fmt: skip


def _distinct(
    named: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | ColumnElement[str],
) -> Select[str]:
    found = select(named.label("digest")).distinct().subquery()
    return select(found.c.digest).where(found.c.digest.is_not(None))


def _texts(document: object, path: str) -> ColumnElement[str]:
    """Return what stands at a path of a document; null where that is null."""
    found = func.jsonb_path_query(document, cast(path, JSONPATH))
    return found.op("#>>", return_type=Text())(literal_column("'{}'"))
