"""Which submission of a team counts, and the reason that its members are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.models import Selection, Status
from probeboard.ranking import RankingMethod


class Standing(StrEnum):
    """Whether a submission counts, and why or why not."""

    COUNTS = "counts"
    BASELINE = "baseline"
    NOT_SCORED_YET = "not-scored-yet"
    NOT_SCORED = "not-scored"
    NOT_PUBLIC = "not-public"
    ANOTHER_IS_BETTER = "another-is-better"
    ANOTHER_IS_LATER = "another-is-later"


@dataclass(frozen=True)
class Candidate:
    """What selection looks at. The score is that of `selection_score`; None before scoring."""

    submission_id: UUID
    participation_id: UUID | None
    status: Status
    public: bool
    received_at: datetime
    queue_number: int
    score: float | None


def selection_score(method: RankingMethod) -> str:
    """Name the score that “best” means: the one the board's own method builds on."""
    return "mean Q" if method.ranks_q else "mean score"


def counting(candidates: Sequence[Candidate], rule: Selection) -> dict[UUID, UUID]:
    """Return, for each participation, the submission that counts.

    `best` takes the highest score, and among equals the earliest; `last` takes the latest handed
    in. Only public, scored submissions can count; a baseline never does.
    """
    chosen: dict[UUID, Candidate] = {}
    for candidate in sorted(candidates, key=lambda one: (one.received_at, one.queue_number)):
        if not _eligible(candidate) or candidate.participation_id is None:
            continue
        present = chosen.get(candidate.participation_id)
        if present is None or rule is Selection.LAST or _score(candidate) > _score(present):
            chosen[candidate.participation_id] = candidate
    return {team: candidate.submission_id for team, candidate in chosen.items()}


def standings(candidates: Sequence[Candidate], rule: Selection) -> dict[UUID, Standing]:
    """Return each submission's standing."""
    chosen = set(counting(candidates, rule).values())
    return {one.submission_id: _standing(one, rule, chosen) for one in candidates}


def _standing(candidate: Candidate, rule: Selection, chosen: set[UUID]) -> Standing:
    if candidate.participation_id is None:
        return Standing.BASELINE
    if candidate.submission_id in chosen:
        return Standing.COUNTS
    if candidate.status in (Status.QUEUED, Status.RUNNING):
        return Standing.NOT_SCORED_YET
    if candidate.status is not Status.SCORED:
        return Standing.NOT_SCORED
    if not candidate.public:
        return Standing.NOT_PUBLIC
    return Standing.ANOTHER_IS_LATER if rule is Selection.LAST else Standing.ANOTHER_IS_BETTER


def _eligible(candidate: Candidate) -> bool:
    return candidate.status is Status.SCORED and candidate.public and candidate.score is not None


def _score(candidate: Candidate) -> float:
    return candidate.score if candidate.score is not None else float("-inf")
