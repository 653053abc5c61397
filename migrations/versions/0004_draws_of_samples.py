"""draws of samples

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in all rows of before: rows of evaluation never change, and no ranking needs it.
    op.add_column("evaluation", sa.Column("sample_draws", sa.LargeBinary(), nullable=True))
    # Noise cannot be compressed, and is read by the thousand.
    op.execute("ALTER TABLE evaluation ALTER sample_draws SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_column("evaluation", "sample_draws")
