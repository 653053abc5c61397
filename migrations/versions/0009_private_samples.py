"""private samples beside the public ones

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(astext_type=sa.Text())
PARTS = "part IN ('public', 'private')"
COLUMNS = {
    "phase": {
        "private_sides": sa.Text(),
        "n_private_samples": sa.Integer(),
        "revealed_at": INSTANT,
        "hidden_until": INSTANT,
    },
    "evaluation": {
        "private_analyses": JSONB,
        "private_predictions_digest": sa.Text(),
        "private_sample_draws": sa.LargeBinary(),
    },
    "leaderboard": {"part": sa.Text()},
    "leaderboard_snapshot": {"part": sa.Text()},
}
CHECKS = {
    "phase": {
        "private_part_counted": "(private_sides IS NULL) = (n_private_samples IS NULL)",
        "both_parts_have_samples": "n_private_samples > 0 AND n_private_samples < n_samples",
        "revealed_is_private": (
            "private_sides IS NOT NULL OR (revealed_at IS NULL AND hidden_until IS NULL)"
        ),
    },
    "task_score": {"part_known": PARTS},
    "leaderboard": {"part_known": PARTS},
    "leaderboard_snapshot": {"part_known": PARTS},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    # As those of the public samples.
    op.execute("ALTER TABLE evaluation ALTER private_sample_draws SET STORAGE EXTERNAL")
    as_before = sa.text("'public'")
    op.add_column(
        "task_score", sa.Column("part", sa.Text(), nullable=False, server_default=as_before)
    )
    op.alter_column("task_score", "part", server_default=None)
    _set_key("evaluation_id", "task_id", "part")
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def downgrade() -> None:
    for table, checks in CHECKS.items():
        for name in checks:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    # There is one score of a task: the one that was shown all along. What the private samples
    # gave has no place, and would be taken for it.
    op.execute("ALTER TABLE task_score DISABLE TRIGGER task_score_is_immutable")
    op.execute("DELETE FROM task_score WHERE part = 'private'")
    op.execute("ALTER TABLE task_score ENABLE TRIGGER task_score_is_immutable")
    _set_key("evaluation_id", "task_id")
    op.drop_column("task_score", "part")
    for table, columns in COLUMNS.items():
        for name in columns:
            op.drop_column(table, name)


def _set_key(*columns: str) -> None:
    op.drop_constraint(op.f("pk_task_score"), "task_score")
    op.create_primary_key(op.f("pk_task_score"), "task_score", list(columns))
