"""A set as its viewer may see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Challenge, Phase, Rescoring, RescoringState, User
from app.policy import Sight, Who, sees_inside, sight_of
from app.rescorings.applying import find_outdated
from app.rescorings.items import Progress, expected_end, read_blocked, read_progress
from app.rescorings.preview import preview_moves
from app.rescorings.rules import PhaseChange, SetRules
from app.rescorings.schemas import (
    BlockedView,
    InsideView,
    PhasePreviewView,
    PreviewSummaryView,
    PreviewView,
    ProgressView,
    RescoredPhaseView,
    RescoringChangeView,
    RescoringMoveView,
    RescoringView,
    ShownState,
)
from app.rescorings.words import changes_of

MOST_BLOCKED = 100


def rescoring_view(
    session: Session, rescoring: Rescoring, *, who: Who, now: datetime
) -> RescoringView:
    """Describe a set; to those without a role only what is public of it."""
    rules = SetRules.from_document(rescoring.rules)
    is_open = rescoring.state == RescoringState.OPEN
    looks_inside = sees_inside(who)
    progress = read_progress(session, rescoring, rules) if is_open or looks_inside else None
    phases = _phases(session, rules)
    state = ShownState.PREPARING
    if not is_open:
        state = ShownState(rescoring.state)
    elif progress is not None and progress.is_ready:
        state = ShownState.READY
    return RescoringView(
        id=rescoring.id,
        state=state,
        reason=rescoring.reason,
        created_at=rescoring.created_at,
        decided_at=rescoring.decided_at,
        phases=[
            _phase_view(rescoring, phase, change, sight_of(who, phase, now))
            for phase, change in _in_order(rules, phases)
        ],
        inside=(
            _inside(session, rescoring, rules, progress, now)
            if looks_inside and progress is not None
            else None
        ),
    )


def preview_view(session: Session, rescoring: Rescoring, *, now: datetime) -> PreviewView:
    """Say what applying an open set would do, or what one that is applied did."""
    rules = SetRules.from_document(rescoring.rules)
    phases = _phases(session, rules)
    if rescoring.record is not None:
        moves: Mapping[UUID, Sequence[Any]] = {
            UUID(key): one for key, one in rescoring.record["moves"].items()
        }
        is_complete = True
    else:
        found = preview_moves(session, rescoring, rules, now=now)
        moves = {one.phase_id: one.to_document() for one in found}
        is_complete = read_progress(session, rescoring, rules).is_ready
    return PreviewView(
        is_complete=is_complete,
        phases=[
            PhasePreviewView(
                phase_id=phase.id,
                slug=phase.slug,
                title=phase.title,
                summary=_summary(shown := [RescoringMoveView(**one) for one in moves[phase.id]]),
                moves=shown,
            )
            for phase, _ in _in_order(rules, phases)
        ],
    )


def _phase_view(
    rescoring: Rescoring, phase: Phase, change: PhaseChange, sight: Sight
) -> RescoredPhaseView:
    said = changes_of(change, masked=not sight.sees_real_names)
    return RescoredPhaseView(
        phase_id=phase.id,
        slug=phase.slug,
        title=phase.title,
        changes=[RescoringChangeView.model_validate(one) for one in said],
        moves=_moves(rescoring, phase, sight),
    )


def _moves(rescoring: Rescoring, phase: Phase, sight: Sight) -> list[RescoringMoveView] | None:
    if rescoring.record is None or rescoring.decided_at is None:
        return None
    if not sight.sees_board_of(rescoring.decided_at):
        return None
    return [RescoringMoveView(**one) for one in rescoring.record["moves"][str(phase.id)]]


def _inside(
    session: Session, rescoring: Rescoring, rules: SetRules, progress: Progress, now: datetime
) -> InsideView:
    is_open = rescoring.state == RescoringState.OPEN
    challenge = session.get_one(Challenge, rescoring.challenge_id)
    ends_at = expected_end(session, rescoring, progress, now=now) if is_open else None
    blocked = read_blocked(session, rescoring, rules) if is_open else []
    decided_by = rescoring.decided_by_id
    return InsideView(
        by=session.get_one(User, rescoring.by_id).name,
        decided_by=None if decided_by is None else session.get_one(User, decided_by).name,
        progress=ProgressView(**vars(progress), ends_at=ends_at),
        blocked=[BlockedView.model_validate(one) for one in blocked[:MOST_BLOCKED]],
        outdated=find_outdated(session, challenge, rules) if is_open else [],
    )


def _summary(moves: Sequence[RescoringMoveView]) -> PreviewSummaryView:
    pool = [one for one in moves if not one.is_baseline]
    ranked = [(one.before, one.after) for one in pool]
    return PreviewSummaryView(
        entries=len(pool),
        moved=sum(before != after for before, after in ranked),
        largest_move=max(
            (abs(b - a) for b, a in ranked if b is not None and a is not None), default=0
        ),
        rescored=sum(one.score_before != one.score_after for one in moves),
        first_before=[one.team or "" for one in pool if one.before == 1],
        first_after=[one.team or "" for one in pool if one.after == 1],
    )


def _phases(session: Session, rules: SetRules) -> dict[UUID, Phase]:
    rows = session.scalars(
        select(Phase).where(Phase.id.in_(rules.phase_ids)).order_by(Phase.position)
    )
    return {phase.id: phase for phase in rows}


def _in_order(rules: SetRules, phases: Mapping[UUID, Phase]) -> list[tuple[Phase, PhaseChange]]:
    """Return the phases that are there with their changes, in the challenge's order."""
    changes = {change.phase_id: change for change in rules.phases}
    return [(phase, changes[phase_id]) for phase_id, phase in phases.items()]
