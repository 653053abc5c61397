"""re-scorings, and tasks that no bundle lists any more

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "task", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    op.alter_column("task", "listed", server_default=None)
    op.create_table(
        "rescoring",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("rules", JSONB, nullable=False),
        sa.Column("record", JSONB, nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'applied', 'cancelled')", name=op.f("ck_rescoring_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_rescoring_decided_whole"),
        ),
        sa.CheckConstraint(
            "(state = 'applied') = (record IS NOT NULL)",
            name=op.f("ck_rescoring_applied_is_recorded"),
        ),
        *_refer(
            "rescoring",
            {
                "challenge_id": "challenge",
                "by_id": "user_account",
                "decided_by_id": "user_account",
            },
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescoring")),
    )
    op.create_index("ix_rescoring_challenge", "rescoring", ["challenge_id", "id"])
    op.create_index(
        "uq_rescoring_open",
        "rescoring",
        ["challenge_id"],
        unique=True,
        postgresql_where="state = 'open'",
    )
    op.create_table(
        "rescoring_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rescoring_id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("announced_at", INSTANT, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts_allowed", sa.Integer(), nullable=False),
        sa.Column("lease_expires_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("evaluation_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_id", sa.Uuid(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("failure_traceback", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'rejected', 'failed')",
            name=op.f("ck_rescoring_item_state_known"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_expires_at IS NOT NULL)",
            name=op.f("ck_rescoring_item_running_has_a_lease"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (evaluation_id IS NOT NULL)",
            name=op.f("ck_rescoring_item_done_is_evaluated"),
        ),
        sa.CheckConstraint(
            "(state IN ('rejected', 'failed')) = (failure_code IS NOT NULL)",
            name=op.f("ck_rescoring_item_failure_has_a_code"),
        ),
        *_refer(
            "rescoring_item",
            {
                "rescoring_id": "rescoring",
                "submission_id": "submission",
                "phase_id": "phase",
                "evaluation_id": "evaluation",
                "replaced_id": "evaluation",
            },
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescoring_item")),
        sa.UniqueConstraint(
            "rescoring_id",
            "submission_id",
            name=op.f("uq_rescoring_item_rescoring_id_submission_id"),
        ),
    )
    for column in ("submission_id", "evaluation_id"):
        op.create_index(op.f(f"ix_rescoring_item_{column}"), "rescoring_item", [column])
    for name, column, state in (
        ("waiting", "queue_number", "queued"),
        ("leased", "lease_expires_at", "running"),
    ):
        op.create_index(
            f"ix_rescoring_item_{name}",
            "rescoring_item",
            [column],
            postgresql_where=f"state = '{state}'",
        )


def downgrade() -> None:
    op.drop_table("rescoring_item")
    op.drop_table("rescoring")
    # A task that is not listed stays: scores of before refer to it. It would be listed again.
    op.drop_column("task", "listed")


def _refer(table: str, targets: dict[str, str]) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]
