"""What holds for one team in a phase: the phase's close and limits, and the team's exceptions.

A later close for all is in the phase's own row; what one team has beside it is the latest close and
the sum of the submissions that organizers granted it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Phase, PhaseExtension
from app.policy import Viewer, takes_part_as

Key = UUID | InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None]


@dataclass(frozen=True)
class Exceptions:
    """What a team was granted beside the phase's rules, if anything."""

    closes_at: datetime | None = None
    extra_submissions: int = 0


NONE = Exceptions()


@dataclass(frozen=True, kw_only=True)
class Terms:
    """When a phase closes for a team, and how much it may hand in until then.

    Extra submissions are in the limits of 24 hours and in total already.
    """

    closes_at: datetime
    per_day: int
    total: int
    in_flight: int
    extra_submissions: int = 0

    @classmethod
    def of(cls, phase: Phase, granted: Exceptions = NONE) -> Self:
        """Return the terms of a team with these exceptions."""
        own = granted.closes_at
        extra = granted.extra_submissions
        return cls(
            closes_at=phase.closes_at if own is None else max(own, phase.closes_at),
            per_day=phase.quota_per_day + extra,
            total=phase.quota_total + extra,
            in_flight=phase.quota_in_flight,
            extra_submissions=extra,
        )


def terms_of(session: Session, phase: Phase, participation_id: UUID | None) -> Terms:
    """Return what holds for a team; for nobody's team, what holds for all."""
    if participation_id is None:
        return Terms.of(phase)
    return Terms.of(phase, exceptions_of(session, phase.id, participation_id))


def exceptions_of(session: Session, phase_id: UUID, participation_id: UUID) -> Exceptions:
    """Return what a team was granted. To decide upon it, hold the lock on the participation."""
    own, extra = session.execute(
        select(
            func.max(PhaseExtension.closes_at),
            func.sum(PhaseExtension.extra_submissions),
        ).where(
            PhaseExtension.phase_id == phase_id, PhaseExtension.participation_id == participation_id
        )
    ).one()
    return Exceptions(own, extra or 0)


def own_exceptions(
    session: Session, viewer: Viewer, phase_ids: Sequence[UUID]
) -> dict[UUID, Exceptions]:
    """Return what the viewer's team was granted, by phase; only where there is something."""
    if viewer.user_id is None:
        return {}
    rows = session.execute(
        select(
            PhaseExtension.phase_id,
            func.max(PhaseExtension.closes_at),
            func.sum(PhaseExtension.extra_submissions),
        )
        .where(
            PhaseExtension.phase_id.in_(phase_ids),
            takes_part_as(viewer, PhaseExtension.participation_id),
        )
        .group_by(PhaseExtension.phase_id)
    )
    return {phase_id: Exceptions(own, extra or 0) for phase_id, own, extra in rows}


def close_for(phase_id: Key, participation_id: Key) -> ColumnElement[datetime]:
    """Return when a phase closes for a team, in a query that has the phase."""
    own = (
        select(func.max(PhaseExtension.closes_at))
        .where(
            PhaseExtension.phase_id == phase_id, PhaseExtension.participation_id == participation_id
        )
        .scalar_subquery()
    )
    return func.greatest(Phase.closes_at, own)  # of a null and an instant, the instant


def extra_for(phase_id: Key, participation_id: Key) -> ColumnElement[int]:
    """Return how many submissions a team has beyond the quota, in a query."""
    return func.coalesce(
        select(func.sum(PhaseExtension.extra_submissions))
        .where(
            PhaseExtension.phase_id == phase_id, PhaseExtension.participation_id == participation_id
        )
        .scalar_subquery(),
        0,
    )
