"""Which changes of a challenge may not be made by its bundle, and what to do instead."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, exists, func, select
from sqlalchemy.orm import Session

from app.challenges.changes import Change, Kind
from app.challenges.outline import Outline
from app.errors import (
    ChangeNeedsRescoring,
    Conflict,
    ExtensionPromised,
    PolicyChangeNeedsRecord,
    PrivateScoresRevealed,
)
from app.models import (
    Challenge,
    Participation,
    Phase,
    PhaseExtension,
    RankingChange,
    Status,
    Submission,
)
from app.policy import is_revealed

READING = ("embedding_dim", "zero_pad", "strip_suffixes")
TASK_SCORING = ("type", "probe", "signs")
# Of a phase. Its tasks decide scores too, all but the name they are shown under.
SCORING = ("samples", "scorer", "scorer_version", "scaling", "budget_bytes")
POLICY = ("ranking", "selection")
POLICY_OF_BOARD = ("decimals", "frozen_at", "visible")
REVEAL = (("closes_at",), ("private", "revealed_at"))


@dataclass(frozen=True)
class Refusal:
    """Changes that may not be made, and the error that says so; `phase` is a slug."""

    error: type[Conflict]
    phase: str | None
    paths: tuple[str, ...]
    detail: str


@dataclass(frozen=True)
class Facts:
    """What stands against changes; phases by slug."""

    phase_ids: Mapping[str, UUID]
    submitted: frozenset[str]
    scored: frozenset[str]
    ranked_anew: frozenset[str]
    extended: frozenset[str]
    promised: Mapping[str, datetime]
    revealed: frozenset[str]
    has_teams: bool


def read_facts(session: Session, challenge: Challenge) -> Facts:
    """Look at what rests on a challenge as it is."""
    in_phase = Submission.phase_id == Phase.id
    rows = session.execute(
        select(
            Phase.slug,
            Phase.id,
            exists().where(in_phase),
            exists().where(in_phase, Submission.status == Status.SCORED),
            exists().where(RankingChange.phase_id == Phase.id),
            is_revealed(func.now()),
            exists().where(PhaseExtension.phase_id == Phase.id),
            _promised_close(),
        ).where(Phase.challenge_id == challenge.id)
    ).all()
    has_teams = select(exists().where(Participation.challenge_id == challenge.id))
    return Facts(
        phase_ids={row[0]: row[1] for row in rows},
        submitted=frozenset(row[0] for row in rows if row[2]),
        scored=frozenset(row[0] for row in rows if row[3]),
        ranked_anew=frozenset(row[0] for row in rows if row[4]),
        extended=frozenset(row[0] for row in rows if row[6]),
        promised={row[0]: row[7] for row in rows if row[7] is not None},
        revealed=frozenset(row[0] for row in rows if row[2] and row[5]),
        has_teams=bool(session.scalar(has_teams)),
    )


def _promised_close() -> ScalarSelect[datetime | None]:
    """Return the latest close that a phase was extended to for all."""
    return (
        select(func.max(PhaseExtension.closes_at))
        .where(PhaseExtension.phase_id == Phase.id, PhaseExtension.participation_id.is_(None))
        .scalar_subquery()
    )


def find_refusals(changes: Sequence[Change], before: Outline, facts: Facts) -> tuple[Refusal, ...]:
    """Return what of the changes is refused: first of the whole challenge, then phase by phase."""
    return (
        *_of_challenge(changes, facts),
        *_of_tasks(changes, before, facts),
        *_of_phases(changes, facts),
    )


def _of_challenge(changes: Sequence[Change], facts: Facts) -> Iterator[Refusal]:
    reading = [change for change in changes if change.path[0] in READING]
    if reading and facts.submitted:
        detail = "There are submissions: embedding_dim, zero_pad and strip_suffixes stay."
        yield _needs_rescoring(None, reading, detail)
    terms = [change for change in changes if change.path == ("pages", "terms")]
    same_version = all(change.path != ("terms_version",) for change in changes)
    if terms and same_version and facts.has_teams:
        detail = "Teams have accepted the terms: give new terms a new version."
        yield _needs_rescoring(None, terms, detail)


def _of_tasks(changes: Sequence[Change], before: Outline, facts: Facts) -> Iterator[Refusal]:
    used = {task for phase in facts.submitted for task in before["phases"][phase]["tasks"]}
    for task in sorted(used):
        mine = [
            change
            for change in changes
            if change.path[:2] == ("tasks", task)
            and (change.kind is Kind.REMOVED or change.path[2] in TASK_SCORING)
        ]
        if mine:
            detail = f"Task {task} has scores: it stays, with its type, probe and signs."
            yield _needs_rescoring(None, mine, detail)


def _of_phases(changes: Sequence[Change], facts: Facts) -> Iterator[Refusal]:
    for slug, phase_id in facts.phase_ids.items():
        mine = [change for change in changes if change.path[:2] == ("phases", slug)]
        gone = [change for change in mine if len(change.path) == 2]
        kept = [change for change in mine if len(change.path) > 2]
        scoring = [change for change in kept if _scores(change.path[2:])]
        policy = [change for change in kept if _ranks(change.path[2:])]
        if gone and slug in facts.submitted:
            detail = f"Phase {slug} has submissions and cannot be removed."
            yield _needs_rescoring(slug, gone, detail)
        elif gone and slug in facts.ranked_anew:
            detail = f"Phase {slug} has recorded changes of its ranking and cannot be removed."
            yield _needs_rescoring(slug, gone, detail)
        elif gone and slug in facts.extended:
            detail = f"Phase {slug} has recorded extensions or exceptions and cannot be removed."
            yield _needs_rescoring(slug, gone, detail)
        yield from _of_close(slug, kept, facts)
        if scoring and slug in facts.submitted:
            detail = (
                f"Phase {slug} has submissions: its samples, tasks, labels, weights, splits, "
                "scorer, scaling, budget and private samples stay as they are."
            )
            yield _needs_rescoring(slug, scoring, detail)
        reveal = [change for change in kept if change.path[2:] in REVEAL]
        if reveal and slug in facts.revealed:
            detail = (
                f"The private scores of phase {slug} have been revealed: nobody may hand in after "
                "that, and nothing hides them again."
            )
            paths = tuple(change.dotted for change in reveal)
            yield Refusal(PrivateScoresRevealed, slug, paths, detail)
        if policy and slug in facts.scored:
            paths = tuple(change.dotted for change in policy)
            keys = ", ".join(".".join(change.path[2:]) for change in policy)
            detail = (
                f"Phase {slug} has scored submissions, and the bundle states another {keys}. "
                f"Change this with a reason by POST /api/v1/phases/{phase_id}/ranking-changes, "
                "then state it in the bundle."
            )
            yield Refusal(PolicyChangeNeedsRecord, slug, paths, detail)


def _of_close(slug: str, kept: Sequence[Change], facts: Facts) -> Iterator[Refusal]:
    promised = facts.promised.get(slug)
    closes = [change for change in kept if change.path[2:] == ("closes_at",)]
    if promised is not None and any(
        datetime.fromisoformat(change.after) < promised for change in closes
    ):
        detail = (
            f"Phase {slug} was extended to {promised.isoformat().replace('+00:00', 'Z')}, and the "
            "bundle closes it earlier. State that close, or a later one."
        )
        paths = tuple(change.dotted for change in closes)
        yield Refusal(ExtensionPromised, slug, paths, detail)


def _scores(path: tuple[str, ...]) -> bool:
    of_task = path[0] == "tasks" and path[2:] != ("public_name",)
    of_parts = path[0] == "private" and path not in REVEAL
    return of_task or of_parts or path[0] in SCORING


def _ranks(path: tuple[str, ...]) -> bool:
    return path[0] in POLICY or (path[0] == "board" and path[1] in POLICY_OF_BOARD)


def _needs_rescoring(phase: str | None, changes: Iterable[Change], detail: str) -> Refusal:
    return Refusal(ChangeNeedsRescoring, phase, tuple(change.dotted for change in changes), detail)
