"""splits, probes and analyses

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    # Splits were a phase's, always shuffled; now each task of a phase has its own.
    op.add_column("phase_task", sa.Column("splits", JSONB, nullable=True))
    op.execute(
        """
        UPDATE phase_task SET splits = jsonb_build_object(
            'kind', 'shuffle', 'n_splits', phase.n_splits, 'test_size', phase.test_size,
            'seed', phase.split_seed, 'shots', NULL, 'marks', NULL)
        FROM phase WHERE phase.id = phase_task.phase_id
        """
    )
    op.alter_column("phase_task", "splits", nullable=False)
    for column in ("n_splits", "test_size", "split_seed"):
        op.drop_column("phase", column)

    op.add_column("task", sa.Column("probe", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("signs", sa.Boolean(), nullable=True))
    op.execute("UPDATE task SET probe = 'linear', signs = false")
    op.alter_column("task", "probe", nullable=False)
    op.alter_column("task", "signs", nullable=False)
    op.create_check_constraint(
        op.f("ck_task_probe_known"), "task", "probe IN ('linear', 'knn', 'retrieval')"
    )

    op.add_column("phase", sa.Column("scaling", sa.Text(), nullable=True))
    op.execute("UPDATE phase SET scaling = 'scalar'")  # there was no other
    op.alter_column("phase", "scaling", nullable=False)
    op.create_check_constraint(
        op.f("ck_phase_scaling_known"), "phase", "scaling IN ('scalar', 'per-dimension')"
    )
    op.add_column("phase", sa.Column("analyses", JSONB, nullable=True))
    op.execute("UPDATE phase SET analyses = '[]'")  # nothing but scores was worked out
    op.alter_column("phase", "analyses", nullable=False)
    op.add_column("phase", sa.Column("budget_bytes", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_phase_budget_positive"), "phase", "budget_bytes > 0")
    # exact@0 was never released, and there is none any more: what comes in next is scored by
    # exact@1. The receipts of what was scored before say so still.
    op.execute("UPDATE phase SET scorer_version = 1 WHERE scorer = 'exact' AND scorer_version = 0")

    op.add_column("evaluation", sa.Column("analyses", JSONB, nullable=True))
    op.add_column("evaluation", sa.Column("predictions_digest", sa.Text(), nullable=True))
    op.alter_column("task_score", "standard_error", nullable=True)


def downgrade() -> None:
    # Scores of a single split have no standard error; 0 stands for it. Rows of task_score never
    # change, so the column is written anew instead.
    op.execute(
        """
        ALTER TABLE task_score
            ALTER standard_error TYPE double precision USING coalesce(standard_error, 0),
            ALTER standard_error SET NOT NULL
        """
    )
    op.drop_column("evaluation", "predictions_digest")
    op.drop_column("evaluation", "analyses")

    op.execute("UPDATE phase SET scorer_version = 0 WHERE scorer = 'exact' AND scorer_version = 1")
    op.drop_constraint(op.f("ck_phase_budget_positive"), "phase")
    op.drop_column("phase", "budget_bytes")
    op.drop_column("phase", "analyses")
    op.drop_constraint(op.f("ck_phase_scaling_known"), "phase")
    op.drop_column("phase", "scaling")

    op.drop_constraint(op.f("ck_task_probe_known"), "task")
    op.drop_column("task", "signs")
    op.drop_column("task", "probe")

    # Of splits, the figures of the phase's first task are kept; there is one kind.
    op.add_column("phase", sa.Column("n_splits", sa.Integer(), nullable=True))
    op.add_column("phase", sa.Column("test_size", sa.Double(), nullable=True))
    op.add_column("phase", sa.Column("split_seed", sa.BigInteger(), nullable=True))
    op.execute(
        """
        UPDATE phase SET
            n_splits = (task.splits ->> 'n_splits')::integer,
            test_size = (task.splits ->> 'test_size')::double precision,
            split_seed = (task.splits ->> 'seed')::bigint
        FROM phase_task AS task WHERE task.phase_id = phase.id AND task.position = 0
        """
    )
    op.execute(
        """
        UPDATE phase SET n_splits = greatest(coalesce(n_splits, 40), 2),
            test_size = coalesce(test_size, 0.1), split_seed = coalesce(split_seed, 42)
        """
    )
    for column in ("n_splits", "test_size", "split_seed"):
        op.alter_column("phase", column, nullable=False)
    op.drop_column("phase_task", "splits")
