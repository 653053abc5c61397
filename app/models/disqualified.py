"""What can be disqualified, and stays as it is otherwise: a team in a challenge, a submission."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column


class Disqualifiable:
    """Columns of a row that an organizer may take out of ranks, and put back."""

    disqualified_at: Mapped[datetime | None]
    disqualified_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    disqualified_reason: Mapped[str | None]
    disqualified_publicly: Mapped[bool] = mapped_column(
        default=False, doc="the reason is told to everybody"
    )


def disqualified_whole() -> CheckConstraint:
    """Hold a row to be disqualified by somebody for a reason, or not at all."""
    return CheckConstraint(
        "(disqualified_at IS NULL) = (disqualified_by_id IS NULL) "
        "AND (disqualified_at IS NULL) = (disqualified_reason IS NULL) "
        "AND (disqualified_at IS NOT NULL OR NOT disqualified_publicly)",
        name="disqualified_whole",
    )
