"""the first tables

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


IMMUTABLE = ("leaderboard_snapshot", "task_score")


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("leaderboard_snapshot_number")))
    op.create_table(
        "challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("embedding_dim", sa.Integer(), nullable=False),
        sa.Column("zero_pad", sa.Boolean(), nullable=False),
        sa.Column("strip_suffixes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("pages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("embedding_dim > 0", name=op.f("ck_challenge_dim_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
        sa.UniqueConstraint("slug", name=op.f("uq_challenge_slug")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("may_organize", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    op.create_table(
        "challenge_role",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('organizer', 'reader')", name=op.f("ck_challenge_role_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_challenge_role_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_challenge_role_user_id")
        ),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", name=op.f("pk_challenge_role")),
    )
    op.create_index(op.f("ix_challenge_role_user_id"), "challenge_role", ["user_id"], unique=False)
    op.create_table(
        "phase",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("samples_digest", sa.Text(), nullable=False),
        sa.Column("n_samples", sa.Integer(), nullable=False),
        sa.Column("scorer", sa.Text(), nullable=False),
        sa.Column("scorer_version", sa.Integer(), nullable=False),
        sa.Column("n_splits", sa.Integer(), nullable=False),
        sa.Column("test_size", sa.Double(), nullable=False),
        sa.Column("split_seed", sa.BigInteger(), nullable=False),
        sa.Column("ranking", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("quota_per_day", sa.Integer(), nullable=False),
        sa.Column("quota_total", sa.Integer(), nullable=False),
        sa.Column("quota_in_flight", sa.Integer(), nullable=False),
        sa.Column("requires_phase_id", sa.Uuid(), nullable=True),
        sa.Column("team_sees", sa.Text(), nullable=False),
        sa.Column("board_visible", sa.Boolean(), nullable=False),
        sa.Column("board_tasks", sa.Boolean(), nullable=False),
        sa.Column("board_task_names", sa.Text(), nullable=False),
        sa.Column("board_frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "board_task_names IN ('real', 'masked')", name=op.f("ck_phase_board_task_names_known")
        ),
        sa.CheckConstraint(
            "ranking IN ('average-rank', 'neuco', 'mean-score', 'mean-q')",
            name=op.f("ck_phase_ranking_known"),
        ),
        sa.CheckConstraint("selection IN ('best', 'last')", name=op.f("ck_phase_selection_known")),
        sa.CheckConstraint(
            "team_sees IN ('aggregate', 'tasks')", name=op.f("ck_phase_team_sees_known")
        ),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_phase_opens_before_it_closes")),
        sa.CheckConstraint(
            "quota_per_day > 0 AND quota_total > 0 AND quota_in_flight > 0",
            name=op.f("ck_phase_quota_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_phase_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["requires_phase_id"], ["phase.id"], name=op.f("fk_phase_requires_phase_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phase")),
        sa.UniqueConstraint("challenge_id", "slug", name=op.f("uq_phase_challenge_id_slug")),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("task_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_task_challenge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("challenge_id", "slug", name=op.f("uq_task_challenge_id_slug")),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("captain_id", sa.Uuid(), nullable=False),
        sa.Column("invitation_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["captain_id"], ["user_account.id"], name=op.f("fk_team_captain_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("invitation_digest", name=op.f("uq_team_invitation_digest")),
        sa.UniqueConstraint("slug", name=op.f("uq_team_slug")),
    )
    op.create_index("uq_team_name_folded", "team", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_index(op.f("ix_token_user_id"), "token", ["user_id"], unique=False)
    op.create_table(
        "label_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_label_set_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_set")),
        sa.UniqueConstraint("task_id", "digest", name=op.f("uq_label_set_task_id_digest")),
        sa.UniqueConstraint("task_id", "version", name=op.f("uq_label_set_task_id_version")),
    )
    op.create_table(
        "leaderboard",
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=False),
        sa.Column("ranked", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["phase_id"], ["phase.id"], name=op.f("fk_leaderboard_phase_id")),
        sa.PrimaryKeyConstraint("phase_id", name=op.f("pk_leaderboard")),
    )
    op.create_table(
        "leaderboard_snapshot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("csv", sa.LargeBinary(), nullable=False),
        sa.Column("markdown", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["phase_id"], ["phase.id"], name=op.f("fk_leaderboard_snapshot_phase_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaderboard_snapshot")),
        sa.UniqueConstraint("number", name=op.f("uq_leaderboard_snapshot_number")),
    )
    op.create_index(
        "ix_leaderboard_snapshot_phase",
        "leaderboard_snapshot",
        ["phase_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "participation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("accepted_by_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["accepted_by_id"], ["user_account.id"], name=op.f("fk_participation_accepted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_participation_challenge_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_participation_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participation")),
        sa.UniqueConstraint(
            "challenge_id", "team_id", name=op.f("uq_participation_challenge_id_team_id")
        ),
        sa.UniqueConstraint("id", "challenge_id", name=op.f("uq_participation_id_challenge_id")),
    )
    op.create_index(op.f("ix_participation_team_id"), "participation", ["team_id"], unique=False)
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_team_member_user_id")
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_user_id"), "team_member", ["user_id"], unique=False)
    op.create_table(
        "participation_member",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("participation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.id"], name=op.f("fk_participation_member_challenge_id")
        ),
        sa.ForeignKeyConstraint(
            ["participation_id", "challenge_id"],
            ["participation.id", "participation.challenge_id"],
            name=op.f("fk_participation_member_participation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_participation_member_user_id")
        ),
        sa.PrimaryKeyConstraint("challenge_id", "user_id", name=op.f("pk_participation_member")),
    )
    op.create_index(
        op.f("ix_participation_member_participation_id"),
        "participation_member",
        ["participation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_participation_member_user_id"), "participation_member", ["user_id"], unique=False
    )
    op.create_table(
        "phase_task",
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("label_set_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("public_name", sa.Text(), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_phase_task_weight_positive")),
        sa.ForeignKeyConstraint(
            ["label_set_id"], ["label_set.id"], name=op.f("fk_phase_task_label_set_id")
        ),
        sa.ForeignKeyConstraint(["phase_id"], ["phase.id"], name=op.f("fk_phase_task_phase_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_phase_task_task_id")),
        sa.PrimaryKeyConstraint("phase_id", "task_id", name=op.f("pk_phase_task")),
        sa.UniqueConstraint("phase_id", "position", name=op.f("uq_phase_task_phase_id_position")),
        sa.UniqueConstraint(
            "phase_id", "public_name", name=op.f("uq_phase_task_phase_id_public_name")
        ),
    )
    op.create_index(op.f("ix_phase_task_task_id"), "phase_task", ["task_id"], unique=False)
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("participation_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=False),
        sa.Column("is_baseline", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method_name", sa.Text(), nullable=False),
        sa.Column("method_description", sa.Text(), nullable=False),
        sa.Column("project_url", sa.Text(), nullable=True),
        sa.Column("paper_url", sa.Text(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("matrix_sha256", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_fingerprint", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("queue_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts_allowed", sa.Integer(), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tasks_done", sa.Integer(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("failure_traceback", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'running') = (lease_expires_at IS NOT NULL)",
            name=op.f("ck_submission_running_has_a_lease"),
        ),
        sa.CheckConstraint(
            "(status IN ('rejected', 'failed')) = (failure_code IS NOT NULL)",
            name=op.f("ck_submission_failure_has_a_code"),
        ),
        sa.CheckConstraint(
            "(status IN ('scored', 'rejected', 'failed', 'withdrawn')) = (finished_at IS NOT NULL)",
            name=op.f("ck_submission_terminal_is_finished"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'scored', 'rejected', 'failed', 'withdrawn')",
            name=op.f("ck_submission_status_known"),
        ),
        sa.CheckConstraint(
            "is_baseline = (participation_id IS NULL)", name=op.f("ck_submission_owned_or_baseline")
        ),
        sa.ForeignKeyConstraint(
            ["participation_id"], ["participation.id"], name=op.f("fk_submission_participation_id")
        ),
        sa.ForeignKeyConstraint(["phase_id"], ["phase.id"], name=op.f("fk_submission_phase_id")),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["user_account.id"], name=op.f("fk_submission_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index(
        "ix_submission_leased",
        "submission",
        ["lease_expires_at"],
        unique=False,
        postgresql_where="status = 'running'",
    )
    op.create_index(
        op.f("ix_submission_matrix_sha256"), "submission", ["matrix_sha256"], unique=False
    )
    op.create_index("ix_submission_phase", "submission", ["phase_id", "status"], unique=False)
    op.create_index(
        "ix_submission_quota",
        "submission",
        ["participation_id", "phase_id", "received_at"],
        unique=False,
    )
    op.create_index(
        "ix_submission_waiting",
        "submission",
        ["queue_number"],
        unique=False,
        postgresql_where="status = 'queued'",
    )
    op.create_index(
        "uq_submission_idempotency",
        "submission",
        ["submitted_by_id", "phase_id", "idempotency_key"],
        unique=True,
        postgresql_where="idempotency_key IS NOT NULL",
    )
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("scorer", sa.Text(), nullable=False),
        sa.Column("scorer_version", sa.Integer(), nullable=False),
        sa.Column("rules_digest", sa.Text(), nullable=False),
        sa.Column("is_official", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_evaluation_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint(
            "submission_id",
            "scorer",
            "scorer_version",
            "rules_digest",
            name=op.f("uq_evaluation_submission_id_scorer_scorer_version_rules_digest"),
        ),
    )
    op.create_index(
        "uq_evaluation_official",
        "evaluation",
        ["submission_id"],
        unique=True,
        postgresql_where="is_official",
    )
    op.create_table(
        "task_score",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("label_set_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("std", sa.Double(), nullable=False),
        sa.Column("q", sa.Double(), nullable=False),
        sa.Column("standard_error", sa.Double(), nullable=False),
        sa.Column("split_scores", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.Column("penalties", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.id"], name=op.f("fk_task_score_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["label_set_id"], ["label_set.id"], name=op.f("fk_task_score_label_set_id")
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_score_task_id")),
        sa.PrimaryKeyConstraint("evaluation_id", "task_id", name=op.f("pk_task_score")),
    )
    op.create_index(op.f("ix_task_score_task_id"), "task_score", ["task_id"], unique=False)

    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
        END $$
        """
    )
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_is_immutable BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_task_score_task_id"), table_name="task_score")
    op.drop_table("task_score")
    op.drop_index("uq_evaluation_official", table_name="evaluation", postgresql_where="is_official")
    op.drop_table("evaluation")
    op.drop_index(
        "uq_submission_idempotency",
        table_name="submission",
        postgresql_where="idempotency_key IS NOT NULL",
    )
    op.drop_index(
        "ix_submission_waiting", table_name="submission", postgresql_where="status = 'queued'"
    )
    op.drop_index("ix_submission_quota", table_name="submission")
    op.drop_index("ix_submission_phase", table_name="submission")
    op.drop_index(op.f("ix_submission_matrix_sha256"), table_name="submission")
    op.drop_index(
        "ix_submission_leased", table_name="submission", postgresql_where="status = 'running'"
    )
    op.drop_table("submission")
    op.drop_index(op.f("ix_phase_task_task_id"), table_name="phase_task")
    op.drop_table("phase_task")
    op.drop_index(op.f("ix_participation_member_user_id"), table_name="participation_member")
    op.drop_index(
        op.f("ix_participation_member_participation_id"), table_name="participation_member"
    )
    op.drop_table("participation_member")
    op.drop_index(op.f("ix_team_member_user_id"), table_name="team_member")
    op.drop_table("team_member")
    op.drop_index(op.f("ix_participation_team_id"), table_name="participation")
    op.drop_table("participation")
    op.drop_index("ix_leaderboard_snapshot_phase", table_name="leaderboard_snapshot")
    op.drop_table("leaderboard_snapshot")
    op.drop_table("leaderboard")
    op.drop_table("label_set")
    op.drop_index(op.f("ix_token_user_id"), table_name="token")
    op.drop_table("token")
    op.drop_index("uq_team_name_folded", table_name="team")
    op.drop_table("team")
    op.drop_table("task")
    op.drop_table("phase")
    op.drop_index(op.f("ix_challenge_role_user_id"), table_name="challenge_role")
    op.drop_table("challenge_role")
    op.drop_table("user_account")
    op.drop_table("challenge")
    op.execute("DROP FUNCTION refuse_change")
    op.execute(sa.schema.DropSequence(sa.Sequence("leaderboard_snapshot_number")))
