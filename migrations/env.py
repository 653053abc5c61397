"""Run the migrations against the database the settings name, or the connection that is given."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from app.db import UtcDateTime
from app.models import Base
from app.settings import Settings


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our column types as what the database knows, so that a revision stands alone."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=_render,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        # One migration at a time, also when several containers start together.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7043501)")
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    url = context.config.attributes.get("database_url") or Settings().database_url
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        _run(connection)
    engine.dispose()
