"""How many of a team's files may be refused: a limit beside the quota, for all app processes.

A refused file costs no quota, but a validation. Who is at the limit is told before the upload, and
before the validation again: many that came at once are validated a few at a time.
"""

from datetime import datetime
from uuid import UUID

from app.errors import TooManyRefusals
from app.ratelimit import Count, RateCounter


class RefusalLimit:
    """So many refused files in an hour, of a team in a phase; of baselines, of an organizer."""

    def __init__(self, rates: RateCounter, *, per_hour: int) -> None:
        self._rates = rates
        self.per_hour = per_hour

    def require_room(self, phase_id: UUID, whose: UUID, *, now: datetime) -> None:
        """Refuse who had too many files refused.

        Raises
        ------
        TooManyRefusals
            With limit, use, and when the hour ends.
        """
        count = self.read(phase_id, whose, now=now)
        if count.used >= self.per_hour:
            raise TooManyRefusals(
                f"{count.used} of your files were refused within an hour. `probeboard check` tells "
                "at home what is wrong with a file, and takes as many as you like.",
                limit=self.per_hour,
                used=count.used,
                window="1 h",
                resets_at=count.resets_at,
            )

    def read(self, phase_id: UUID, whose: UUID, *, now: datetime) -> Count:
        """Return how many were refused in the present hour."""
        return self._rates.read(_name(phase_id, whose), now=now)

    def add(self, phase_id: UUID, whose: UUID) -> None:
        """Count a refused file."""
        self._rates.add(_name(phase_id, whose))


def _name(phase_id: UUID, whose: UUID) -> str:
    return f"refused:{phase_id}:{whose}"
