"""Reports: find the board that may be shown, and read in one look all that is told beside it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.leaderboards.history import History, history_of
from app.leaderboards.service import Shown, find_board, find_snapshot, read_document
from app.models import Challenge, Phase, Snapshot
from app.phases.clock import PhaseState, state_of
from app.phases.schemas import PhaseView
from app.phases.service import tasks_of
from app.policy import Viewer, look
from app.reports import facts
from app.reports.facts import Event, Participations


@dataclass(frozen=True)
class Subject:
    """All that a report tells: of one snapshot, and beside it.

    `phase` is as the API tells it to anybody; `is_settled` if nothing can come in any
    more; `is_still` where the viewer sees the board as it was when it froze.
    """

    shown: Shown
    challenge: dict[str, str]
    phase: dict[str, Any]
    is_settled: bool
    is_still: bool
    is_latest: bool
    extensions: Sequence[Event]
    participation: Participations | None
    events: Sequence[Event]
    packages: dict[str, list[str]]

    @property
    def name(self) -> str:
        """What a file of it is called."""
        return f"{self.challenge['slug']}-{self.phase['slug']}-report-{self.shown.number}"

    @property
    def digest(self) -> str:
        """Name what it tells: equal digests, equal reports."""
        told = asdict(self) | {"shown": self.shown.sha256}
        text = json.dumps(told, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def find_subject(
    session: Session, viewer: Viewer, phase_id: UUID, *, snapshot: int | None, now: datetime
) -> Subject:
    """Find what a report is about: a phase's board as it stands, or an earlier snapshot of it.

    Raises
    ------
    NotFound
        If the viewer sees no such phase, its board or that snapshot is not public, the snapshot is
        another phase's, or nothing was ranked yet.
    """
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    latest = find_board(session, viewer, phase_id, now=now)
    shown = latest if snapshot is None else find_snapshot(session, viewer, snapshot, now=now)
    if shown.phase.id != phase_id or shown.number is None:
        raise NotFound("report")
    phase = shown.phase
    sight = look(session, viewer, phase, now=now)
    row = session.execute(
        select(Snapshot.created_at, Snapshot.inputs).where(Snapshot.number == shown.number)
    ).one()
    is_latest = shown.number == latest.number
    challenge = session.get_one(Challenge, phase.challenge_id)
    view = PhaseView.with_rules(phase, challenge, tasks_of(session, phase.id), now=now)
    return Subject(
        shown=shown,
        challenge={
            "slug": challenge.slug, "title": challenge.title, "summary": challenge.summary
        },
        phase=view.model_dump(mode="json"),
        is_settled=_is_closed(phase, now) and not facts.more_may_come(session, phase, now=now),
        is_still=sight.board_until is not None,
        is_latest=is_latest,
        extensions=facts.read_extensions(session, phase),
        participation=(
            facts.read_participation(session, phase, until=now if is_latest else row.created_at)
            if sight.sees_who_took_part
            else None
        ),
        events=_events(session, phase, until=sight.board_until),
        packages=facts.read_packages(session, row.inputs),
    )  # fmt: skip


def read_parts(session: Session, subject: Subject) -> tuple[dict[str, Any], History]:
    """Return the board document and its history, from which words and pictures are made."""
    return read_document(session, subject.shown), history_of(session, subject.shown)


def _is_closed(phase: Phase, now: datetime) -> bool:
    return state_of(phase, now) is PhaseState.CLOSED


def _events(session: Session, phase: Phase, *, until: datetime | None) -> list[Event]:
    found = [
        *facts.read_changes(session, phase),
        *facts.read_rescorings(session, phase),
        *facts.read_disqualified(session, phase, until=until),
    ]
    return sorted(found, key=lambda event: event.at)
