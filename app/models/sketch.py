"""Sketches of matrices: by them two that tell the same are found, without reading either again."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class MatrixSketch(Base):
    """What `probeboard.sketch` keeps of a matrix; null where nothing can be compared."""

    __tablename__ = "matrix_sketch"

    matrix_sha256: Mapped[str] = mapped_column(primary_key=True)
    samples_digest: Mapped[str] = mapped_column(primary_key=True, doc="whose rows it is made of")
    version: Mapped[int] = mapped_column(doc="of the way it is made; another is made anew")
    created_at: Mapped[datetime]
    sketch: Mapped[bytes | None] = mapped_column(LargeBinary, doc="float32, little endian")
