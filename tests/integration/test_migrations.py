"""The migrations: they make what the models say, and can be undone with data in every table."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from app.clock import utc_now
from app.models import (
    Base,
    MatrixSketch,
    Notice,
    PhaseExtension,
    RankingChange,
    Rescoring,
    RescoringItem,
    Team,
    TeamMerge,
)
from app.notices.recipients import fan_out
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.services import Services, alembic_config, migrated_database
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts, make_parts
from worker.rank import rank_phase

PREDEFINE = """
UPDATE phase_task SET splits = splits || '{"kind": "predefined", "n_splits": 1, "seed": 3}'
    || jsonb_build_object('test_size', NULL, 'marks', 'a digest')
"""
ONE_SPLIT = {"kind": "predefined", "predefined": "parts.csv", "seed": 3}


@pytest.fixture
def own(settings: Settings, services: Services, process_name: str) -> Iterator[Settings]:
    """Settings with a database that this test may take apart."""
    name = f"migrations_{process_name}"
    url = migrated_database(services, name)
    yield settings.model_copy(update={"database_url": url})
    services.postgres.drop_database(name)


def engine_of(settings: Settings) -> Engine:
    return sa.create_engine(settings.database_url, poolclass=sa.NullPool)


def tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_migrated_schema_is_the_models_schema(own: Settings) -> None:
    command.check(alembic_config(own.database_url))
    engine = engine_of(own)
    assert tables(engine) == set(Base.metadata.tables)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        checks = sa.text("SELECT conname FROM pg_constraint WHERE contype = 'c'")
        made = set(connection.scalars(checks))
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert declared <= made


def fill(settings: Settings, parts: Parts) -> None:
    """Live a whole life in the database, so that every table has a row."""
    own = make_parts(settings, parts.queue)
    with RunningServer(settings) as server, Api(server.url) as api:
        contest = builders.contest(
            api,
            own.sessions,
            files={"parts.csv": builders.parts_csv(), "groups.csv": builders.groups_csv()},
            tasks=["height", {"task": "wet", "splits": ONE_SPLIT}],
            analyses=["metrics", "predictions", "spectrum"],
            budget_bytes=16,
            scaling="per-dimension",
        )
        team = builders.contestant(api, contest.challenge)
        made = builders.submit(team, contest.phase, builders.truth()).json()
        evaluate_submission(own, UUID(made["id"]))
        rank_phase(own, UUID(contest.phase))
        why = {"reason": "What to beat."}
        contest.host.api.ok("POST", f"/submissions/{made['id']}/baseline", json=why)
        told = {"title": "News", "body": "It *begins*."}
        contest.host.api.ok(
            "POST", f"/challenges/{contest.challenge['slug']}/announcements", json=told
        )
        hook = {"url": "https://example.org/hook"}
        team.api.ok("POST", f"/teams/{team.teams[0]['id']}/webhooks", json=hook)
        team.api.ok("PUT", "/notices/preferences", json={"by_mail": {"scored": False}})
        team_id = team.teams[0]["id"]
    with own.sessions() as session:
        for notice_id in session.scalars(sa.select(Notice.id)):
            fan_out(session, notice_id, mail=True, now=utc_now())
        change = {"reason": "A better way.", "before": {}, "after": {}, "moves": []}
        phase, host = UUID(contest.phase), UUID(contest.host.id)
        session.add(RankingChange(phase_id=phase, by_id=host, at=utc_now(), **change))
        closes = {"closes_at_before": utc_now(), "closes_at": utc_now() + timedelta(days=1)}
        session.add(PhaseExtension(phase_id=phase, by_id=host, at=utc_now(), reason="?", **closes))
        team = session.get_one(Team, UUID(team_id))
        other = Team(
            slug="o", name="O", captain_id=host, invitation_digest="-", created_at=utc_now()
        )
        session.add(other)
        session.flush()
        ids = {"team_id": team.id, "joining_team_id": other.id, "proposed_by_id": team.captain_id}
        session.add(TeamMerge(**ids, proposed_at=utc_now()))
        rescoring = Rescoring(
            challenge_id=UUID(contest.challenge["id"]),
            reason="Wrong labels.",
            by_id=host,
            created_at=utc_now(),
            rules={},
        )
        session.add(rescoring)
        session.flush()
        session.add(
            RescoringItem(
                rescoring_id=rescoring.id,
                submission_id=UUID(made["id"]),
                phase_id=phase,
                attempts_allowed=3,
            )
        )
        key = {"matrix_sha256": "-", "samples_digest": "-"}
        session.add(MatrixSketch(**key, version=1, created_at=utc_now()))
        session.commit()
    own.close()


def test_a_database_with_data_goes_down_to_nothing_and_up_again(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            n_rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
            assert n_rows, f"{table.name} is empty"
    command.downgrade(alembic_config(own.database_url), "base")
    assert tables(engine) == set()
    with engine.connect() as connection:
        left = "SELECT count(*) FROM pg_class WHERE relname LIKE 'leaderboard%'"
        assert connection.scalar(sa.text(left)) == 0
        functions = "SELECT count(*) FROM pg_proc WHERE proname = 'refuse_change'"
        assert connection.scalar(sa.text(functions)) == 0
    command.upgrade(alembic_config(own.database_url), "head")
    command.check(alembic_config(own.database_url))
    fill(own, parts)


def columns(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_rows_keep_what_they_mean_from_one_revision_to_the_other(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    errors = "SELECT metric, standard_error IS NULL FROM task_score ORDER BY metric DESC"
    assert columns(engine, errors) == [("r2", False), ("f1", True)]
    command.downgrade(alembic_config(own.database_url), "0001")
    # There is one kind of splits, the phase's: the first task's figures are kept.
    figures = "SELECT n_splits, test_size, split_seed, scorer_version FROM phase"
    assert columns(engine, figures) == [(5, 0.2, 1, 0)]
    assert columns(engine, "SELECT standard_error FROM task_score WHERE metric = 'f1'") == [(0,)]
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never change"):
        connection.execute(sa.text("UPDATE task_score SET q = 0"))
    command.upgrade(alembic_config(own.database_url), "head")
    shuffled = {
        "kind": "shuffle", "n_splits": 5, "test_size": 0.2, "seed": 1, "shots": None, "marks": None,
    }  # fmt: skip
    rows = columns(engine, "SELECT splits FROM phase_task ORDER BY position")
    assert rows == [(shuffled,), (shuffled,)]
    assert columns(engine, "SELECT probe, signs FROM task") == [("linear", False)] * 2
    rules = "SELECT scorer, scorer_version, scaling, analyses, budget_bytes FROM phase"
    assert columns(engine, rules) == [("exact", 1, "scalar", [], None)]
    assert columns(engine, "SELECT analyses, predictions_digest FROM evaluation") == [(None, None)]
    # There the standard errors of one split became 0, which tells no ratio; the others do.
    ratios = "SELECT metric, test_to_train FROM task_score ORDER BY metric DESC"
    assert columns(engine, ratios) == [("r2", 0.25), ("f1", None)]
    with engine.begin() as connection:
        connection.execute(sa.text(PREDEFINE))
    command.downgrade(alembic_config(own.database_url), "0001")
    assert columns(engine, figures) == [(2, 0.1, 3, 0)]


RULES = """
SELECT ranking, ranking_floor, weights_frozen_at IS NULL, tie_break, win_rate_against, selection,
    selection_limit, select_by FROM phase
"""
BY_SELECTION = """
UPDATE phase SET ranking = 'copeland', ranking_floor = NULL, tie_break = 'mean-score',
    win_rate_against = 'baselines', selection = 'selected', selection_limit = 3
"""


def test_policies_without_a_name_before_become_the_default_ones(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    ratios = "SELECT metric, test_to_train FROM task_score ORDER BY metric DESC"
    assert columns(engine, ratios) == [("r2", 0.25), ("f1", 0.5)]
    with engine.begin() as connection:
        connection.execute(sa.text(BY_SELECTION))
    command.downgrade(alembic_config(own.database_url), "0002")
    assert columns(engine, "SELECT ranking, selection FROM phase") == [("average-rank", "best")]
    command.upgrade(alembic_config(own.database_url), "head")
    defaults = ("average-rank", 0, True, "none", "pool", "best", None, None)
    assert columns(engine, RULES) == [defaults]
    assert columns(engine, ratios) == [("r2", 0.25), ("f1", None)]
    assert columns(engine, "SELECT inputs, places FROM leaderboard_snapshot") == [(None, None)]


IN_TEAMS = "SELECT count(*) FROM participation_member"


def test_who_had_left_a_team_is_not_back_in_it_where_nothing_can_say_so(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    states = "SELECT state, disqualified_publicly, merged_into_id FROM participation"
    assert columns(engine, states) == [("approved", False, None)]
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE participation_member SET left_at = now()"))
    command.downgrade(alembic_config(own.database_url), "0005")
    assert columns(engine, IN_TEAMS) == [(0,)]
    command.upgrade(alembic_config(own.database_url), "head")
    rules = "SELECT approval, email_domains, teams_locked_at FROM challenge"
    assert columns(engine, rules) == [("automatic", [], None)]
    assert columns(engine, states) == [("approved", False, None)]


EXTEND = """
INSERT INTO phase_extension
    (id, phase_id, at, by_id, reason, closes_at_before, closes_at, extra_submissions)
SELECT gen_random_uuid(), phase_id, now(), by_id, '', {} FROM phase_extension
"""
CONTRADICTIONS = {
    "UPDATE participation SET state = 'declined'": "participation_declined_for_a_reason",
    "UPDATE participation SET state = 'maybe'": "participation_state_known",
    "UPDATE participation SET decided_at = now()": "participation_decided_by_somebody",
    "UPDATE submission SET disqualified_at = now()": "submission_disqualified_whole",
    "UPDATE participation SET disqualified_publicly = true": "participation_disqualified_whole",
    "UPDATE challenge SET approval = 'sometimes'": "challenge_approval_known",
    "UPDATE team_merge SET joining_team_id = team_id": "team_merge_of_two_teams",
    "UPDATE team_merge SET state = 'accepted', decided_at = now()": "team_merge_",
    "UPDATE phase SET selection = 'selected'": "phase_selected_has_a_limit",
    "UPDATE phase SET selection_limit = 3": "phase_selected_has_a_limit",
    "UPDATE phase SET selection = 'selected', selection_limit = 21": (
        "phase_selection_limit_in_bounds"
    ),
    "UPDATE phase SET select_by = 'mean-q', selection = 'last'": "phase_best_is_by_something",
    "UPDATE phase SET select_by = 'luck'": "phase_select_by_known",
    "UPDATE phase SET weights_frozen_at = now()": "phase_frozen_weights_are_neucos",
    "UPDATE phase SET tie_break = 'a coin'": "phase_tie_break_known",
    "UPDATE phase SET win_rate_against = 'all'": "phase_win_rate_against_known",
    "UPDATE phase SET ranking = 'by-name'": "phase_ranking_known",
    "UPDATE phase SET private_sides = 'a digest'": "phase_private_part_counted",
    "UPDATE phase SET private_sides = '-', n_private_samples = n_samples": (
        "phase_both_parts_have_samples"
    ),
    "UPDATE phase SET revealed_at = now()": "phase_revealed_is_private",
    "UPDATE leaderboard SET part = 'secret'": "leaderboard_part_known",
    "INSERT INTO notice (id, kind, at, facts) VALUES (gen_random_uuid(), 'merge', now(), '{}')": (
        "notice_"
    ),
    "UPDATE notice SET challenge_id = NULL WHERE kind = 'announcement'": "notice_of_a_challenge",
    EXTEND.format("now(), now(), NULL"): "phase_extension_closes_later",
    EXTEND.format("now(), NULL, NULL"): "phase_extension_grants_something",
    EXTEND.format("now(), NULL, 3"): "phase_extension_extra_submissions_are_a_teams",
    EXTEND.format("now(), now() + interval '1 day', 0"): "phase_extension_extra_submissions_",
}


def test_the_database_holds_policies_to_sense_and_their_changes_to_what_was_written(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    for statement, check in CONTRADICTIONS.items():
        refused = pytest.raises(sa.exc.IntegrityError, match=f"ck_{check}")
        with engine.connect() as connection, refused:
            connection.execute(sa.text(statement))
    for statement in (
        "UPDATE ranking_change SET reason = ''",
        "DELETE FROM ranking_change",
        "UPDATE phase_extension SET reason = ''",
        "DELETE FROM phase_extension",
    ):
        refused = pytest.raises(sa.exc.DBAPIError, match=r"rows of \w+ never change")
        with engine.connect() as connection, refused:
            connection.execute(sa.text(statement))


def test_private_scores_go_where_nothing_tells_them_from_public_ones(
    own: Settings, parts: Parts
) -> None:
    fill(own, parts)
    engine = engine_of(own)
    twice = (
        "CREATE TEMPORARY TABLE twin AS SELECT * FROM task_score",
        "UPDATE twin SET part = 'private'",
        "INSERT INTO task_score SELECT * FROM twin",
    )
    with engine.begin() as connection:
        for statement in twice:
            connection.execute(sa.text(statement))
    count = "SELECT count(*) FROM task_score"
    ((n_rows,),) = columns(engine, count)
    command.downgrade(alembic_config(own.database_url), "0008")
    assert columns(engine, count) == [(n_rows // 2,)]
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never change"):
        connection.execute(sa.text("UPDATE task_score SET q = 0"))
    command.upgrade(alembic_config(own.database_url), "head")
    assert columns(engine, "SELECT DISTINCT part FROM task_score") == [("public",)]
