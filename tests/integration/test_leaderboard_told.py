"""What a board tells beyond its lines: other methods, history, comparison, results, permalinks."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest

from app.leaderboards.board_schemas import MethodBoardView, ResultsTaskView
from app.leaderboards.comparison_schemas import ComparisonView
from app.leaderboards.history_schemas import HistoryView
from app.models import Snapshot, TaskScore
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}
NOWHERE = "019a9f00-0000-7000-8000-000000000000"


@dataclass
class Season:
    """A phase whose board changed three times: two teams, a third, a better one of the first."""

    contest: Contest
    teams: list[Person]
    boards: list[Any]

    @property
    def path(self) -> str:
        return f"/phases/{self.contest.phase}/leaderboard"

    @property
    def names(self) -> list[str]:
        return [str(team.teams[0]["name"]) for team in self.teams]

    def entry(self, team: int) -> Any:
        name = self.names[team]
        return next(one for one in self.boards[-1]["entries"] if one["team"] == name)


def score(parts: Parts, by: Person, contest: Contest, matrix: Any, **fields: Any) -> None:
    made = builders.submit(by, contest.phase, matrix, **fields)
    assert made.status_code == 201, made.text
    evaluate_submission(parts, UUID(made.json()["id"]))


@pytest.fixture(scope="module")
def season(server: RunningServer, parts: Parts) -> Iterator[Season]:
    with Api(server.url) as api:
        splits = {"n_splits": 6, "test_size": 0.2, "seed": 1}
        contest = builders.contest(api, parts.sessions, quota=ROOMY, splits=splits)
        teams = [builders.contestant(api, contest.challenge) for _ in range(3)]
        made = Season(contest, teams, [])

        def rank() -> None:
            rank_phase(parts, UUID(contest.phase))
            made.boards.append(api.ok("GET", made.path))

        links = {"project_url": "https://example.org/code", "paper_url": "https://example.org/p"}
        score(parts, teams[0], contest, builders.noise(1))
        score(parts, teams[1], contest, builders.blend(0.7), **links)
        rank()
        score(parts, teams[2], contest, builders.blend(0.5))
        score(parts, contest.host, contest, builders.noise(2), baseline="true")
        rank()
        score(parts, teams[0], contest, builders.truth())
        rank()
        yield made


def test_other_methods_order_the_same_snapshot_and_say_that_they_do_not_count(
    api: Api, season: Season
) -> None:
    board = season.boards[-1]
    others = [method for method in board["methods"] if method != board["method"]]
    assert "mean-score" in others
    further = board["further_methods"]
    assert "median-then-rank" in further
    for method in (*others, *further):
        told = api.ok("GET", season.path, params={"method": method})
        MethodBoardView.model_validate(told)
        assert (told["official"], told["method"]) == (False, method)
        assert told["official_method"] == board["method"]
        assert board["uncertainty"]["shown"]
        assert not told["uncertainty"]["shown"]
        assert told["uncertainty"]["reason"]
        assert (told["snapshot"], told["ranked_at"]) == (board["snapshot"], board["ranked_at"])
        by_id = {one["submission_id"]: one for one in board["entries"]}
        assert set(by_id) == {one["submission_id"] for one in told["entries"]}
        places = [one["rank"] or one["would_rank"] for one in told["entries"]]
        assert places == sorted(places)
        for one in told["entries"]:
            official = by_id[one["submission_id"]]
            place = one["would_rank"] if one["is_baseline"] else one["rank"]
            assert place == (official["ranks"] | official["further_ranks"])[method]
            assert one["mean_score"] == official["mean_score"]
            assert one["rank_interval"] is one["tier"] is one["aggregate"] is None


def test_the_official_method_by_name_is_the_stored_board(api: Api, season: Season) -> None:
    answer = api.get(season.path, params={"method": "average-rank"})
    assert answer.content == api.get(season.path).content


def test_each_order_has_a_tag_of_its_own(api: Api, season: Season) -> None:
    first = api.get(season.path, params={"method": "mean-q"})
    known = {"If-None-Match": first.headers["etag"]}
    assert api.get(season.path, params={"method": "mean-q"}, headers=known).status_code == 304
    assert api.get(season.path, params={"method": "mean-score"}, headers=known).status_code == 200


def test_a_method_there_is_not_is_refused_and_one_the_board_lacks_is_not_on_it(
    api: Api, season: Season, parts: Parts
) -> None:
    refused = api.get(season.path, params={"method": "coin-toss"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/method"
    empty = builders.contest(api, parts.sessions)
    path = f"/phases/{empty.phase}/leaderboard"
    missing = api.get(path, params={"method": "copeland", "at": "2020-01-01T00:00:00Z"})
    assert missing.status_code == 404
    assert missing.json()["type"].endswith("/problems/not-on-board")


def test_the_history_tells_who_stood_where_and_cites_each_snapshot(
    api: Api, season: Season
) -> None:
    told = HistoryView.model_validate(api.ok("GET", f"{season.path}/history"))
    assert told.total == 3
    assert [point.snapshot for point in told.points] == [one["snapshot"] for one in season.boards]
    assert [point.n_entries for point in told.points] == [2, 3, 3]
    for point, board in zip(told.points, season.boards, strict=True):
        assert api.ok("GET", point.link.removeprefix("/api/v1")) == board
    tracks = {track.team: track.ranks for track in told.teams}
    for team in range(3):
        name = season.names[team]
        ranks = [
            next((one["rank"] for one in board["entries"] if one["team"] == name), None)
            for board in season.boards
        ]
        assert tracks[name] == ranks
    assert told.teams[0].team == season.names[0]


def test_a_long_history_is_thinned_and_keeps_its_ends(api: Api, season: Season) -> None:
    ends = HistoryView.model_validate(api.ok("GET", f"{season.path}/history?limit=2&teams=1"))
    numbers = [one["snapshot"] for one in season.boards]
    assert [point.snapshot for point in ends.points] == [numbers[0], numbers[-1]]
    assert (ends.total, ends.total_teams, len(ends.teams)) == (3, 3, 1)
    (last,) = api.ok("GET", f"{season.path}/history?limit=1")["points"]
    assert last["snapshot"] == numbers[-1]
    for query in ("limit=0", "limit=401", "teams=0"):
        assert api.get(f"{season.path}/history?{query}").status_code == 422


def test_a_board_nobody_is_on_has_an_empty_history(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    told = api.ok("GET", f"/phases/{contest.phase}/leaderboard/history")
    assert (told["total"], told["points"], told["teams"]) == (0, [], [])


def compared(api: Api, season: Season, a: Any, b: Any) -> httpx.Response:
    ids = {"a": a["submission_id"], "b": b["submission_id"]}
    return api.get(f"{season.path}/comparison", params=ids)


def test_two_entries_differ_by_the_figures_the_board_was_made_from(
    api: Api, parts: Parts, season: Season
) -> None:
    best, other = season.entry(0), season.entry(1)
    told = ComparisonView.model_validate(compared(api, season, best, other).json())
    with parts.sessions() as session:
        snapshot = session.query(Snapshot).filter_by(number=told.snapshot).one()
        assert snapshot.inputs is not None
        evaluations = {
            one["submission_id"]: UUID(one["evaluation_id"])
            for one in snapshot.inputs["contenders"]
        }
        means = [
            {
                row.task_id: row.mean
                for row in session.query(TaskScore).filter_by(evaluation_id=evaluations[one])
            }
            for one in (best["submission_id"], other["submission_id"])
        ]
    differences = [means[0][task] - means[1][task] for task in means[0]]
    decimals = season.boards[-1]["decimals"]
    shown = sorted(one.difference for one in told.tasks if one.difference is not None)
    assert shown == pytest.approx(sorted(differences), abs=10**-decimals)
    for one in (told.overall, *told.tasks):
        assert one.low is not None
        assert one.high is not None
        assert one.difference is not None
        assert one.low <= one.difference <= one.high
        for figure in (one.low, one.high, one.difference):
            assert figure == round(figure, decimals)
    assert told.overall.p_better is not None
    assert told.overall.p_better > 0.9
    assert told.overall.difference == pytest.approx(np.mean(differences), abs=10**-decimals)


def test_a_comparison_the_other_way_round_is_the_same_with_its_sign_turned(
    api: Api, season: Season
) -> None:
    one, other = season.entry(1), season.entry(2)
    forth = ComparisonView.model_validate(compared(api, season, one, other).json())
    back = ComparisonView.model_validate(compared(api, season, other, one).json())
    assert forth.overall.difference == -(back.overall.difference or 0.0)
    assert (forth.overall.low, forth.overall.high) == pytest.approx(
        (-(back.overall.high or 0.0), -(back.overall.low or 0.0)), abs=2e-4
    )
    same = ComparisonView.model_validate(compared(api, season, one, one).json())
    assert (same.overall.difference, same.overall.p_better) == (0.0, 0.5)


def test_a_baseline_can_be_compared_and_what_is_not_on_the_board_cannot(
    api: Api, season: Season
) -> None:
    baseline = next(one for one in season.boards[-1]["entries"] if one["is_baseline"])
    answer = compared(api, season, season.entry(0), baseline)
    assert (answer.status_code, answer.json()["b"]["team"]) == (200, None)
    known = {"If-None-Match": answer.headers["etag"]}
    assert api.get(str(answer.url).split("/api/v1")[1], headers=known).status_code == 304
    replaced = next(one for one in season.boards[0]["entries"] if one["team"] == season.names[0])
    for missing in (replaced, {"submission_id": NOWHERE}):
        refused = compared(api, season, season.entry(1), missing)
        assert refused.status_code == 404
        assert refused.json()["type"].endswith("/problems/not-on-board")
    for ids in ({}, {"a": NOWHERE}, {"a": "x", "b": "y"}):
        assert api.get(f"{season.path}/comparison", params=ids).status_code == 422


def test_results_by_task_have_the_figures_and_links_of_the_board(api: Api, season: Season) -> None:
    told = api.ok("GET", f"{season.path}.results.json")
    board = season.boards[-1]
    tasks = [ResultsTaskView.model_validate(one) for one in told]
    assert [one.task for one in tasks] == ["All tasks", *(one["name"] for one in board["tasks"])]
    for task in tasks[1:]:
        (dataset,) = task.datasets
        (metric,) = dataset.sota.metrics
        for row, entry in zip(dataset.sota.rows, board["entries"], strict=True):
            assert float(row.metrics[metric]) == entry["tasks"][task.task]["mean"]
            assert row.paper_url == (entry["paper_url"] or "")
            assert [link.url for link in row.code_links] == [
                link for link in [entry["project_url"]] if link
            ]
            assert entry["method_name"] in row.model_name
    overall = tasks[0].datasets[0].sota
    ranks = [row.metrics.get("Rank") for row in overall.rows]
    assert ranks == [one["rank"] and str(one["rank"]) for one in board["entries"]]
    link = tasks[0].source_link.url
    assert api.ok("GET", link.partition("/api/v1")[2]) == board


def test_a_snapshot_is_cited_by_number_and_hash(api: Api, season: Season) -> None:
    board = season.boards[0]
    path = f"/leaderboards/snapshots/{board['snapshot']}"
    answer = api.get(path)
    sha256 = answer.headers["etag"].removeprefix("W/").strip('"')
    assert f"?sha256={sha256}>" in answer.headers["link"]
    for cited in (sha256, sha256[:8]):
        assert api.ok("GET", f"{path}?sha256={cited}") == board
    other = "0" * 64 if not sha256.startswith("0") else "1" * 64
    assert api.get(f"{path}?sha256={other}").status_code == 404
    for wrong in ("short", sha256.upper(), "g" * 64):
        assert api.get(f"{path}?sha256={wrong}").status_code == 422


def test_a_snapshot_has_all_forms_of_the_board(api: Api, season: Season) -> None:
    newest = f"/leaderboards/snapshots/{season.boards[-1]['snapshot']}"
    for suffix in (".csv", ".md", ".results.json"):
        assert api.get(newest + suffix).content == api.get(season.path + suffix).content
    old = api.get(f"/leaderboards/snapshots/{season.boards[0]['snapshot']}.csv")
    rows = list(csv.DictReader(io.StringIO(old.text)))
    assert len(rows) == len(season.boards[0]["entries"])
    assert api.get("/leaderboards/snapshots/0.csv").status_code == 422
    assert api.get(f"/leaderboards/snapshots/{2**62}.md").status_code == 404
