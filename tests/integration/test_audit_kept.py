"""Nothing alters or removes an entry of the audit log: the database itself refuses."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.models import ActorKind, AuditEntry


def entry(action: str = "team.created", kind: ActorKind = ActorKind.SYSTEM) -> AuditEntry:
    return AuditEntry(
        at=utc_now(), actor_kind=kind, action=action, subject_kind="team", subject_id="1"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET reason = 'Another.'",
        "UPDATE audit_entry SET at = now() WHERE action = 'team.created'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE action = 'team.created'",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_entry CASCADE",
    ],
)
def test_nothing_alters_or_removes_an_entry(session: Session, statement: str) -> None:
    session.add(entry())
    session.flush()
    n_entries = sa.select(sa.func.count(AuditEntry.id))
    before = session.scalar(n_entries)
    savepoint = session.begin_nested()
    with pytest.raises(DBAPIError, match="rows of audit_entry never change"):
        session.execute(sa.text(statement))
    savepoint.rollback()
    assert session.scalar(n_entries) == before


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        (entry("submitted"), "action_is_noun_and_verb"),
        (entry("Team.created"), "action_is_noun_and_verb"),
        (entry("team."), "action_is_noun_and_verb"),
        (entry("a.b.c"), "action_is_noun_and_verb"),
        (entry(kind=ActorKind.PERSON), "person_is_named"),
    ],
)
def test_the_database_refuses_what_says_nothing(
    session: Session, wrong: AuditEntry, check: str
) -> None:
    savepoint = session.begin_nested()
    session.add(wrong)
    with pytest.raises(DBAPIError, match=check):
        session.flush()
    savepoint.rollback()
