"""Re-scorings: make a set, find it, cancel it, try again what failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.blobs import BlobStore
from app.challenges.apply import lock_challenge
from app.challenges.apply_phase import Target
from app.challenges.bundle import Bundle
from app.challenges.service import get_challenge, get_organized, require_same_slug
from app.errors import Forbidden, InvalidInput, NotFound, Place, RescoringDecided, RescoringOpen
from app.models import Challenge, Phase, Rescoring, RescoringState, new_id
from app.policy import Viewer, Who, sees_inside, sees_rescoring, who_is
from app.rescorings.from_bundle import rules_of_bundle
from app.rescorings.items import add_missing_items, retry_failed
from app.rescorings.rules import SetRules

REASON_LIMIT = 2000


def create_rescoring(
    session: Session,
    viewer: Viewer,
    slug: str,
    bundle: Bundle,
    *,
    reason: str,
    attempts: int,
    blobs: BlobStore,
    now: datetime,
) -> Rescoring:
    """Make a set of what a bundle changes, with an item for each submission that has scores.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    InvalidInput
        If there is no reason.
    InvalidBundle
        If the bundle has another slug.
    RescoringOpen
        If the challenge has an open set.
    NothingToRescore, RescoringCannotChange
        As `rules_of_bundle`.
    """
    challenge = get_organized(session, viewer, slug)
    _require_reason(reason)
    require_same_slug(challenge, bundle)
    lock_challenge(session, challenge)
    other = open_rescoring(session, challenge.id)
    if other is not None:
        raise RescoringOpen(f"The re-scoring {other.id} is open: apply or cancel it first.")
    rules = rules_of_bundle(Target(session, blobs, challenge, now), bundle)
    rescoring = Rescoring(
        id=new_id(),
        challenge_id=challenge.id,
        state=RescoringState.OPEN,
        reason=reason,
        by_id=viewer.me,
        created_at=now,
        rules=rules.to_document(),
    )
    session.add(rescoring)
    session.flush()
    n_items = add_missing_items(session, rescoring, rules, attempts=attempts, now=now)
    record(
        session,
        viewer,
        "rescoring.created",
        challenge_id=challenge.id,
        subject=rescoring,
        after={"phases": phase_slugs(session, rules), "submissions": n_items},
        reason=reason,
        now=now,
    )
    return rescoring


def cancel_rescoring(
    session: Session, viewer: Viewer, slug: str, rescoring_id: UUID, *, now: datetime
) -> Rescoring:
    """Give a set up: no score changes, and what was evaluated stays; again changes nothing.

    Raises
    ------
    NotFound, Forbidden
        As `lock_organized`.
    RescoringDecided
        If it was applied.
    """
    rescoring = lock_organized(session, viewer, slug, rescoring_id)
    if rescoring.state == RescoringState.APPLIED:
        raise RescoringDecided("The re-scoring was applied already.")
    if rescoring.state == RescoringState.OPEN:
        decide(rescoring, RescoringState.CANCELLED, viewer, now=now)
        record_decision(session, viewer, rescoring, "rescoring.cancelled", now=now)
    return rescoring


def retry_items(
    session: Session, viewer: Viewer, slug: str, rescoring_id: UUID, *, more: int, now: datetime
) -> Rescoring:
    """Queue again what failed, with `more` attempts each.

    Raises
    ------
    NotFound, Forbidden
        As `lock_organized`.
    RescoringDecided
        If the set is not open.
    """
    rescoring = lock_organized(session, viewer, slug, rescoring_id)
    require_open(rescoring)
    queued = retry_failed(session, rescoring, more=more)
    record(
        session,
        viewer,
        "rescoring.retried",
        challenge_id=rescoring.challenge_id,
        subject=rescoring,
        after={"submissions": len(queued)},
        now=now,
    )
    return rescoring


def list_rescorings(
    session: Session, viewer: Viewer, slug: str, *, after: UUID | None, limit: int
) -> tuple[Sequence[Rescoring], Who]:
    """Return a challenge's sets, newest first, one more than `limit` if any; and to whom.

    Those with a role in the challenge see all; others see what was applied.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    """
    challenge = get_challenge(session, viewer, slug)
    who = who_is(session, viewer, challenge.id)
    statement = select(Rescoring).where(Rescoring.challenge_id == challenge.id, sees_rescoring(who))
    if after is not None:
        statement = statement.where(Rescoring.id < after)
    rows = session.scalars(statement.order_by(Rescoring.id.desc()).limit(limit + 1)).all()
    return rows, who


def get_rescoring(
    session: Session, viewer: Viewer, slug: str, rescoring_id: UUID
) -> tuple[Rescoring, Who]:
    """Return a set the viewer may see, and who that is.

    Raises
    ------
    NotFound
        If there is none; to those without a role, only what was applied is there.
    """
    challenge = get_challenge(session, viewer, slug)
    who = who_is(session, viewer, challenge.id)
    return _find(session, challenge, rescoring_id, sees_rescoring(who)), who


def get_inside(session: Session, viewer: Viewer, slug: str, rescoring_id: UUID) -> Rescoring:
    """Return a set whose preview and items the viewer may see.

    Raises
    ------
    NotFound
        As `get_rescoring`.
    Forbidden
        If the viewer has no role in the challenge.
    """
    rescoring, who = get_rescoring(session, viewer, slug, rescoring_id)
    if not sees_inside(who):
        raise Forbidden("Only those who run or read the challenge look into a re-scoring.")
    return rescoring


def lock_organized(session: Session, viewer: Viewer, slug: str, rescoring_id: UUID) -> Rescoring:
    """Return a set of a challenge the viewer organizes, locked: nothing of it is finished now.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`; also if there is no such set.
    """
    challenge = get_organized(session, viewer, slug)
    rescoring = _find(session, challenge, rescoring_id)
    # No key changes: the sweep may go on adding items, which point at it.
    session.refresh(rescoring, with_for_update={"key_share": True})
    return rescoring


def require_open(rescoring: Rescoring) -> None:
    """Refuse a set that was decided upon.

    Raises
    ------
    RescoringDecided
        If it is not open.
    """
    if rescoring.state != RescoringState.OPEN:
        raise RescoringDecided(f"The re-scoring was {rescoring.state} already.")


def require_not_cancelled(rescoring: Rescoring) -> None:
    """Refuse a set that came to nothing.

    Raises
    ------
    RescoringDecided
        If it was cancelled.
    """
    if rescoring.state == RescoringState.CANCELLED:
        raise RescoringDecided("The re-scoring was cancelled.")


def open_rescoring(session: Session, challenge_id: UUID) -> Rescoring | None:
    """Return the set of a challenge that is open, if one is."""
    return session.scalars(
        select(Rescoring).where(
            Rescoring.challenge_id == challenge_id, Rescoring.state == RescoringState.OPEN
        )
    ).one_or_none()


def decide(rescoring: Rescoring, state: RescoringState, viewer: Viewer, *, now: datetime) -> None:
    """Note the decision upon a set."""
    rescoring.state = state
    rescoring.decided_at = now
    rescoring.decided_by_id = viewer.me


def record_decision(
    session: Session, viewer: Viewer, rescoring: Rescoring, action: str, *, now: datetime
) -> None:
    """Note it in the audit log too."""
    facts: Mapping[str, Any] = {
        "state": rescoring.state,
        "phases": phase_slugs(session, SetRules.from_document(rescoring.rules)),
    }
    record(
        session,
        viewer,
        action,
        challenge_id=rescoring.challenge_id,
        subject=rescoring,
        before={"state": RescoringState.OPEN},
        after=facts,
        reason=rescoring.reason,
        now=now,
    )


def phase_slugs(session: Session, rules: SetRules) -> list[str]:
    """Return the slugs of a set's phases that are there, in their order."""
    return list(
        session.scalars(
            select(Phase.slug).where(Phase.id.in_(rules.phase_ids)).order_by(Phase.position)
        )
    )


def _find(
    session: Session, challenge: Challenge, rescoring_id: UUID, *seen: ColumnElement[bool]
) -> Rescoring:
    rescoring = session.scalars(
        select(Rescoring).where(
            Rescoring.id == rescoring_id, Rescoring.challenge_id == challenge.id, *seen
        )
    ).one_or_none()
    if rescoring is None:
        raise NotFound("re-scoring")
    return rescoring


def _require_reason(reason: str) -> None:
    if not reason or len(reason) > REASON_LIMIT or "\x00" in reason:
        detail = f"a text of 1 to {REASON_LIMIT} characters, for everybody to read"
        place = Place("reason", detail, pointer="/body/reason")
        raise InvalidInput("A re-scoring needs a reason.", [place])
