"""baselines that are copies of what teams handed in

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("promoted_from_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_submission_promoted_from_id_submission"),
        "submission",
        "submission",
        ["promoted_from_id"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_submission_promoted_is_baseline"),
        "submission",
        "promoted_from_id IS NULL OR is_baseline",
    )
    op.create_index(
        "uq_submission_promoted",
        "submission",
        ["promoted_from_id"],
        unique=True,
        postgresql_where=sa.text("promoted_from_id IS NOT NULL AND status <> 'withdrawn'"),
    )


def downgrade() -> None:
    op.drop_index("uq_submission_promoted", table_name="submission")
    op.drop_constraint(op.f("ck_submission_promoted_is_baseline"), "submission", type_="check")
    op.drop_constraint(
        op.f("fk_submission_promoted_from_id_submission"), "submission", type_="foreignkey"
    )
    op.drop_column("submission", "promoted_from_id")
