"""The command line and the worker give the same numbers, to the last bit."""

import json
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.models import Evaluation, Task, TaskScore
from probeboard.cli.main import main
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts


@pytest.mark.parametrize(
    ("scorer", "scaling"), [("exact", "scalar"), ("exact", "per-dimension"), ("neuco", "scalar")]
)
def test_a_local_file_scores_as_the_worker_scores_it(
    server: RunningServer,
    parts: Parts,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    scorer: str,
    scaling: str,
) -> None:
    units = np.array([1, 30, 0.1, 7], dtype=np.float32)
    embeddings = builders.csv_bytes(builders.blend(0.6, 1) * units)
    with Api(server.url) as api:
        rules = builders.phase_config(scorer=scorer, scaling=scaling)
        config = builders.bundle_config(phases=[rules])
        files = builders.bundle_files(config)
        host = builders.organizer(api, parts.sessions)
        challenge = builders.challenge(host, files)
        team = builders.contestant(api, challenge)
        phase = challenge["phases"][0]["id"]
        answer = builders.submit(team, phase, embeddings)
    key = UUID(answer.json()["id"])
    evaluate_submission(parts, key)

    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "height__regression.csv").write_bytes(files["height.csv"])
    (tmp_path / "labels" / "wet__classification.csv").write_bytes(files["wet.csv"])
    (tmp_path / "samples.csv").write_bytes(files["samples.csv"])
    (tmp_path / "embeddings.csv").write_bytes(embeddings)
    where = [str(tmp_path / name) for name in ("embeddings.csv", "labels")]
    splits = ["--splits", "5", "--test-size", "0.2", "--seed", "1"]
    ids = ["--ids", str(tmp_path / "samples.csv")]
    options = [*splits, *ids, "--scorer", scorer, "--scaling", scaling, "--jobs", "2", "--json"]
    capsys.readouterr()  # what the server logged
    assert main(["score", *where, *options]) == 0
    local = json.loads(capsys.readouterr().out)

    with parts.sessions() as session:
        stored = session.execute(
            sa.select(Task.slug, TaskScore)
            .join(Task, Task.id == TaskScore.task_id)
            .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
            .where(Evaluation.submission_id == key)
        ).all()
    by_task = {row.slug: row.TaskScore for row in stored}
    assert [task["task"] for task in local["tasks"]] == sorted(by_task)
    for task in local["tasks"]:
        theirs = by_task[task["task"]]
        assert task["split_scores"] == theirs.split_scores
        assert task["penalties"] == theirs.penalties
        assert (task["mean"], task["std"], task["q"]) == (theirs.mean, theirs.std, theirs.q)
        assert task["standard_error"] == theirs.standard_error
        assert task["metric"] == theirs.metric
