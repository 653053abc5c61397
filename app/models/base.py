"""What all rows share: UUIDv7 keys, UTC instants, explicit loading, named constraints."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils.compat as uuid_utils
from sqlalchemy import CheckConstraint, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from app.db import UtcDateTime


def new_id() -> UUID:
    """Make a UUIDv7: unique without asking the database, and sorted by time of making."""
    return uuid_utils.uuid7()


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Hold a text column to the values of an enumeration."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: JSONB(),
    }
