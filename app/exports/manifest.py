"""The manifest: every submission of a challenge, what was handed in, and where to get it."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.clock import to_json_instant
from app.models import Evaluation, Participation, Phase, Submission, Team
from app.submissions.selection import Standing
from app.text import defused

AT_ONCE = 500

COLUMNS = (
    *("id", "phase", "team", "is_baseline", "method_name", "method_description", "project_url"),
    *("paper_url", "public", "status", "standing", "received_at", "finished_at", "selected_at"),
    *("failure_code", "failure_detail", "disqualified_reason", "file_name", "file_bytes"),
    *("file_sha256", "matrix_sha256", "evaluation", "embeddings_url"),
)
# The JSON has them all.
FACTS = ("format", "dtype", "n_rows", "n_dims")


def read_manifest(
    session: Session, phases: Sequence[Phase], standing: Mapping[UUID, Standing], *, address: str
) -> Iterator[dict[str, Any]]:
    """Describe each submission, in the phases' order and that of arrival, by a server's cursor.

    `address` is where the API is.
    """
    rows = session.execute(
        select(Submission, Participation, Team.name, Phase.slug, Evaluation.id)
        .join(Phase, Phase.id == Submission.phase_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .outerjoin(
            Evaluation, and_(Evaluation.submission_id == Submission.id, Evaluation.is_official)
        )
        .where(Submission.phase_id.in_([phase.id for phase in phases]))
        .order_by(Phase.position, Submission.queue_number)
        .execution_options(yield_per=AT_ONCE)
    )
    for submission, entry, team, phase, evaluation_id in rows:
        told = {
            "phase": phase,
            "team": team,
            "standing": str(standing[submission.id]),
            "disqualified_reason": _reason(submission, entry),
            "evaluation": None if evaluation_id is None else str(evaluation_id),
            "embeddings_url": f"{address}/submissions/{submission.id}/embeddings.npz",
        }
        for name in COLUMNS:
            told.setdefault(name, _plain(getattr(submission, name, None)))
        yield {name: told[name] for name in COLUMNS} | {"facts": submission.facts}
        session.expunge(submission)  # what was told need not stay in memory


def to_json(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Write a manifest as JSON, a submission a line."""
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "submissions": ['.encode()
    for number, row in enumerate(rows):
        yield f"{',' if number else ''}\n{json.dumps(row, ensure_ascii=False)}".encode()
    yield b"\n]}\n"


def to_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Write a manifest as CSV, with those facts that every file has."""
    yield _line([*COLUMNS, *FACTS])
    for row in rows:
        values = [row[name] for name in COLUMNS] + [row["facts"].get(name) for name in FACTS]
        yield _line([_cell(value) for value in values])


def _reason(one: Submission, entry: Participation | None) -> str | None:
    if one.disqualified_reason is not None or entry is None:
        return one.disqualified_reason
    return entry.disqualified_reason


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_json_instant(value)
    return str(value) if isinstance(value, UUID) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return defused(value) if isinstance(value, str) else value


def _line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
