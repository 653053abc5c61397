"""Exports: the same numbers as the API tells, in forms that pandas, Polars and Arrow read back."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.csv
import pyarrow.parquet
import pytest
from sqlalchemy import select

from app.models import AuditEntry
from probeboard.cli.main import main
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

FORMULA = '=HYPERLINK("http://example.org","x")'


@dataclass(frozen=True)
class Played:
    """A contest of four teams, one with two submissions, a baseline, and one that waits."""

    contest: Contest
    teams: list[Person]
    submissions: list[dict[str, Any]]

    @property
    def host(self) -> Api:
        return self.contest.host.api

    @property
    def exports(self) -> str:
        return f"/challenges/{self.contest.challenge['slug']}/exports"


@pytest.fixture(scope="module")
def played(server: RunningServer, parts: Parts) -> Iterator[Played]:
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions)
        teams = [builders.contestant(api, contest.challenge) for _ in range(4)]
        made = []
        for number, share in enumerate((0.9, 0.7, 0.5, 0.3, 0.8)):
            team = teams[number % 4]
            matrix = builders.blend(share, seed=number)
            made.append(builders.submit(team, contest.phase, matrix, method_name=FORMULA).json())
        made.append(
            builders.submit(contest.host, contest.phase, builders.noise(9), baseline="true").json()
        )
        for one in made:
            evaluate_submission(parts, UUID(one["id"]))
        made.append(builders.submit(teams[3], contest.phase, builders.noise(4)).json())
        rank_phase(parts, UUID(contest.phase))
        yield Played(contest, teams, made)


def get(played: Played, name: str, **query: Any) -> httpx.Response:
    answer = played.host.get(f"{played.exports}/{name}", params=query)
    assert answer.is_success, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert f".{name.partition('.')[2]}" in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer


def frame_of(answer: httpx.Response) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(answer.content))


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """The one JSON document among the server's lines of log."""
    out = capsys.readouterr().out
    return json.JSONDecoder().raw_decode(out[out.index("{\n") :])[0]


def test_a_row_for_each_task_has_the_scores_that_the_api_tells(played: Played) -> None:
    frame = frame_of(get(played, "scores.csv"))
    assert len(frame) == 6 * 2
    for made in played.submissions[:6]:
        told = played.host.ok("GET", f"/submissions/{made['id']}")
        rows = frame[frame.submission == made["id"]].set_index("task")
        for score in told["scores"]["tasks"]:
            row = rows.loc[score["task"]]
            for column in ("mean", "std", "standard_error", "q"):
                assert row[column] == score[column]
            assert row.n_splits == 5
            assert row.metric == score["metric"]
        assert set(rows.standing) == {told["standing"]}
        assert set(rows.counts) == {told["standing"] == "counts"}
        assert set(rows.received_at) == {told["received_at"]}
        assert set(rows.scorer) == {"exact@1"}
        assert set(rows.label_set) == {1}
        assert set(rows.part) == {"public"}
        assert set(rows.official) == {True}


def test_a_row_for_each_split_has_its_score(played: Played) -> None:
    frame = frame_of(get(played, "scores.csv", splits=True))
    assert len(frame) == 6 * 2 * 5
    for made in played.submissions[:6]:
        told = played.host.ok("GET", f"/submissions/{made['id']}")
        for score in told["scores"]["tasks"]:
            rows = frame[(frame.submission == made["id"]) & (frame.task == score["task"])]
            assert rows.split.tolist() == list(range(5))
            assert rows.raw_score.tolist() == score["split_scores"]
            assert rows.score.tolist() == np.maximum(score["split_scores"], -1.0).tolist()


@pytest.mark.parametrize("splits", [False, True])
def test_parquet_and_csv_hold_the_same(played: Played, splits: bool) -> None:
    parquet = get(played, "scores.parquet", splits=splits).content
    table = pyarrow.parquet.read_table(io.BytesIO(parquet))
    text = get(played, "scores.csv", splits=splits).content
    by_arrow = pyarrow.csv.read_csv(io.BytesIO(text))
    assert by_arrow.column_names == table.column_names
    for name in table.column_names:
        if name == "method":
            assert set(table[name].to_pylist()) == {FORMULA, "A method"}
            assert set(by_arrow[name].to_pylist()) == {f"'{FORMULA}", "A method"}
        elif not name.endswith("_at") and name != "team":
            assert by_arrow[name].to_pylist() == table[name].to_pylist(), name
    frame = pl.read_parquet(io.BytesIO(parquet))
    assert frame["received_at"].dtype == pl.Datetime("us", "UTC")
    assert pl.read_csv(io.BytesIO(text)).height == frame.height == table.num_rows
    assert pd.read_parquet(io.BytesIO(parquet))["q" if not splits else "score"].notna().all()


def test_rank_reads_the_splits_as_they_are_and_gives_the_boards_ranks(
    played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(get(played, "scores.csv", splits=True, phase="dev", counting=True).content)
    board = played.host.ok("GET", f"/phases/{played.contest.phase}/leaderboard")
    baseline = next(one["submission_id"] for one in board["entries"] if one["is_baseline"])
    assert main(["rank", str(path), "--baseline", baseline, "--json"]) == 0
    ranked = printed(capsys)["entries"]
    by_us = {one["submission_id"]: (one["rank"], one["would_rank"]) for one in board["entries"]}
    assert {one["method_name"]: (one["rank"], one["would_rank"]) for one in ranked} == by_us


def test_only_a_phase_of_the_challenge_can_be_asked_for(played: Played) -> None:
    assert frame_of(get(played, "scores.csv", phase="dev")).phase.unique().tolist() == ["dev"]
    for name in ("scores.csv", "scores.parquet", "submissions.json", "submissions.csv"):
        answer = played.host.get(f"{played.exports}/{name}", params={"phase": "none"})
        assert answer.status_code == 404


def test_what_has_no_scores_yet_gives_a_table_with_columns_and_no_rows(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions)
    path = f"/challenges/{contest.challenge['slug']}/exports"
    text = contest.host.api.get(f"{path}/scores.csv").text
    assert text.startswith("phase,submission,team,")
    assert text.count("\n") == 1
    parquet = contest.host.api.get(f"{path}/scores.parquet").content
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).num_rows == 0
    assert contest.host.api.ok("GET", f"{path}/submissions.json")["submissions"] == []
    assert contest.host.api.get(f"{path}/submissions.csv").text.count("\n") == 1


def test_the_manifest_has_every_submission_with_its_hashes(played: Played) -> None:
    told = json.loads(get(played, "submissions.json").content)
    assert told["challenge"] == played.contest.challenge["slug"]
    assert [one["id"] for one in told["submissions"]] == [one["id"] for one in played.submissions]
    for one in told["submissions"]:
        shown = played.host.ok("GET", f"/submissions/{one['id']}")
        for name in ("team", "status", "standing", "received_at", "method_name", "public"):
            assert one[name] == shown[name], name
        for name in ("file_name", "file_bytes", "file_sha256", "matrix_sha256", "facts"):
            assert one[name] == shown["receipt"][name], name
        assert one["phase"] == "dev"
    assert [one["evaluation"] is None for one in told["submissions"]] == [False] * 6 + [True]
    frame = frame_of(get(played, "submissions.csv"))
    assert frame.id.tolist() == [one["id"] for one in told["submissions"]]
    assert frame.method_name[0] == f"'{FORMULA}"
    assert frame.n_rows.tolist() == [60] * 7


def test_embeddings_come_back_as_they_were_checked(
    played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, team = played.submissions[0], played.teams[0]
    path = f"/submissions/{made['id']}/embeddings.npz"
    answer = team.api.get(path)
    with np.load(io.BytesIO(answer.content)) as arrays:
        assert arrays["ids"].tolist() == builders.sample_ids()
        np.testing.assert_array_equal(arrays["embeddings"], builders.blend(0.9, seed=0))
        assert arrays["embeddings"].dtype == np.float32
    matrix = made["receipt"]["matrix_sha256"]
    assert answer.headers["etag"] == f'"{matrix}"'
    assert team.api.get(path, headers={"If-None-Match": f'"{matrix}"'}).status_code == 304
    assert team.api.get(path).content == answer.content
    file, ids = tmp_path / "mine.npz", tmp_path / "ids.csv"
    file.write_bytes(answer.content)
    ids.write_bytes(team.api.get(f"/phases/{played.contest.phase}/samples.csv").content)
    command = ["check", str(file), "--ids", str(ids), "--dim", "4", "--json"]
    assert main(command) == 0
    assert printed(capsys)["sha256"] == matrix
    again = builders.submit(
        team, played.contest.phase, answer.content, file_name="embeddings.npz"
    ).json()
    assert again["receipt"]["matrix_sha256"] == matrix


def test_the_address_in_the_manifest_leads_to_the_embeddings(played: Played) -> None:
    told = json.loads(get(played, "submissions.json").content)["submissions"][1]
    place = told["embeddings_url"].partition("/api/v1")[2]
    assert told["embeddings_url"].startswith("http")
    assert played.host.get(place).headers["etag"] == f'"{told["matrix_sha256"]}"'


def test_who_took_what_is_in_the_audit_log_and_a_team_takes_its_own_unnoted(
    played: Played, parts: Parts
) -> None:
    made = played.submissions[2]
    played.teams[2].api.get(f"/submissions/{made['id']}/embeddings.npz")

    def noted(action: str, subject: str) -> list[AuditEntry]:
        with parts.sessions() as session:
            found = select(AuditEntry).where(
                AuditEntry.action == action, AuditEntry.subject_id == subject
            )
            return list(session.scalars(found))

    assert noted("embeddings.downloaded", made["id"]) == []
    played.host.get(f"/submissions/{made['id']}/embeddings.npz")
    [entry] = noted("embeddings.downloaded", made["id"])
    assert str(entry.actor_id) == played.contest.host.id
    get(played, "scores.parquet", phase="dev", splits=True)
    challenge = played.contest.challenge["id"]
    told = [one.after for one in noted("scores.exported", challenge)]
    assert {"form": "parquet", "phase": "dev", "splits": True} in told
    get(played, "submissions.csv")
    assert {"form": "csv", "phase": None} in [
        one.after for one in noted("submissions.exported", challenge)
    ]
