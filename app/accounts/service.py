"""Register, log in, and hold tokens. Secrets are kept as hashes only."""

import hashlib
import secrets
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import (
    EmailTaken,
    NotFound,
    ScopeMissing,
    TooManyLogins,
    Unauthenticated,
    WrongPassword,
)
from app.models import Scope, Token, User
from app.policy import Viewer
from app.ratelimit import RateCounter

TOKEN_PREFIX = "pb_"  # noqa: S105 - a prefix that scanners can recognise, not a secret
SESSION_NAME = "log-in"

# OWASP's least cost for argon2id: 19 MiB a hash, and four at once, so that a storm of log-ins
# cannot fill the memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = threading.BoundedSemaphore(4)
# Verified when the e-mail is unknown, so that both answers take equally long.
_nobodys_hash = _hasher.hash(secrets.token_hex())


def register(
    session: Session, viewer: Viewer, *, email: str, name: str, password: str, now: datetime
) -> User:
    """Create a person.

    Raises
    ------
    EmailTaken
        If the address is registered already.
    """
    user = User(
        email=email.lower(),
        name=name,
        password_hash=_hashed(password),
        is_operator=False,
        may_organize=False,
        created_at=now,
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        raise EmailTaken("Log in instead, or use another address.") from error
    record(
        session,
        acting_as(viewer, user),
        "account.registered",
        challenge_id=None,
        subject=user,
        after={"name": user.name},
        now=now,
    )
    return user


def acting_as(viewer: Viewer, user: User) -> Viewer:
    """Return whoever calls without a token as the person they have shown to be."""
    return replace(viewer, user_id=user.id, is_operator=user.is_operator)


def check_password(
    session: Session,
    *,
    email: str,
    password: str,
    rates: RateCounter,
    failures_per_hour: int,
    now: datetime,
) -> User:
    """Return the person with this e-mail and password.

    Raises
    ------
    WrongPassword
        If there is none; it does not say which of the two is wrong.
    TooManyLogins
        If this address failed too often within the hour.
    """
    counter = f"login:{hashlib.sha256(email.lower().encode()).hexdigest()}"
    # Counted before the password is looked at: guesses sent all at once do not pass together.
    rates.add(counter)
    count = rates.read(counter, now=now)
    if count.used > failures_per_hour:
        rates.take_back(counter)
        raise TooManyLogins(
            "Too many failed log-ins for this address.",
            limit=failures_per_hour,
            used=failures_per_hour,
            window="1 h",
            resets_at=count.resets_at,
        )
    user = session.scalars(select(User).where(User.email == email.lower())).one_or_none()
    if not _verified(user.password_hash if user else _nobodys_hash, password) or user is None:
        raise WrongPassword("No account has this e-mail address and password.")
    rates.take_back(counter)
    return user


def _hashed(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verified(password_hash: str, password: str) -> bool:
    try:
        with _hashing:
            return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def issue_token(
    session: Session,
    viewer: Viewer,
    *,
    name: str,
    scopes: Collection[Scope],
    now: datetime,
    lifetime: timedelta,
) -> tuple[Token, str]:
    """Create a token and return it with its secret, which is shown this once."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token(
        user_id=viewer.me,
        name=name,
        digest=_digest(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(token)
    session.flush()
    after = {"scopes": token.scopes, "expires_at": token.expires_at}
    record(session, viewer, "token.made", challenge_id=None, subject=token, after=after, now=now)
    return token, secret


def require_no_more_than(viewer: Viewer, scopes: Collection[Scope]) -> None:
    """Refuse to hand out scopes that the calling token itself lacks.

    Raises
    ------
    ScopeMissing
        If a scope is missing.
    """
    lacking = sorted(set(scopes) - viewer.scopes)
    if lacking:
        raise ScopeMissing(f"A token cannot make one with more scopes: {', '.join(lacking)}.")


def authenticate(session: Session, secret: str, *, now: datetime) -> Viewer:
    """Return the viewer a token stands for.

    Raises
    ------
    Unauthenticated
        If the token is unknown, expired or revoked; it does not say which.
    """
    row = session.execute(
        select(Token, User)
        .join(User, User.id == Token.user_id)
        .where(Token.digest == _digest(secret), Token.revoked_at.is_(None), Token.expires_at > now)
    ).one_or_none()
    if row is None:
        raise Unauthenticated("The token is unknown, expired or revoked.")
    token, user = row
    return Viewer(
        user_id=user.id,
        token_id=token.id,
        scopes=frozenset(token.scopes),
        is_operator=user.is_operator,
        may_organize=user.may_organize,
    )


def tokens_of(
    session: Session, viewer: Viewer, *, after: UUID | None, limit: int, now: datetime
) -> Sequence[Token]:
    """Return a person's tokens that work, newest first, and one more than `limit` if there is."""
    statement = select(Token).where(
        Token.user_id == viewer.me, Token.revoked_at.is_(None), Token.expires_at > now
    )
    if after is not None:
        statement = statement.where(Token.id < after)
    return session.scalars(statement.order_by(Token.id.desc()).limit(limit + 1)).all()


def revoke_token(session: Session, viewer: Viewer, token_id: UUID, *, now: datetime) -> None:
    """End a token at once.

    Raises
    ------
    NotFound
        If the viewer has no such token.
    """
    revoked = session.scalars(
        update(Token)
        .where(Token.id == token_id, Token.user_id == viewer.me, Token.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Token)
    ).one_or_none()
    if revoked is None:
        raise NotFound("token")
    record(session, viewer, "token.revoked", challenge_id=None, subject=revoked, now=now)


def get_user(session: Session, viewer: Viewer) -> User:
    """Return the person who calls."""
    return session.get_one(User, viewer.me)


def _digest(secret: str) -> str:
    """Hash a token. A plain SHA-256 is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
