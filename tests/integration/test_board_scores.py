"""Split scores as a board takes them: as they count, read once, and grouped by their splits."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.clock import utc_now
from app.leaderboards.ranking import read_contenders
from app.models import Evaluation, PhaseTask, TaskScore
from app.submissions.split_scores import ScoreCache, read_split_scores
from tests import builders, bulk
from tests.api import Api
from tests.bulk import Season
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.groups import read_labels_of_tasks, with_groups
from worker.parts import Parts

SCORES = np.random.default_rng(3).uniform(-3, 1, (4, 2, 7))


@pytest.fixture(scope="module")
def season(server: RunningServer, parts: Parts) -> Season:
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions)
    with parts.sessions() as session:
        made = bulk.enter_teams(session, UUID(contest.phase), 8)
        bulk.hand_in(session, made, SCORES)
        session.commit()
    return made


def evaluations(parts: Parts, season: Season) -> list[UUID]:
    with parts.sessions() as session:
        now = utc_now()
        found = read_contenders(session, season.phase_id, now=now)
    return [one.evaluation_id for one in found.pool]


def tasks(parts: Parts, season: Season) -> list[UUID]:
    with parts.sessions() as session:
        found = sa.select(PhaseTask.task_id).where(PhaseTask.phase_id == season.phase_id)
        return list(session.scalars(found.order_by(PhaseTask.position)))


def test_scores_count_from_minus_one_upwards_and_are_else_the_bits_that_were_stored(
    parts: Parts, season: Season
) -> None:
    keys = evaluations(parts, season)
    with parts.sessions() as session:
        found = read_split_scores(session, keys)
    for key, expected in zip(keys, SCORES, strict=True):
        for task_id, scores in zip(tasks(parts, season), expected, strict=True):
            np.testing.assert_array_equal(found[key].of(task_id), np.maximum(scores, -1.0))
            assert found[key].test_to_train[task_id] == bulk.RATIO


def test_the_means_a_board_ranks_are_those_the_scorer_stored(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    made = builders.submit(team, contest.phase, builders.blend(0.5, seed=2)).json()
    evaluate_submission(parts, UUID(made["id"]))
    with parts.sessions() as session:
        found = read_contenders(session, UUID(contest.phase), now=utc_now())
        (one,) = found.pool
        rows = session.scalars(
            sa.select(TaskScore).where(TaskScore.evaluation_id == one.evaluation_id)
        ).all()
    assert len(rows) == 2
    for row in rows:
        assert one.scores.of(row.task_id).mean() == row.mean
        assert one.scores.test_to_train[row.task_id] == row.test_to_train
    assert [task.test_to_train for task in found.rules.tasks] == [12 / 48, 12 / 48]


def test_scores_of_neuco_count_as_they_are(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 1)
        bulk.hand_in(session, season, SCORES[:1], scorer="neuco")
        session.commit()
    (key,) = evaluations(parts, season)
    with parts.sessions() as session:
        assert session.get_one(Evaluation, key).scorer == "neuco"
        found = read_split_scores(session, [key])[key]
    np.testing.assert_array_equal(found.of(tasks(parts, season)[0]), SCORES[0, 0])


def test_an_old_phase_whose_rows_do_not_tell_the_ratio_has_that_of_its_splits(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions)
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 1)
        bulk.hand_in(session, season, SCORES[:1], ratio=None)
        session.commit()
        found = read_contenders(session, season.phase_id, now=utc_now())
    assert [task.test_to_train for task in found.rules.tasks] == [0.25, 0.25]


def test_scores_are_read_once_in_the_life_of_a_cache(parts: Parts, season: Season) -> None:
    keys = evaluations(parts, season)
    cache = ScoreCache()
    statements: list[str] = []
    with parts.sessions() as session:
        bind = session.connection()
        event.listen(bind, "before_cursor_execute", lambda *args: statements.append(args[2]))
        first = cache.read(session, keys[:3])
        read = len(statements)
        again = cache.read(session, keys[:3])
        assert len(statements) == read
        assert {key: id(one) for key, one in again.items()} == {
            key: id(one) for key, one in first.items()
        }
        cache.read(session, keys)
        assert len(statements) == 2 * read
    assert cache.used_bytes == sum(one.n_bytes for one in first.values()) // 3 * 4


def test_a_cache_holds_no_more_than_it_may_and_still_gives_all(
    parts: Parts, season: Season
) -> None:
    keys = evaluations(parts, season)
    with parts.sessions() as session:
        size = read_split_scores(session, keys[:1])[keys[0]].n_bytes
        cache = ScoreCache(2 * size)
        assert set(cache.read(session, keys)) == set(keys)
        assert cache.used_bytes == 2 * size
        none = ScoreCache(1)
        assert set(none.read(session, keys)) == set(keys)
        assert none.used_bytes == 0
        assert none.read(session, []) == {}


def groups(parts: Parts, phase_id: UUID) -> list[str]:
    with parts.sessions() as session:
        rules = read_contenders(session, phase_id, now=utc_now()).rules
        labels = read_labels_of_tasks(session, phase_id)
    return [task.group for task in with_groups(rules, parts.blobs, labels).tasks]


def phase_of(api: Api, parts: Parts, *, drop: int = 0, **phase: object) -> UUID:
    """Open a phase whose second task has labels of `drop` samples fewer."""
    files = builders.bundle_files()
    lines = files["wet.csv"].splitlines(keepends=True)
    fewer = {"wet.csv": b"".join(lines[: len(lines) - drop])}
    return UUID(builders.contest(api, parts.sessions, files=fewer, **phase).phase)


def test_tasks_on_the_same_samples_and_splits_are_one_group(api: Api, parts: Parts) -> None:
    one, other = groups(parts, phase_of(api, parts))
    assert one == other
    first, second = groups(parts, phase_of(api, parts, drop=1))
    assert first == one
    assert second != one
    reseeded = {"n_splits": 5, "test_size": 0.2, "seed": 2}
    assert groups(parts, phase_of(api, parts, splits=reseeded))[0] != one


def test_tasks_whose_labels_decide_their_splits_are_groups_of_their_own(
    api: Api, parts: Parts
) -> None:
    few_shot = {"n_splits": 5, "test_size": 0.2, "seed": 1, "shots": 5}
    one, other = groups(parts, phase_of(api, parts, splits=few_shot))
    assert one != other


def test_a_board_without_blobs_at_hand_takes_each_task_for_itself(
    parts: Parts, season: Season
) -> None:
    with parts.sessions() as session:
        found = read_contenders(session, season.phase_id, now=utc_now())
    assert len({task.group for task in found.rules.tasks}) == 2
    assert replace(found.rules).weights == (1.0, 1.0)
