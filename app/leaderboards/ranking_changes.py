"""Change how a phase ranks, in public: first who would move, then the change and its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import Forbidden, InvalidInput, Place, RankingPolicyMoved
from app.leaderboards.board import Board, build_board
from app.leaderboards.moves import document_of, moves_between
from app.leaderboards.ranking import read_contenders
from app.models import Challenge, NoticeKind, Phase, RankingChange, User, new_id
from app.outbox import note_change
from app.phases.ranking_policy import RankingPolicy
from app.phases.service import get_phase, tasks_of
from app.policy import Viewer, look, organizes_challenge
from app.queue import request_ranking


@dataclass(frozen=True)
class Proposal:
    """A change, and each entry's rank before and after it."""

    before: RankingPolicy
    after: RankingPolicy
    moves: tuple[dict[str, Any], ...]

    @property
    def token(self) -> str:
        """Name the change from the one policy to the other: who applies it has seen just this."""
        return token_of(self.before, self.after)


def token_of(before: RankingPolicy, after: RankingPolicy) -> str:
    """Name a change of policy."""
    return sha256(f"{before.digest} {after.digest}".encode()).hexdigest()


@dataclass(frozen=True)
class Recorded:
    """A change that was made, as far as its viewer may know; `by` and `moves` may be kept back."""

    id: UUID
    at: datetime
    by: str | None
    reason: str
    before: RankingPolicy
    after: RankingPolicy
    moves: Sequence[Mapping[str, Any]] | None


def preview_change(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> Proposal:
    """Tell who would move; nothing is written, nobody waits.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    Forbidden
        If the viewer does not organize the challenge.
    InvalidInput
        If the policy would not change, or would make no sense.
    """
    # One look for all queries: both boards are of the same scores.
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    phase = _organized(session, viewer, phase_id)
    return _propose(session, phase, changes, now=now)


def apply_change(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    changes: Mapping[str, Any],
    *,
    reason: str,
    expected: str,
    now: datetime,
) -> tuple[Proposal, UUID]:
    """Change the policy, record it, and ask for a ranking; return also the record's id.

    `expected` is the token of the proposal that the caller looked at.

    Raises
    ------
    NotFound, Forbidden, InvalidInput
        As `preview_change`.
    RankingPolicyMoved
        If the policy is another one by now, or another change was looked at.
    """
    phase = _organized(session, viewer, phase_id)
    # No key changes, so a snapshot that is being written need not wait, nor we for it in a ring.
    session.refresh(phase, with_for_update={"key_share": True})
    before = RankingPolicy.of(phase)
    if token_of(before, before.changed(changes)) != expected:
        raise RankingPolicyMoved(
            f"This is not the change of {phase.title} that was looked at, or its policy has "
            "changed since; look at who would move again."
        )
    # This holds the board's row: no score comes in and no ranking is stored until the commit.
    request_ranking(session, phase.id)
    proposal = _propose(session, phase, changes, now=now)
    proposal.after.write_to(phase)
    change = RankingChange(
        id=new_id(),
        phase_id=phase.id,
        at=now,
        by_id=viewer.me,
        reason=reason,
        before=proposal.before.to_document(),
        after=proposal.after.to_document(),
        moves=list(proposal.moves),
    )
    session.add(change)
    record(
        session,
        viewer,
        "phase.ranking-changed",
        challenge_id=phase.challenge_id,
        subject=phase,
        before=change.before,
        after=change.after,
        reason=reason,
        now=now,
    )
    occasion = f"ranking-change:{change.id}"
    note_change(
        session,
        phase,
        NoticeKind.RANKING_CHANGED,
        reason=reason,
        once=occasion,
        act=_act(proposal.before, proposal.after),
        now=now,
    )
    return proposal, change.id


def list_changes(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> list[Recorded]:
    """Return the changes of a phase, newest first, and one more than `limit` if any.

    Who made one is told to the challenge's roles only; who moved is not told to others while the
    board is hidden, or frozen and shows the ranks of before. That it is hidden, and why, all may
    know.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    """
    phase, _ = get_phase(session, viewer, phase_id)
    sight = look(session, viewer, phase, now=now)
    statement = (
        select(RankingChange, User.name)
        .join(User, User.id == RankingChange.by_id)
        .where(RankingChange.phase_id == phase.id)
    )
    if after is not None:
        statement = statement.where(RankingChange.id < after)
    rows = session.execute(statement.order_by(RankingChange.id.desc()).limit(limit + 1))
    return [
        Recorded(
            id=row.id,
            at=row.at,
            by=name if sight.sees_deciders else None,
            reason=row.reason,
            before=RankingPolicy.from_document(row.before),
            after=RankingPolicy.from_document(row.after),
            moves=row.moves if sight.sees_board_of(row.at) else None,
        )
        for row, name in rows
    ]


def _organized(session: Session, viewer: Viewer, phase_id: UUID) -> Phase:
    phase, challenge = get_phase(session, viewer, phase_id)
    may = select(exists().where(Challenge.id == challenge.id, organizes_challenge(viewer)))
    if not session.scalar(may):
        raise Forbidden("Only organizers of the challenge change how it ranks.")
    return phase


def _act(before: RankingPolicy, after: RankingPolicy) -> str | None:
    """Name a change that is one of what the public sees of the board, and of nothing else."""
    if not set(before.differences(after)) <= {"board_visible", "board_frozen_at"}:
        return None
    if before.board_visible != after.board_visible:
        return "shown" if after.board_visible else "hidden"
    was, becomes = before.board_frozen_at, after.board_frozen_at
    return "revealed" if becomes is None or (was is not None and was < becomes) else "frozen"


def _propose(
    session: Session, phase: Phase, changes: Mapping[str, Any], *, now: datetime
) -> Proposal:
    before = RankingPolicy.of(phase)
    after = before.changed(changes)
    _require_sense(session, phase, before, after)
    boards = [_board(session, phase.id, policy, now=now) for policy in (before, after)]
    return Proposal(before, after, tuple(_moves(*boards)))


def _require_sense(
    session: Session, phase: Phase, before: RankingPolicy, after: RankingPolicy
) -> None:
    if before == after:
        place = Place("nothing_changes", "the phase ranks like this already", pointer="/body")
        raise InvalidInput("Nothing would change.", [place])
    faults = list(after.contradictions(opens_at=phase.opens_at))
    single = [task.slug for task in tasks_of(session, phase.id) if task.splits.spec.n_splits < 2]
    faults += [fault for slug in single[:1] for fault in after.asks_for_spread(slug)]
    if faults:
        places = [Place(one.code, one.detail, pointer=f"/body/{one.field}") for one in faults]
        raise InvalidInput("The policy contradicts itself or the phase.", places)


def _board(session: Session, phase_id: UUID, policy: RankingPolicy, *, now: datetime) -> Board:
    found = read_contenders(session, phase_id, now=now, policy=policy)
    return build_board(found.rules, found.pool, found.baselines, ranks_only=True)


def _moves(before: Board, after: Board) -> list[dict[str, Any]]:
    """Write each entry's ranks side by side; a change of policy brings and takes no entry."""
    return [document_of(move) for move in moves_between(before, after)]
