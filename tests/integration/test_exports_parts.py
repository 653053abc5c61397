"""Exports where there is more than one score of a task: by private samples, by other rules."""

import io
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select, update

from app.models import Evaluation, Part, Phase, Selection, Submission, TaskScore, new_id
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest
from worker.parts import Parts


@pytest.fixture
def contest(api: Api, parts: Parts) -> Contest:
    return builders.contest(api, parts.sessions)


def rows_of(contest: Contest, **query: Any) -> pd.DataFrame:
    path = f"/challenges/{contest.challenge['slug']}/exports/scores.csv"
    answer = contest.host.api.get(path, params=query)
    assert answer.is_success, answer.text
    return pd.read_csv(io.BytesIO(answer.content))


def copied(row: Any, **changes: Any) -> Any:
    """A row with the values of another, but for what is changed."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return type(row)(**values | changes)


def test_scores_by_private_samples_have_rows_of_their_own(contest: Contest, parts: Parts) -> None:
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 1)
        bulk.hand_in(session, season, np.full((1, 2, 5), 0.5))
        for row in session.scalars(select(TaskScore).join(Evaluation).join(Submission).where(
            Submission.phase_id == UUID(contest.phase)
        )).all():  # fmt: skip
            session.add(copied(row, part=Part.PRIVATE, mean=0.25))
        session.commit()
    assert rows_of(contest)[["task", "part", "mean"]].values.tolist() == [
        ["height", "public", 0.5], ["wet", "public", 0.5],
        ["height", "private", 0.25], ["wet", "private", 0.25],
    ]  # fmt: skip
    assert rows_of(contest, part="private")["mean"].tolist() == [0.25, 0.25]
    assert len(rows_of(contest, part="public", splits=True)) == 2 * 5


def test_what_is_not_official_comes_where_it_is_asked_for(contest: Contest, parts: Parts) -> None:
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 1)
        [made] = bulk.hand_in(session, season, np.full((1, 2, 5), 0.5))
        old = session.scalars(select(Evaluation).where(Evaluation.submission_id == made)).one()
        scores = session.scalars(select(TaskScore).where(TaskScore.evaluation_id == old.id)).all()
        session.execute(update(Evaluation).where(Evaluation.id == old.id).values(is_official=False))
        new = copied(old, id=new_id(), is_official=True, rules_digest="1" * 64, scorer_version=2)
        session.add(new)
        session.flush()
        session.add_all(copied(row, evaluation_id=new.id, mean=0.75) for row in scores)
        session.commit()
    official = rows_of(contest)
    assert official[["scorer", "mean"]].values.tolist() == [["exact@2", 0.75]] * 2
    every = rows_of(contest, all_evaluations=True)
    assert every[["scorer", "official", "mean"]].values.tolist() == [
        ["exact@1", False, 0.5], ["exact@1", False, 0.5],
        ["exact@2", True, 0.75], ["exact@2", True, 0.75],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "standing"),
    [
        ({"selection": Selection.BEST}, ["counts", "another-is-better"]),
        ({"selection": Selection.LAST}, ["another-is-later", "counts"]),
        ({"selection": Selection.BEST, "ranking": "mean-q"}, ["another-is-better", "counts"]),
    ],
)
def test_standings_are_those_that_the_api_tells(
    contest: Contest, parts: Parts, rule: dict[str, Any], standing: list[str]
) -> None:
    # The first has the better mean, the second the better Q.
    scores = np.array([[[0.9, 0.3, 0.9]] * 2, [[0.6, 0.6, 0.6]] * 2])
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 2)
        made = bulk.hand_in(session, season, scores, teams=[0, 0])
        session.execute(update(Phase).where(Phase.id == UUID(contest.phase)).values(**rule))
        session.commit()
    frame = rows_of(contest).drop_duplicates("submission")
    assert frame.standing.tolist() == standing
    told = [contest.host.api.ok("GET", f"/submissions/{one}")["standing"] for one in made]
    assert told == standing
    counting = rows_of(contest, counting=True)
    assert set(counting.submission) == {str(made[standing.index("counts")])}
    assert set(counting.counts) == {True}


def test_those_who_are_out_are_told_so(contest: Contest, parts: Parts) -> None:
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 2)
        made = bulk.hand_in(session, season, np.full((2, 2, 5), 0.5))
        session.commit()
    reason = {"reason": "It was another team's.", "public": False}
    contest.host.api.ok("PUT", f"/submissions/{made[0]}/disqualification", json=reason)
    slug = contest.challenge["slug"]
    entrants = contest.host.api.ok("GET", f"/challenges/{slug}/participations")["items"]
    second = next(one for one in entrants if one["id"] == str(season.teams[1]))
    path = f"/challenges/{slug}/participations/{second['id']}/disqualification"
    contest.host.api.ok("PUT", path, json={"reason": "The whole team.", "public": False})
    assert set(rows_of(contest).standing) == {"disqualified"}
    assert rows_of(contest, counting=True).empty
    told = contest.host.api.ok("GET", f"/challenges/{slug}/exports/submissions.json")
    assert [one["disqualified_reason"] for one in told["submissions"]] == [
        "It was another team's.", "The whole team.",
    ]  # fmt: skip


def test_a_season_is_exported_in_batches(contest: Contest, parts: Parts) -> None:
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 30)
        teams = [number % 30 for number in range(600)]
        scores = np.random.default_rng(0).uniform(size=(600, 2, 3))
        bulk.hand_in(session, season, scores, teams=teams)
        session.commit()
    frame = rows_of(contest, splits=True)
    assert len(frame) == 600 * 2 * 3
    assert frame.score.tolist() == scores.ravel().tolist()
    assert rows_of(contest)["mean"].to_numpy() == pytest.approx(scores.mean(axis=2).ravel())
    assert len(rows_of(contest, counting=True)) == 30 * 2
