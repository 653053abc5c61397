"""The history of a board: who stood where, snapshot by snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.leaderboards.service import Shown, find_board
from app.models import Part, Participation, Snapshot, Submission, Team
from app.policy import Viewer

DEFAULT_LIMIT = 100


@dataclass(frozen=True)
class Point:
    """A snapshot, and the rank of each team in it."""

    number: int
    ranked_at: datetime
    sha256: str
    ranks: Mapping[str, int]
    part: Part | None = None

    @property
    def n_entries(self) -> int:
        """How many teams it ranked."""
        return len(self.ranks)

    @property
    def first(self) -> list[str]:
        """Who was first; ties share it."""
        return sorted(team for team, rank in self.ranks.items() if rank == 1)


@dataclass(frozen=True)
class History:
    """Snapshots from the first to the present one, thinned; `total` counts all there are.

    `private_since` is the number of the first one that private samples decided.
    """

    total: int
    points: tuple[Point, ...]
    private_since: int | None = None

    @property
    def teams(self) -> list[str]:
        """All teams that ever stood on it, those of the present board first and by their rank."""
        best: dict[str, tuple[int, int]] = {}
        for age, point in enumerate(reversed(self.points)):
            for team, rank in point.ranks.items():
                best.setdefault(team, (age, rank))
        return sorted(best, key=lambda team: (*best[team], team))


def read_history(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    now: datetime,
    limit: int = DEFAULT_LIMIT,
) -> History:
    """Return how a board came to be, as far as the viewer may see it.

    Raises
    ------
    NotFound
        As `service.find_board`.
    """
    return history_of(session, find_board(session, viewer, phase_id, now=now), limit=limit)


def history_of(session: Session, shown: Shown, *, limit: int = DEFAULT_LIMIT) -> History:
    """Return the history up to a snapshot: at most `limit` points, first and last among them."""
    if shown.number is None:
        return History(0, ())
    past = (Snapshot.phase_id == shown.phase.id, Snapshot.number <= shown.number)
    numbers = session.scalars(select(Snapshot.number).where(*past).order_by(Snapshot.number)).all()
    rows = session.execute(
        select(
            Snapshot.number, Snapshot.created_at, Snapshot.sha256, Snapshot.places, Snapshot.part
        )
        .where(Snapshot.number.in_(thinned(numbers, limit)))
        .order_by(Snapshot.number)
    ).all()
    teams = _teams(session, {key for row in rows for key in row.places or {}})
    return History(
        len(numbers),
        tuple(
            Point(
                row.number,
                row.created_at,
                row.sha256,
                _ranks(row.places or {}, teams),
                None if row.part is None else Part(row.part),
            )
            for row in rows
        ),
        private_since=session.scalar(
            select(func.min(Snapshot.number)).where(*past, Snapshot.part == Part.PRIVATE)
        ),
    )


def thinned(numbers: Sequence[int], limit: int) -> list[int]:
    """Return at most `limit` of the numbers, evenly; first and last stay, as far as there is room.

    >>> thinned(range(100), 4), thinned([5, 6], 4), thinned([5, 6], 1)
    ([0, 33, 66, 99], [5, 6], [6])
    """
    if len(numbers) <= limit:
        return list(numbers)
    if limit == 1:
        return [numbers[-1]]
    last = len(numbers) - 1
    return [numbers[step * last // (limit - 1)] for step in range(limit)]


def _ranks(places: Mapping[str, int], teams: Mapping[str, str]) -> dict[str, int]:
    """Return each team's rank; of teams that merged later, the better of both."""
    # From the last to the first, so that the best of a team is what stays.
    ordered = sorted(places.items(), key=lambda place: place[1], reverse=True)
    return {teams[key]: rank for key, rank in ordered if key in teams}


def _teams(session: Session, submission_ids: set[str]) -> dict[str, str]:
    """Name the team of each submission; a team that hands in again goes on under its name."""
    rows = session.execute(
        select(Submission.id, Team.name)
        .join(Participation, Participation.id == Submission.participation_id)
        .join(Team, Team.id == Participation.team_id)
        .where(Submission.id.in_([UUID(key) for key in submission_ids]))
    )
    return {str(key): name for key, name in rows}
