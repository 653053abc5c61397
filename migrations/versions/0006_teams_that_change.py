"""teams that change, approval, disqualification

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
DISQUALIFIABLE = ("participation", "submission")
CHECKS = {
    "participation": {
        "state_known": "state IN ('pending', 'approved', 'declined')",
        "declined_for_a_reason": "(state = 'declined') = (decision_reason IS NOT NULL)",
        "decided_by_somebody": "(decided_at IS NULL) = (decided_by_id IS NULL)",
    },
    "challenge": {"approval_known": "approval IN ('automatic', 'required')"},
}
WHOLE = (
    "(disqualified_at IS NULL) = (disqualified_by_id IS NULL) "
    "AND (disqualified_at IS NULL) = (disqualified_reason IS NULL) "
    "AND (disqualified_at IS NOT NULL OR NOT disqualified_publicly)"
)


def upgrade() -> None:
    _add("challenge", "approval", sa.Text(), as_before="'automatic'")
    _add("challenge", "email_domains", postgresql.ARRAY(sa.Text()), as_before="'{}'")
    op.add_column("challenge", sa.Column("teams_locked_at", INSTANT, nullable=True))
    op.add_column("team", sa.Column("closed_at", INSTANT, nullable=True))
    op.add_column("participation_member", sa.Column("left_at", INSTANT, nullable=True))

    _add("participation", "state", sa.Text(), as_before="'approved'")
    op.add_column("participation", sa.Column("decided_at", INSTANT, nullable=True))
    _refer("participation", "decided_by_id", "user_account")
    op.add_column("participation", sa.Column("decision_reason", sa.Text(), nullable=True))
    _refer("participation", "merged_into_id", "participation")
    for table in DISQUALIFIABLE:
        op.add_column(table, sa.Column("disqualified_at", INSTANT, nullable=True))
        _refer(table, "disqualified_by_id", "user_account")
        op.add_column(table, sa.Column("disqualified_reason", sa.Text(), nullable=True))
        _add(table, "disqualified_publicly", sa.Boolean(), as_before="false")
        op.create_check_constraint(op.f(f"ck_{table}_disqualified_whole"), table, WHOLE)
    for table, checks in CHECKS.items():
        for name, condition in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)

    op.create_table(
        "team_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("joining_team_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'accepted', 'declined', 'withdrawn')",
            name=op.f("ck_team_merge_state_known"),
        ),
        sa.CheckConstraint("team_id <> joining_team_id", name=op.f("ck_team_merge_of_two_teams")),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_team_merge_decided_whole"),
        ),
        sa.CheckConstraint(
            "(state = 'accepted') = (record IS NOT NULL)",
            name=op.f("ck_team_merge_accepted_is_recorded"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_team_merge_{column}"))
            for column, table in (
                ("team_id", "team"),
                ("joining_team_id", "team"),
                ("proposed_by_id", "user_account"),
                ("decided_by_id", "user_account"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_merge")),
    )
    op.create_index(op.f("ix_team_merge_joining_team_id"), "team_merge", ["joining_team_id"])
    op.create_index(
        "uq_team_merge_open",
        "team_merge",
        ["team_id", "joining_team_id"],
        unique=True,
        postgresql_where="state = 'proposed'",
    )


def downgrade() -> None:
    op.drop_table("team_merge")
    for table, checks in CHECKS.items():
        for name in checks:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    # What was disqualified counts again: there is no place to say that it does not.
    for table in DISQUALIFIABLE:
        op.drop_constraint(op.f(f"ck_{table}_disqualified_whole"), table)
        for column in ("publicly", "reason", "by_id", "at"):
            op.drop_column(table, f"disqualified_{column}")
    for column in ("merged_into_id", "decision_reason", "decided_by_id", "decided_at", "state"):
        op.drop_column("participation", column)
    # Who had left would be back in the team, and see what it hands in.
    op.execute("DELETE FROM participation_member WHERE left_at IS NOT NULL")
    op.drop_column("participation_member", "left_at")
    op.drop_column("team", "closed_at")
    for column in ("teams_locked_at", "email_domains", "approval"):
        op.drop_column("challenge", column)


def _add(table: str, column: str, kind: sa.types.TypeEngine[object], *, as_before: str) -> None:
    """Add a column that says of the rows there are what was so without it."""
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=sa.text(as_before)))
    op.alter_column(table, column, server_default=None)


def _refer(table: str, column: str, target: str) -> None:
    op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, target, [column], ["id"])
