"""A ranking is begun when it is due, by one worker, and again by another if that one is killed."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.models import Leaderboard, Snapshot, Status, Submission
from app.queue import CONTROL_QUEUE, request_ranking
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest
from tests.bulk import Season
from worker.due import claim_ranking
from worker.parts import Parts
from worker.rank import rank_phase
from worker.sweep import announce_rankings

PAUSE = timedelta(seconds=10)
SCORES = np.random.default_rng(5).uniform(0.2, 0.8, (4, 2, 6))


@pytest.fixture
def contest(api: Api, parts: Parts) -> Contest:
    return builders.contest(api, parts.sessions)


@pytest.fixture
def season(parts: Parts, contest: Contest) -> Season:
    with parts.sessions() as session:
        made = bulk.enter_teams(session, UUID(contest.phase), 4)
        session.commit()
    return made


def hand_in(parts: Parts, season: Season, team: int, **columns: object) -> UUID:
    with parts.sessions() as session:
        (key,) = bulk.hand_in(session, season, SCORES[team : team + 1], teams=[team], **columns)
        session.commit()
    return key


def queue_one(parts: Parts, season: Season, team: int) -> UUID:
    return hand_in(parts, season, team, status=Status.QUEUED, finished_at=None)


def end(parts: Parts, season: Season, key: UUID, status: Status) -> None:
    with parts.sessions() as session:
        row = session.get_one(Submission, key)
        row.status, row.finished_at = status, utc_now()
        if status is Status.SCORED:
            request_ranking(session, season.phase_id)
        session.commit()


def board(parts: Parts, season: Season) -> Leaderboard:
    with parts.sessions() as session:
        return session.get_one(Leaderboard, season.phase_id)


def boards(parts: Parts, season: Season) -> int:
    with parts.sessions() as session:
        found = sa.select(sa.func.count()).where(Snapshot.phase_id == season.phase_id)
        return session.scalar(found) or 0


def claim(parts: Parts, season: Season, *, later: timedelta = timedelta(0)) -> bool:
    with parts.sessions() as session:
        claimed = claim_ranking(session, season.phase_id, now=utc_now() + later, pause=PAUSE)
        session.commit()
    return claimed


def test_a_burst_is_ranked_at_its_start_and_at_its_end(parts: Parts, season: Season) -> None:
    hand_in(parts, season, 0)
    waiting = [queue_one(parts, season, team) for team in (1, 2, 3)]
    rank_phase(parts, season.phase_id)
    assert boards(parts, season) == 1
    for key in waiting:
        assert board(parts, season).ranked < board(parts, season).requested or key == waiting[0]
        end(parts, season, key, Status.SCORED)
        rank_phase(parts, season.phase_id)
    assert boards(parts, season) == 2
    assert board(parts, season).ranked == board(parts, season).requested


def test_a_board_does_not_wait_for_longer_than_a_pause(parts: Parts, season: Season) -> None:
    hand_in(parts, season, 0)
    queue_one(parts, season, 1)
    assert claim(parts, season)
    assert not claim(parts, season, later=PAUSE / 2)
    assert claim(parts, season, later=PAUSE * 1.01)


def test_while_one_ranks_nobody_begins_beside_until_the_burst_is_over(
    parts: Parts, season: Season
) -> None:
    hand_in(parts, season, 0)
    last = queue_one(parts, season, 1)
    assert claim(parts, season)
    hand_in(parts, season, 2)
    assert not claim(parts, season)
    end(parts, season, last, Status.SCORED)
    assert claim(parts, season)


def test_a_ranking_whose_worker_was_killed_is_begun_again(parts: Parts, season: Season) -> None:
    hand_in(parts, season, 0)
    assert claim(parts, season)  # and the worker is gone
    assert boards(parts, season) == 0
    rank_phase(parts, season.phase_id)
    assert boards(parts, season) == 1


def test_the_sweep_asks_when_a_ranking_is_due_and_not_before(parts: Parts, season: Season) -> None:
    hand_in(parts, season, 0)
    last = queue_one(parts, season, 1)
    rank_phase(parts, season.phase_id)
    hand_in(parts, season, 2)
    announce_rankings(parts, now=utc_now())
    assert board(parts, season).announced_at is None
    announce_rankings(parts, now=utc_now() + PAUSE * 1.01)
    assert board(parts, season).announced_at is not None
    with parts.sessions() as session:
        session.get_one(Leaderboard, season.phase_id).announced_at = None
        session.commit()
    # The last one comes to nothing: it asks for no ranking, and still none is left undone.
    end(parts, season, last, Status.WITHDRAWN)
    announce_rankings(parts, now=utc_now())
    assert board(parts, season).announced_at is not None
    parts.redis.delete(CONTROL_QUEUE)
    rank_phase(parts, season.phase_id)
    assert board(parts, season).ranked == board(parts, season).requested
    announced = board(parts, season).announced_at
    announce_rankings(parts, now=utc_now() + timedelta(hours=1))
    assert board(parts, season).announced_at == announced


def test_a_board_that_says_the_same_is_noted_as_ranked_and_not_stored(
    parts: Parts, season: Season
) -> None:
    hand_in(parts, season, 0)
    rank_phase(parts, season.phase_id)
    before = board(parts, season).ranked_at
    with parts.sessions() as session:
        request_ranking(session, season.phase_id)
        session.commit()
    rank_phase(parts, season.phase_id)
    after = board(parts, season).ranked_at
    assert before is not None
    assert after is not None
    assert after > before
    assert boards(parts, season) == 1
