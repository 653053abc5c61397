"""What each person gets by mail, and the signed links that end it without a log-in."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import NotFound
from app.models import NoticeKind, NoticePreference, SigningKey, User
from app.notices.kinds import KINDS
from app.policy import Viewer


@dataclass(frozen=True)
class Preference:
    """Whether a person gets a kind by mail."""

    kind: NoticeKind
    about: str
    by_mail: bool
    is_default: bool


def preferences_of(session: Session, user_id: UUID) -> list[Preference]:
    """Return a person's choices, or the defaults, for every kind."""
    rows = session.execute(
        select(NoticePreference.kind, NoticePreference.by_mail).where(
            NoticePreference.user_id == user_id
        )
    )
    chosen = {NoticeKind(kind): by_mail for kind, by_mail in rows}
    return [
        Preference(kind, one.about, chosen.get(kind, one.by_mail), kind not in chosen)
        for kind, one in KINDS.items()
    ]


def choose(
    session: Session, viewer: Viewer, choices: Mapping[NoticeKind, bool], *, now: datetime
) -> None:
    """Note what a person wants by mail; kinds not named stay as they are."""
    before = _by_mail(session, viewer.me)
    _write(session, viewer.me, choices)
    record(
        session,
        viewer,
        "account.mails-chosen",
        challenge_id=None,
        subject=session.get_one(User, viewer.me),
        before=before,
        after=_by_mail(session, viewer.me),
        now=now,
    )


def _by_mail(session: Session, user_id: UUID) -> dict[str, bool]:
    return {one.kind.value: one.by_mail for one in preferences_of(session, user_id)}


def unsubscribe(
    session: Session, viewer: Viewer, token: str, *, everything: bool, now: datetime
) -> NoticeKind | None:
    """End mails of the kind that a link is of, or all of them; return the kind, None for all.

    Raises
    ------
    NotFound
        If no mail of ours had this link.
    """
    user_id, kind = read_token(session, token)
    ended = dict.fromkeys(KINDS if everything else [kind], False)
    # Whoever has the link stands for the person, in this and in nothing else.
    choose(session, replace(viewer, user_id=user_id), ended, now=now)
    return None if everything else kind


def make_token(session: Session, user_id: UUID, kind: NoticeKind) -> str:
    """Sign a person and a kind. It works for ever: a mail may be years old."""
    return f"{user_id.hex}.{kind}.{_signature(session, user_id, kind)}"


def read_token(session: Session, token: str) -> tuple[UUID, NoticeKind]:
    """Return whom and what a link is of.

    Raises
    ------
    NotFound
        If it is not signed by us, or the person is gone.
    """
    person, _, rest = token.partition(".")
    named, _, signature = rest.partition(".")
    try:
        user_id, kind = UUID(hex=person), NoticeKind(named)
    except ValueError as error:
        raise NotFound("link") from error
    expected = _signature(session, user_id, kind)
    signed = hmac.compare_digest(expected.encode(), signature.encode())
    if not signed or kind not in KINDS or session.get(User, user_id) is None:
        raise NotFound("link")
    return user_id, kind


def _signature(session: Session, user_id: UUID, kind: NoticeKind) -> str:
    key = session.get_one(SigningKey, 1).key
    said = f"unsubscribe:{user_id.hex}:{kind}"
    return hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()


def _write(session: Session, user_id: UUID, choices: Mapping[NoticeKind, bool]) -> None:
    # In one order for everybody, so that two writers wait for each other and never in a ring.
    rows = [
        {"user_id": user_id, "kind": kind, "by_mail": choices[kind]} for kind in sorted(choices)
    ]
    if not rows:
        return
    statement = insert(NoticePreference).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[NoticePreference.user_id, NoticePreference.kind],
            set_={"by_mail": statement.excluded.by_mail},
        )
    )
