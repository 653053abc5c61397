"""extensions of phases, and notices of what organizers decide

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KINDS = (
    "'scored', 'rejected', 'failed', 'quota-free', 'phase-opens-soon', 'phase-closes-soon', "
    "'announcement', 'ranking-changed', 'rescored'"
)
NEW_KINDS = "'phase-extended', 'exception-granted', 'organizers-decided', 'merge'"
OF_KINDS = ("notice", "notice_preference")
REFERS = {
    "phase_id": "phase",
    "by_id": "user_account",
    "participation_id": "participation",
}


def upgrade() -> None:
    op.create_table(
        "phase_extension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phase_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("participation_id", sa.Uuid(), nullable=True),
        sa.Column("closes_at_before", INSTANT, nullable=False),
        sa.Column("closes_at", INSTANT, nullable=True),
        sa.Column("extra_submissions", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "closes_at IS NOT NULL OR extra_submissions IS NOT NULL",
            name=op.f("ck_phase_extension_grants_something"),
        ),
        sa.CheckConstraint(
            "participation_id IS NOT NULL OR extra_submissions IS NULL",
            name=op.f("ck_phase_extension_extra_submissions_are_a_teams"),
        ),
        sa.CheckConstraint(
            "closes_at > closes_at_before", name=op.f("ck_phase_extension_closes_later")
        ),
        sa.CheckConstraint(
            "extra_submissions > 0", name=op.f("ck_phase_extension_extra_submissions_positive")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_phase_extension_{column}")
            )
            for column, table in REFERS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phase_extension")),
    )
    op.create_index("ix_phase_extension_phase", "phase_extension", ["phase_id", "id"])
    op.create_index(
        op.f("ix_phase_extension_participation_id"), "phase_extension", ["participation_id"]
    )
    op.execute(
        "CREATE TRIGGER phase_extension_is_immutable BEFORE UPDATE OR DELETE ON phase_extension "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )

    for table in OF_KINDS:
        _hold_kinds(table, f"{KINDS}, {NEW_KINDS}, 'ping'")
    op.add_column("notice", sa.Column("team_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_notice_team_id"), "notice", "team", ["team_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(op.f("ix_notice_team_id"), "notice", ["team_id"])
    _hold_owner("kind = 'ping' OR (challenge_id IS NULL) = (team_id IS NOT NULL)")
    op.create_check_constraint(
        op.f("ck_notice_merges_are_of_a_team"), "notice", "(kind = 'merge') = (team_id IS NOT NULL)"
    )


def downgrade() -> None:
    # There is no way to tell what these tell, and nobody can be told without a challenge.
    for table in OF_KINDS:
        op.execute(f"DELETE FROM {table} WHERE kind IN ({NEW_KINDS})")  # noqa: S608 - constants
    op.drop_constraint(op.f("ck_notice_merges_are_of_a_team"), "notice")
    _hold_owner("kind = 'ping' OR challenge_id IS NOT NULL")
    op.drop_column("notice", "team_id")
    for table in OF_KINDS:
        _hold_kinds(table, f"{KINDS}, 'ping'")
    # Extensions for all stay: they are in the phases' own close.
    op.drop_table("phase_extension")


def _hold_kinds(table: str, kinds: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_kind_known"), table)
    op.create_check_constraint(op.f(f"ck_{table}_kind_known"), table, f"kind IN ({kinds})")


def _hold_owner(condition: str) -> None:
    op.drop_constraint(op.f("ck_notice_of_a_challenge"), "notice")
    op.create_check_constraint(op.f("ck_notice_of_a_challenge"), "notice", condition)
