"""announcements and notices

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())
INSTANT = sa.DateTime(timezone=True)
KIND_KNOWN = (
    "kind IN ('scored', 'rejected', 'failed', 'quota-free', 'phase-opens-soon', "
    "'phase-closes-soon', 'announcement', 'ranking-changed', 'rescored', 'ping')"
)
TABLES = (
    "notice_delivery", "notice", "webhook", "notice_preference", "announcement", "signing_key",
)  # fmt: skip


def _goes_with(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_signing_key_is_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_announcement_by_id")),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_announcement_challenge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
    )
    op.create_index("ix_announcement_challenge", "announcement", ["challenge_id", "id"])
    op.create_table(
        "notice_preference",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.CheckConstraint(KIND_KNOWN, name=op.f("ck_notice_preference_kind_known")),
        _goes_with("notice_preference", "user_id", "user_account"),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_preference")),
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(challenge_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_webhook_has_one_owner")
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name=op.f("ck_webhook_disabled_for_a_reason"),
        ),
        _goes_with("webhook", "challenge_id", "challenge"),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_webhook_created_by_id")
        ),
        _goes_with("webhook", "team_id", "team"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_challenge_id"), "webhook", ["challenge_id"])
    op.create_index(op.f("ix_webhook_team_id"), "webhook", ["team_id"])
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("challenge_id", sa.Uuid(), nullable=True),
        sa.Column("phase_id", sa.Uuid(), nullable=True),
        sa.Column("participation_id", sa.Uuid(), nullable=True),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("announcement_id", sa.Uuid(), nullable=True),
        sa.Column("webhook_id", sa.Uuid(), nullable=True),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("fanned_out_at", INSTANT, nullable=True),
        sa.Column("announced_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(kind = 'ping') = (webhook_id IS NOT NULL)", name=op.f("ck_notice_pings_a_webhook")
        ),
        sa.CheckConstraint(
            "kind = 'ping' OR challenge_id IS NOT NULL", name=op.f("ck_notice_of_a_challenge")
        ),
        sa.CheckConstraint(KIND_KNOWN, name=op.f("ck_notice_kind_known")),
        _goes_with("notice", "announcement_id", "announcement"),
        _goes_with("notice", "challenge_id", "challenge"),
        _goes_with("notice", "participation_id", "participation"),
        _goes_with("notice", "phase_id", "phase"),
        _goes_with("notice", "submission_id", "submission"),
        _goes_with("notice", "webhook_id", "webhook"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("once", name=op.f("uq_notice_once")),
    )
    op.create_index(op.f("ix_notice_announcement_id"), "notice", ["announcement_id"])
    op.create_index(op.f("ix_notice_challenge_id"), "notice", ["challenge_id"])
    op.create_index(op.f("ix_notice_participation_id"), "notice", ["participation_id"])
    op.create_index(op.f("ix_notice_phase_id"), "notice", ["phase_id"])
    op.create_index(op.f("ix_notice_submission_id"), "notice", ["submission_id"])
    op.create_index("ix_notice_unsent", "notice", ["id"], postgresql_where="fanned_out_at IS NULL")
    op.create_index(op.f("ix_notice_webhook_id"), "notice", ["webhook_id"])
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("webhook_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'waiting') = (settled_at IS NULL)",
            name=op.f("ck_notice_delivery_settled_or_waiting"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'delivered', 'failed', 'dropped')",
            name=op.f("ck_notice_delivery_status_known"),
        ),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (webhook_id IS NULL)",
            name=op.f("ck_notice_delivery_has_one_receiver"),
        ),
        _goes_with("notice_delivery", "notice_id", "notice"),
        _goes_with("notice_delivery", "user_id", "user_account"),
        _goes_with("notice_delivery", "webhook_id", "webhook"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_delivery")),
        sa.UniqueConstraint(
            "notice_id", "user_id", name=op.f("uq_notice_delivery_notice_id_user_id")
        ),
        sa.UniqueConstraint(
            "notice_id", "webhook_id", name=op.f("uq_notice_delivery_notice_id_webhook_id")
        ),
    )
    op.create_index(
        "ix_notice_delivery_due",
        "notice_delivery",
        ["due_at"],
        postgresql_where="status = 'waiting'",
    )
    op.create_index(op.f("ix_notice_delivery_user_id"), "notice_delivery", ["user_id"])
    op.create_index(op.f("ix_notice_delivery_webhook_id"), "notice_delivery", ["webhook_id"])
    # 244 random bits, from the database's own strong source.
    op.execute(
        "INSERT INTO signing_key (id, key) "
        "VALUES (1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))"
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
