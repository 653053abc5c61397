"""Note a change in the audit log, in the transaction that makes it: both happen, or neither.

What goes in is read by organizers: no password, token, digest or code, of an address no more than
the host, and nobody's e-mail.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.audit.words import Facts, differences, kind_of, name_of, plain
from app.models import ActorKind, AuditEntry, Base
from app.policy import ANYBODY, Viewer


def record(
    session: Session,
    viewer: Viewer,
    action: str,
    *,
    challenge_id: UUID | None,
    subject: Base,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Note what the viewer changes; of two sides, what is the same on both is left out.

    Where they are the same altogether nothing changes, and nothing is noted.

    `action` is “noun.verb”, such as `phase.extended`; `subject` is the row that is changed. Without
    a `challenge_id` the entry is the operator's alone.
    """
    _write(
        session,
        viewer=viewer,
        kind=ActorKind.OPERATOR if viewer.is_operator else ActorKind.PERSON,
        action=action,
        challenge_id=challenge_id,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )


def record_system(
    session: Session,
    action: str,
    *,
    challenge_id: UUID | None,
    subject: Base,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Note what a rule of the server, and no person, changes of what people see."""
    _write(
        session,
        viewer=ANYBODY,
        kind=ActorKind.SYSTEM,
        action=action,
        challenge_id=challenge_id,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )


def record_operator(
    session: Session,
    action: str,
    *,
    subject: Base,
    before: Facts | None = None,
    after: Facts | None = None,
    now: datetime,
) -> None:
    """Note what the operator changes from the server's own shell, where nobody is logged in."""
    _write(
        session,
        viewer=ANYBODY,
        kind=ActorKind.OPERATOR,
        action=action,
        challenge_id=None,
        subject=subject,
        before=before,
        after=after,
        reason=None,
        now=now,
    )


def _write(
    session: Session,
    *,
    viewer: Viewer,
    kind: ActorKind,
    action: str,
    challenge_id: UUID | None,
    subject: Base,
    before: Facts | None,
    after: Facts | None,
    reason: str | None,
    now: datetime,
) -> None:
    session.flush()  # now the subject has its key, whoever made it
    was, became = differences(before, after)
    if was == became == {}:
        return
    session.add(
        AuditEntry(
            at=now,
            challenge_id=challenge_id,
            actor_id=viewer.user_id,
            actor_kind=kind,
            token_id=viewer.token_id,
            request_id=viewer.request_id,
            action=action,
            subject_kind=kind_of(subject),
            subject_id=" ".join(str(part) for part in inspect(subject).identity or ()),
            subject_name=name_of(session, subject),
            before=None if was is None else plain(was),
            after=None if became is None else plain(became),
            reason=reason,
        )
    )
    session.flush()
