"""What somebody sees of a phase: a pure function of who it is, the phase, and the time.

Every answer that depends on a phase's dates and switches is given here, and nowhere else; so the
tests ask it what `docs/visibility.md` says, and hold the server to that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Part, Phase, TaskNames, TeamSees
from app.policy.reveal import part_shown


class Who(StrEnum):
    """What somebody is to what is looked at; who is several of these is the first."""

    ROLE = "role"  # runs or reads the challenge, or operates the server
    TEAM = "team"  # is in the team that it is of
    OTHERS = "others"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen of a phase, and of one team's submissions to it."""

    # The board, all that is made from it, and who moved on it; of it what there was by
    # `board_until`, where that is an instant.
    sees_board: bool
    board_until: datetime | None
    # Who took part, and how often, as a report tells it.
    sees_who_took_part: bool
    # Which organizer it was that changed or granted something.
    sees_deciders: bool
    # What a team alone was granted.
    sees_exceptions: bool
    # That a submission is there, and its scores as a whole.
    sees_submission: bool
    # Its scores by private samples, where a phase has any.
    sees_private: bool
    # Its scores in each task, and what was found beside them.
    sees_tasks: bool
    # Scores in each split, who is where in it, and how many are labelled: labels could be read off.
    sees_splits: bool
    # What probes said of each sample.
    sees_predictions: bool
    # What tasks are called, where all are shown `task-01`.
    sees_real_names: bool
    # To how many decimals figures are told; None for all.
    digits: int | None

    def sees_board_of(self, at: datetime) -> bool:
        """Tell whether what there was at an instant is on a board that is seen.

        So for a snapshot, for who moved, and for what came in then.
        """
        return self.sees_board and (self.board_until is None or at <= self.board_until)


def sight_of(who: Who, phase: Phase, now: datetime) -> Sight:
    """Return what somebody sees of a phase at an instant: those with a role see everything."""
    everything = who is Who.ROLE
    own = everything or who is Who.TEAM
    part = part_shown(phase, now)
    frozen_at = phase.board_frozen_at
    is_frozen = frozen_at is not None and frozen_at <= now
    # Of a board with a freeze, be it one yet to come, no count tells who handed in since.
    is_over = phase.closes_at <= now and frozen_at is None
    return Sight(
        sees_board=everything or phase.board_visible,
        board_until=frozen_at if is_frozen and not everything else None,
        sees_who_took_part=everything or is_over,
        sees_deciders=everything,
        sees_exceptions=own,
        sees_submission=own,
        sees_private=part is not None and (everything or (own and part is Part.PRIVATE)),
        sees_tasks=everything or (own and phase.team_sees == TeamSees.TASKS),
        sees_splits=everything,
        sees_predictions=everything,
        sees_real_names=everything or not masks_names(phase),
        digits=None if everything else phase.decimals,
    )


def masks_names(phase: Phase) -> bool:
    """Tell whether tasks go by `task-01`, `task-02`, … in what is shown to all alike."""
    return phase.board_task_names == TaskNames.MASKED


def board_is_public() -> ColumnElement[bool]:
    """Condition on Phase: as `Sight.sees_board` of those without a role, inside a query."""
    return Phase.board_visible.expression


def board_shows(
    at: datetime | InstrumentedAttribute[datetime], *, now: datetime
) -> ColumnElement[bool]:
    """Condition on Phase: as `Sight.sees_board_of` of those without a role, inside a query."""
    frozen_at = Phase.board_frozen_at
    is_not_frozen = or_(frozen_at.is_(None), frozen_at > now)
    return and_(board_is_public(), or_(is_not_frozen, frozen_at >= at))
