"""Which submissions of different teams are equal, or nearly so.

Owners are teams, and all baselines together: a team that hands in the organizers' baseline shows.
Equal samples are compared across phases. Of what comes from the database a sketch has two
kilobytes, and all pairs are one matrix product; see `probeboard.sketch`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Row, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from app.models import MatrixSketch, Participation, Phase, Submission, Team
from probeboard.sketch import THRESHOLD, VERSION, alike

MOST_GROUPS = 100
MOST_COMPARED = 5000
MOST_PAIRS = 100
_BASELINES = UUID(int=0)

# A baseline that organizers made of a team's submission is that submission.
_HANDED_IN = Submission.promoted_from_id.is_(None)

Found = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class NearPair:
    """Two submissions that are nearly equal, in the order they came."""

    first: Found
    second: Found
    similarity: float


@dataclass(frozen=True)
class Sketched:
    """Submissions with their sketches, each matrix once for each who handed it in."""

    rows: Sequence[Found]
    left: int


def find_duplicates(session: Session, challenge_id: UUID) -> dict[str, list[Found]]:
    """Return the matrices that several handed in: of each owner the first submission with it."""
    key = (Submission.matrix_sha256, Phase.samples_digest)
    groups = session.execute(
        select(*key)
        .join(Phase, Phase.id == Submission.phase_id)
        .where(Phase.challenge_id == challenge_id, _HANDED_IN)
        .group_by(*key)
        .having(func.count(func.coalesce(Submission.participation_id, _BASELINES).distinct()) > 1)
        .order_by(func.max(Submission.received_at).desc())
        .limit(MOST_GROUPS)
    ).all()
    found: defaultdict[str, dict[UUID, Found]] = defaultdict(dict)
    rows = session.execute(
        _described(challenge_id)
        .where(tuple_(*key).in_([tuple(group) for group in groups]))
        .order_by(Submission.queue_number)
    )
    for row in rows:
        found[row.matrix_sha256].setdefault(_owner(row), row)
    return {group.matrix_sha256: list(found[group.matrix_sha256].values()) for group in groups}


def read_sketches(session: Session, challenge_id: UUID) -> Sketched:
    """Read the sketches of a challenge's submissions, the newest of them."""
    rows = session.execute(
        _described(challenge_id)
        .add_columns(MatrixSketch.version, MatrixSketch.sketch, Phase.samples_digest)
        .outerjoin(
            MatrixSketch,
            and_(
                MatrixSketch.matrix_sha256 == Submission.matrix_sha256,
                MatrixSketch.samples_digest == Phase.samples_digest,
                MatrixSketch.version == VERSION,
            ),
        )
        .order_by(Submission.queue_number.desc())
        .limit(MOST_COMPARED)
    ).all()
    first: dict[tuple[UUID, str, str], Found] = {}
    for row in rows:  # the oldest comes last, and stays
        first[_owner(row), row.matrix_sha256, row.samples_digest] = row
    kept = [row for row in first.values() if row.sketch is not None]
    left = sum(row.version is None for row in first.values())
    return Sketched(kept, left)


def find_near(sketched: Sketched) -> list[NearPair]:
    """Compare all sketches of the same samples; those of equal matrices are no near-duplicates."""
    by_samples: defaultdict[str, list[Found]] = defaultdict(list)
    for row in sketched.rows:
        by_samples[row.samples_digest].append(row)
    pairs = [pair for rows in by_samples.values() for pair in _near_of(rows)]
    return sorted(pairs, key=lambda pair: -pair.similarity)[:MOST_PAIRS]


def _near_of(rows: Sequence[Found]) -> list[NearPair]:
    sketches = np.frombuffer(b"".join(row.sketch for row in rows), dtype="<f4")
    # More than are told: equal matrices are among them.
    found = alike(
        sketches.reshape(len(rows), -1),
        [_owner(row) for row in rows],
        threshold=THRESHOLD,
        most=10 * MOST_PAIRS,
    )
    pairs = []
    for one in found:
        both = sorted((rows[one.first], rows[one.second]), key=lambda row: row.queue_number)
        if both[0].matrix_sha256 != both[1].matrix_sha256:
            pairs.append(NearPair(both[0], both[1], round(one.similarity, 4)))
    return pairs


def _owner(row: Found) -> UUID:
    return row.participation_id or _BASELINES


def _described(challenge_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Submission.id.label("submission_id"),
            Submission.participation_id,
            Submission.matrix_sha256,
            Submission.queue_number,
            Submission.method_name,
            Submission.received_at,
            Phase.slug.label("phase"),
            Team.name.label("team"),
        )
        .join(Phase, Phase.id == Submission.phase_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(Phase.challenge_id == challenge_id, _HANDED_IN)
    )
