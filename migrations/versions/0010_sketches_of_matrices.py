"""sketches of matrices, to find those that tell the same

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matrix_sketch",
        sa.Column("matrix_sha256", sa.Text(), nullable=False),
        sa.Column("samples_digest", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("matrix_sha256", "samples_digest", name=op.f("pk_matrix_sketch")),
    )


def downgrade() -> None:
    op.drop_table("matrix_sketch")
