"""`/submissions/{id}/placement`: where it stands, or would stand if it counted."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from app.clock import utc_now
from app.errors import NotFound, NotOnBoard
from app.http.dependencies import DbSession, ReadViewer
from app.http.paths import SubmissionId
from app.http.problems import declare
from app.http.schemas import View
from app.leaderboards import service
from app.leaderboards.answering import permalink
from app.leaderboards.placement import Placement, place_submission
from app.submissions.service import get_submission

router = APIRouter(tags=["submissions"])


class PlacementView(View):
    """The place of a submission on its phase's board."""

    submission_id: UUID = Field(description="The submission.")
    snapshot: int = Field(description="The board it is placed on.")
    permalink: str = Field(description="Where that board is.")
    counts: bool = Field(description="Whether it is an entry of that board.")
    rank: int = Field(
        description="Its rank by the official method; if it does not count, the one it would have "
        "in place of its team's entry. It moves nobody."
    )
    n_others: int = Field(description="Entries of other teams that it is placed among.")
    ranks: dict[str, Annotated[int, Field(ge=1)]] = Field(
        description="Its rank by each method that the pool was ranked by, the official one first."
    )

    @classmethod
    def of(cls, submission_id: UUID, placement: Placement) -> Self:
        """Describe a placement."""
        return cls(
            submission_id=submission_id,
            snapshot=placement.number,
            permalink=permalink(placement.number, placement.sha256),
            counts=placement.counts,
            rank=next(iter(placement.ranks.values())),
            n_others=placement.n_others,
            ranks={str(method): rank for method, rank in placement.ranks.items()},
        )


@router.get("/submissions/{submission_id}/placement", responses=declare(NotFound, NotOnBoard))
def read_placement(
    submission_id: SubmissionId, session: DbSession, viewer: ReadViewer
) -> PlacementView:
    """See where a scored submission stands, or would stand if it counted.

    For its team, of hidden ones and of those that another is better than; for who runs the
    challenge, of disqualified ones, too. As of the board that you may see: a frozen one as it was.
    """
    submission = get_submission(session, viewer, submission_id).submission
    shown = service.find_board(session, viewer, submission.phase_id, now=utc_now())
    return PlacementView.of(submission_id, place_submission(session, shown, submission))
