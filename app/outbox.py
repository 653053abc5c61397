"""Note that something is to be told, in the transaction in which it happens. Nothing is sent here.

The sweep finds what was noted; whoever wants it told sooner announces it after the commit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app.db import UtcDateTime
from app.models import Notice, NoticeKind, Phase, Submission, new_id


def note(
    session: Session,
    kind: NoticeKind,
    *,
    now: datetime,
    challenge_id: UUID | None = None,
    phase_id: UUID | None = None,
    participation_id: UUID | None = None,
    team_id: UUID | None = None,
    submission_id: UUID | None = None,
    announcement_id: UUID | None = None,
    webhook_id: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
    once: str | None = None,
    expires_at: datetime | None = None,
) -> UUID | None:
    """Note something to tell; return its id, or None if it was noted `once` already."""
    statement = insert(Notice).values(
        id=new_id(),
        kind=kind,
        at=now,
        challenge_id=challenge_id,
        phase_id=phase_id,
        participation_id=participation_id,
        team_id=team_id,
        submission_id=submission_id,
        announcement_id=announcement_id,
        webhook_id=webhook_id,
        facts=dict(facts or {}),
        once=once,
        expires_at=expires_at,
    )
    return session.scalar(
        statement.on_conflict_do_nothing(index_elements=[Notice.once]).returning(Notice.id)
    )


def note_end(session: Session, submission_id: UUID, kind: NoticeKind, *, now: datetime) -> None:
    """Note that a submission was scored, rejected or failed, after it was moved there.

    Why it did not get a score is noted too: a retry takes it from the submission.
    """
    reason = func.jsonb_build_object(
        "code", Submission.failure_code, "detail", Submission.failure_detail, type_=JSONB
    )
    occasion = func.concat("end:", Submission.id, ":", Submission.attempt)
    ended = (
        select(
            literal(new_id()),
            literal(str(kind)),
            literal(now, UtcDateTime()),
            occasion,
            Phase.challenge_id,
            Phase.id,
            Submission.participation_id,
            Submission.id,
            reason,
        )
        .join(Phase, Phase.id == Submission.phase_id)
        .where(Submission.id == submission_id)
    )
    columns = [
        "id", "kind", "at", "once", "challenge_id", "phase_id", "participation_id",
        "submission_id", "facts",
    ]  # fmt: skip
    session.execute(
        insert(Notice).from_select(columns, ended).on_conflict_do_nothing(index_elements=["once"])
    )


def note_change(
    session: Session,
    phase: Phase,
    kind: NoticeKind,
    *,
    reason: str,
    once: str,
    act: str | None = None,
    now: datetime,
) -> None:
    """Note that a phase ranks otherwise, or that its submissions were scored anew.

    `act` names one that changes only what the public sees: its board is shown, hidden, frozen or
    revealed.
    """
    note(
        session,
        kind,
        now=now,
        challenge_id=phase.challenge_id,
        phase_id=phase.id,
        facts={"reason": reason, "act": act},
        once=once,
    )


def note_decision(
    session: Session,
    *,
    challenge_id: UUID,
    participation_id: UUID | None,
    decision: str,
    reason: str | None = None,
    submission: Submission | None = None,
    now: datetime,
) -> None:
    """Note what organizers decided of a team or of a submission, for that team."""
    note(
        session,
        NoticeKind.ORGANIZERS_DECIDED,
        now=now,
        challenge_id=challenge_id,
        phase_id=None if submission is None else submission.phase_id,
        participation_id=participation_id,
        submission_id=None if submission is None else submission.id,
        facts={"decision": decision, "reason": reason},
    )


def note_merge(
    session: Session,
    *,
    told_team_id: UUID,
    team: str,
    joining_team: str,
    decision: str,
    now: datetime,
) -> None:
    """Note for one of two teams that a merge was proposed, accepted, declined or withdrawn."""
    note(
        session,
        NoticeKind.MERGE,
        now=now,
        team_id=told_team_id,
        facts={"decision": decision, "team": team, "joining_team": joining_team},
    )
