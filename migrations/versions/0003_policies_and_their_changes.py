"""policies of a ranking, and their changes

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)

RANKINGS = "ranking IN ('average-rank', 'neuco', 'mean-score', 'mean-q'{})"
SELECTIONS = "selection IN ('best', 'last'{})"
NEW_CHECKS = {
    "frozen_weights_are_neucos": "weights_frozen_at IS NULL OR ranking = 'neuco'",
    "selected_has_a_limit": "(selection = 'selected') = (selection_limit IS NOT NULL)",
    "selection_limit_in_bounds": "selection_limit BETWEEN 1 AND 20",
    "best_is_by_something": "select_by IS NULL OR selection = 'best'",
    "select_by_known": "select_by IN ('mean-score', 'mean-q')",
    "tie_break_known": "tie_break IN ('none', 'mean-score')",
    "win_rate_against_known": "win_rate_against IN ('pool', 'baselines')",
}
NEW_COLUMNS = (
    "ranking_floor", "weights_frozen_at", "tie_break", "win_rate_against", "selection_limit",
    "select_by",
)  # fmt: skip


def upgrade() -> None:
    _hold_names(", 'test-then-rank', 'borda', 'copeland'", ", 'selected'")
    op.add_column("phase", sa.Column("ranking_floor", sa.Double(), nullable=True))
    op.add_column("phase", sa.Column("weights_frozen_at", INSTANT, nullable=True))
    op.add_column("phase", sa.Column("tie_break", sa.Text(), nullable=True))
    op.add_column("phase", sa.Column("win_rate_against", sa.Text(), nullable=True))
    # As every phase ranked until now.
    op.execute("UPDATE phase SET ranking_floor = 0, tie_break = 'none', win_rate_against = 'pool'")
    op.alter_column("phase", "tie_break", nullable=False)
    op.alter_column("phase", "win_rate_against", nullable=False)
    op.add_column("phase", sa.Column("selection_limit", sa.Integer(), nullable=True))
    op.add_column("phase", sa.Column("select_by", sa.Text(), nullable=True))
    for name, condition in NEW_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_phase_{name}"), "phase", condition)
    op.add_column("submission", sa.Column("selected_at", INSTANT, nullable=True))

    op.add_column("leaderboard", sa.Column("ranked_at", INSTANT, nullable=True))
    op.add_column("leaderboard_snapshot", sa.Column("inputs", JSONB, nullable=True))
    op.add_column("leaderboard_snapshot", sa.Column("places", JSONB, nullable=True))
    op.create_table(
        "ranking_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", JSONB, nullable=False),
        sa.Column("after", JSONB, nullable=False),
        sa.Column("moves", JSONB, nullable=False),
        sa.ForeignKeyConstraint(
            ["phase_id"], ["phase.id"], name=op.f("fk_ranking_change_phase_id")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_ranking_change_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking_change")),
    )
    op.create_index("ix_ranking_change_phase", "ranking_change", ["phase_id", "at"])
    op.execute(
        "CREATE TRIGGER ranking_change_is_immutable BEFORE UPDATE OR DELETE ON ranking_change "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )

    # The standard error is s·sqrt(1/k + n_test/n_train) with s = std·sqrt(k/(k-1)), so it tells the
    # ratio; not where all split scores are equal or there is one. Rows of task_score never change,
    # so the column is written anew instead.
    op.add_column("task_score", sa.Column("test_to_train", sa.Double(), nullable=True))
    op.execute(
        """
        ALTER TABLE task_score ALTER test_to_train TYPE double precision USING
            CASE WHEN std > 0 AND standard_error > 0 AND cardinality(split_scores) > 1 THEN
                round(greatest(
                    (standard_error / std) ^ 2 * (1 - 1.0 / cardinality(split_scores))
                    - 1.0 / cardinality(split_scores), 0)::numeric, 12)::double precision
            END
        """
    )


def downgrade() -> None:
    op.drop_column("task_score", "test_to_train")
    op.drop_table("ranking_change")
    op.drop_column("leaderboard_snapshot", "places")
    op.drop_column("leaderboard_snapshot", "inputs")
    op.drop_column("leaderboard", "ranked_at")
    op.drop_column("submission", "selected_at")
    for name in NEW_CHECKS:
        op.drop_constraint(op.f(f"ck_phase_{name}"), "phase")
    for column in NEW_COLUMNS:
        op.drop_column("phase", column)
    # What there was no name for becomes what a phase is by default.
    op.execute(
        "UPDATE phase SET ranking = 'average-rank' "
        "WHERE ranking IN ('test-then-rank', 'borda', 'copeland')"
    )
    op.execute("UPDATE phase SET selection = 'best' WHERE selection = 'selected'")
    _hold_names("", "")


def _hold_names(more_rankings: str, more_selections: str) -> None:
    for name, condition in (
        ("ranking_known", RANKINGS.format(more_rankings)),
        ("selection_known", SELECTIONS.format(more_selections)),
    ):
        op.drop_constraint(op.f(f"ck_phase_{name}"), "phase")
        op.create_check_constraint(op.f(f"ck_phase_{name}"), "phase", condition)
