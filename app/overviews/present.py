"""An overview as it is told."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.models import ParticipationState, Phase, Status
from app.overviews.counting import PhaseCounts, TeamCounts
from app.overviews.likeness import Found, NearPair
from app.overviews.schemas import (
    AlikeView,
    BlobsView,
    DayView,
    DiskView,
    DuplicateView,
    FailureCountView,
    NearDuplicatesView,
    NearDuplicateView,
    OverviewView,
    ParticipationsView,
    PhaseOverview,
    QueueView,
    ServerView,
    StorageView,
    TeamInPhaseView,
    TeamOverview,
)
from app.overviews.service import Disk, Seen
from app.phases.clock import state_of
from probeboard.sketch import THRESHOLD


def overview_view(
    seen: Seen,
    near: Sequence[NearPair],
    *,
    workers: int | None,
    disk: Disk | None,
    now: datetime,
) -> OverviewView:
    """Describe how a challenge goes; `workers` is None where nobody can tell."""
    slugs = {phase.id: phase.slug for phase in seen.phases}
    return OverviewView(
        challenge=seen.challenge.slug,
        title=seen.challenge.title,
        at=now,
        queue=_queue(list(seen.counts.values()), now),
        participations=ParticipationsView(**seen.participations),
        phases=[_phase(phase, seen.counts[phase.id], now) for phase in seen.phases],
        teams=[_team(team, slugs) for team in seen.teams],
        duplicates=[
            DuplicateView(matrix_sha256=sha256, submissions=[_alike(row) for row in rows])
            for sha256, rows in seen.duplicates.items()
        ],
        near_duplicates=NearDuplicatesView(
            threshold=THRESHOLD,
            compared=len(seen.sketched.rows),
            left=seen.sketched.left,
            pairs=[
                NearDuplicateView(
                    similarity=pair.similarity,
                    first=_alike(pair.first),
                    second=_alike(pair.second),
                )
                for pair in near
            ],
        ),
        storage=StorageView(matrices=seen.n_matrices, bytes=seen.n_bytes),
        server=ServerView(
            workers=workers,
            queue=QueueView(
                queued=seen.waiting.queued,
                running=seen.waiting.running,
                oldest_waiting_s=_since(seen.waiting.oldest, now),
            ),
            rescoring_waiting=seen.waiting.rescoring,
            disk=None if disk is None else _disk(disk),
        ),
    )


def _phase(phase: Phase, counts: PhaseCounts, now: datetime) -> PhaseOverview:
    return PhaseOverview(
        id=phase.id,
        slug=phase.slug,
        title=phase.title,
        state=state_of(phase, now),
        opens_at=phase.opens_at,
        closes_at=phase.closes_at,
        teams=counts.teams,
        submissions=_by_status(counts.submissions),
        baselines=_by_status(counts.baselines),
        days=[
            DayView(day=day, by_status=_by_status(of_day)) for day, of_day in counts.days.items()
        ],
        failures=[FailureCountView.model_validate(row) for row in counts.failures],
        queue=_queue([counts], now),
        board_is_current=counts.board_is_current,
        ranked_at=counts.ranked_at,
    )


def _team(team: TeamCounts, slugs: dict[UUID, str]) -> TeamOverview:
    one = team.participation
    return TeamOverview(
        participation_id=one.id,
        team=team.name,
        state=ParticipationState(one.state),
        disqualified=one.disqualified_at is not None,
        members=team.members,
        entered_at=one.accepted_at,
        last_at=team.last_at,
        phases=[
            TeamInPhaseView(phase=slug, submissions=_by_status(counts), last_at=last)
            for phase_id, slug in slugs.items()
            if phase_id in team.phases
            for counts, last in [team.phases[phase_id]]
        ],
    )


def _by_status(counts: dict[str, int]) -> dict[Status, int]:
    return {status: counts[status] for status in Status if counts.get(status)}


def _queue(counts: Sequence[PhaseCounts], now: datetime) -> QueueView:
    waiting = [one.oldest_waiting for one in counts if one.oldest_waiting is not None]
    return QueueView(
        queued=sum(one.on_its_way(Status.QUEUED) for one in counts),
        running=sum(one.on_its_way(Status.RUNNING) for one in counts),
        oldest_waiting_s=_since(min(waiting, default=None), now),
    )


def _since(oldest: datetime | None, now: datetime) -> float:
    return 0.0 if oldest is None else max(0.0, round((now - oldest).total_seconds(), 3))


def _alike(row: Found) -> AlikeView:
    return AlikeView.model_validate(row)


def _disk(disk: Disk) -> DiskView:
    return DiskView(
        blobs=[
            BlobsView(kind=kind, files=files, bytes=n_bytes)
            for kind, (files, n_bytes) in disk.blobs.items()
        ],
        total_bytes=disk.total,
        free_bytes=disk.free,
    )
