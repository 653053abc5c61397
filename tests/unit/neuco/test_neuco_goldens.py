"""NeuCo-Bench's own split scores, made with torch, on synthetic and on the demo's data."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "neuco-probing"
DEMO = ROOT / "examples" / "s1s2-timeseries"
TYPES = {"regression": TaskType.REGRESSION, "classification": TaskType.BINARY}
NAMES = ["synthetic", "s1s2_presto_pretrained", "s1s2_rgb_mean"]


def read_embeddings(name):
    if name == "synthetic":
        with (GOLDEN / "synthetic" / "submission.csv").open(newline="") as file:
            _, *rows = csv.reader(file)
        return [row[0] for row in rows], np.array([row[1:] for row in rows]).astype(np.float32)
    stem = name.removeprefix("s1s2_").replace("_", "-")
    table = pq.read_table(DEMO / "submissions" / f"{stem}.parquet")
    columns = [table[column].to_numpy() for column in table.column_names if column != "id"]
    return table["id"].to_pylist(), np.stack(columns, axis=1)


def read_task(path, ids):
    name, kind = path.stem.split("__")
    with path.open(newline="") as file:
        found = [(row["id"], float(row["label"])) for row in csv.DictReader(file)]
    row_of = {one: row for row, one in enumerate(ids)}
    rows = np.array([row_of[one] for one, _ in found])
    labels = np.array([label for _, label in found])
    if TYPES[kind] is TaskType.BINARY:
        labels = labels.astype(np.int64)
    splits = shuffle_splits(len(found), SplitSpec(n_splits=40, test_size=0.1, seed=42))
    return ProbeTask(name, TYPES[kind], rows, labels, splits)


@pytest.fixture(scope="module", params=NAMES)
def scored(request):
    """Scores by task: NeuCo-Bench's and ours."""
    ids, matrix = read_embeddings(request.param)
    labels = (GOLDEN / "synthetic" if request.param == "synthetic" else DEMO) / "labels"
    paths = [path for path in labels.glob("*.csv") if path.stem.split("__")[1] in TYPES]
    tasks = [read_task(path, ids) for path in paths]
    scores = score_tasks(prepare(matrix), tasks, scorer=get_scorer("neuco", 1))
    golden = json.loads((GOLDEN / f"{request.param}.json").read_text())["tasks"]
    return golden, {one.name: one for one in scores}


def test_every_split_has_the_score_neuco_bench_gave_it(scored):
    golden, scores = scored
    assert set(scores) == set(golden)
    for name, one in scores.items():
        np.testing.assert_allclose(
            one.split_scores, golden[name]["splits"], rtol=0, atol=1e-5, err_msg=name
        )


def test_mean_deviation_and_q_are_neuco_benchs_though_splits_below_minus_one_count_in_full(scored):
    golden, scores = scored
    for name, one in scores.items():
        assert one.mean == pytest.approx(golden[name]["mean"], abs=1e-5)
        assert one.std == pytest.approx(golden[name]["std"], abs=1e-5)
        assert one.q == pytest.approx(golden[name]["q"], abs=1e-3)
