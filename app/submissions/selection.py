"""Which submission of a team counts, and the reason that its members are told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.models import SelectBy, Selection, Status
from probeboard.ranking import RankingMethod

# A selection of any other is moot, and takes no place.
CAN_COME_TO_COUNT = frozenset({Status.QUEUED, Status.RUNNING, Status.SCORED})


class Standing(StrEnum):
    """Whether a submission counts, and why or why not."""

    COUNTS = "counts"
    BASELINE = "baseline"
    NOT_SCORED_YET = "not-scored-yet"
    NOT_SCORED = "not-scored"
    NOT_PUBLIC = "not-public"
    ANOTHER_IS_BETTER = "another-is-better"
    ANOTHER_IS_LATER = "another-is-later"
    NOT_SELECTED = "not-selected"
    DISQUALIFIED = "disqualified"


@dataclass(frozen=True)
class Candidate:
    """What selection looks at. The score is that of `best_score`; None before scoring."""

    submission_id: UUID
    participation_id: UUID | None
    status: Status
    public: bool
    received_at: datetime
    queue_number: int
    score: float | None
    selected_at: datetime | None = None
    disqualified: bool = False


def best_score(method: RankingMethod, by: SelectBy | None = None) -> SelectBy:
    """Return the score that “best” means: as the phase says, or what the method builds on."""
    if by is not None:
        return by
    return SelectBy.MEAN_Q if method.ranks_q else SelectBy.MEAN_SCORE


def counting(
    candidates: Sequence[Candidate], rule: Selection, *, limit: int | None = None
) -> dict[UUID, UUID]:
    """Return, for each participation, the submission that counts.

    `best` takes the highest score, and among equals the earliest; `last` takes the latest handed
    in; `selected` takes the best of those that the team chose, the last `limit` of them, and of all
    where it chose none that can count. Only public, scored submissions can count; a baseline or one
    that is disqualified, itself or with its team, never does.
    """
    chosen: dict[UUID, Candidate] = {}
    for team, group in _choices(candidates, rule, limit).items():
        ordered = sorted(group, key=lambda one: (one.received_at, one.queue_number))
        # Of equals `max` takes the first.
        chosen[team] = ordered[-1] if rule is Selection.LAST else max(ordered, key=_score)
    return {team: candidate.submission_id for team, candidate in chosen.items()}


def standings(
    candidates: Sequence[Candidate], rule: Selection, *, limit: int | None = None
) -> dict[UUID, Standing]:
    """Return each submission's standing."""
    chosen = set(counting(candidates, rule, limit=limit).values())
    among = {
        one.submission_id for group in _choices(candidates, rule, limit).values() for one in group
    }
    passed_over = {one.submission_id for one in candidates if _eligible(one)} - among
    return {one.submission_id: _standing(one, rule, chosen, passed_over) for one in candidates}


def _choices(
    candidates: Sequence[Candidate], rule: Selection, limit: int | None
) -> dict[UUID, list[Candidate]]:
    """Return, for each participation, the submissions among which the rule chooses."""
    by_team: defaultdict[UUID, list[Candidate]] = defaultdict(list)
    for one in candidates:
        if one.participation_id is not None:
            by_team[one.participation_id].append(one)
    able = {team: [one for one in group if _eligible(one)] for team, group in by_team.items()}
    if rule is Selection.SELECTED:
        able |= {team: _selected(by_team[team], limit) or group for team, group in able.items()}
    return {team: group for team, group in able.items() if group}


def _selected(candidates: Sequence[Candidate], limit: int | None) -> list[Candidate]:
    """Return those that can count of the last ones chosen: a limit may have been lowered."""
    chosen = sorted(
        (one.selected_at, one.queue_number, one)
        for one in candidates
        if one.selected_at is not None and one.status in CAN_COME_TO_COUNT and not one.disqualified
    )
    newest = chosen if limit is None else chosen[-limit:]
    return [one for _, _, one in newest if _eligible(one)]


def _standing(
    candidate: Candidate, rule: Selection, chosen: set[UUID], passed_over: set[UUID]
) -> Standing:
    if candidate.disqualified:
        return Standing.DISQUALIFIED
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
    if candidate.submission_id in passed_over:
        return Standing.NOT_SELECTED
    return Standing.ANOTHER_IS_LATER if rule is Selection.LAST else Standing.ANOTHER_IS_BETTER


def _eligible(candidate: Candidate) -> bool:
    if candidate.disqualified or not candidate.public:
        return False
    return candidate.status is Status.SCORED and candidate.score is not None


def _score(candidate: Candidate) -> float:
    return candidate.score if candidate.score is not None else float("-inf")
