"""People and the tokens they call the API with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id


class Scope(StrEnum):
    READ = "read"
    SUBMIT = "submit"
    ORGANIZE = "organize"


class User(Base):
    __tablename__ = "user_account"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True, doc="lower case")
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(doc="argon2id")
    is_operator: Mapped[bool] = mapped_column(default=False)
    may_organize: Mapped[bool] = mapped_column(default=False, doc="may create challenges")
    created_at: Mapped[datetime]


class Token(Base):
    """A bearer token; only the SHA-256 of its 256 random bits is kept."""

    __tablename__ = "token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
