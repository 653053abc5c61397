"""The engine, the sessions and the column types that hold a rule.

One synchronous stack serves both processes. Services take a `Session` and never commit; the entry
point that opened a transaction closes it.
"""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from app.settings import Settings

SessionFactory = sessionmaker[Session]


class UtcDateTime(TypeDecorator[datetime]):
    """A `timestamptz` that refuses naive instants and hands out UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse an instant without a zone, before it can mean two things.

        Raises
        ------
        ValueError
            If `value` is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand out UTC, whatever zone the connection speaks."""
        return None if value is None else value.astimezone(UTC)


def make_engine(settings: Settings) -> Engine:
    """Make the engine: connections are checked before use, and no statement waits for ever."""
    limit_ms = settings.database_timeout_s * 1000
    return create_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size,
        pool_timeout=settings.database_timeout_s * 2,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": settings.database_timeout_s,
            "options": (
                f"-c statement_timeout={limit_ms * 4} -c lock_timeout={limit_ms * 2}"
                f" -c idle_in_transaction_session_timeout={limit_ms * 6} -c timezone=UTC"
            ),
        },
    )


def make_sessions(engine: Engine) -> SessionFactory:
    """Make the session factory; rows stay readable after the commit that ends their transaction."""
    return sessionmaker(engine, expire_on_commit=False)
