"""`probeboard score`: the numbers of the library, whatever the order and number of processes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probeboard.labelsets import SplitKind, SplitSpec, TaskType, make_splits, read_labels
from probeboard.probing import ProbeTask, Scaling, TaskScores, get_scorer, prepare, score_tasks
from tests.unit.cli.conftest import Command, World

GOLDEN = Path(__file__).parents[2] / "golden" / "neuco-probing"
FIVE = SplitSpec(n_splits=5)


def by_library(
    world: World,
    spec: SplitSpec = FIVE,
    marks: dict[str, str] | None = None,
    scaling: Scaling = Scaling.SCALAR,
) -> list[TaskScores]:
    """Score as the worker does: labels in sample order, all tasks of the evaluation."""
    tasks = []
    for name, kind in (("height", TaskType.REGRESSION), ("wet", TaskType.BINARY)):
        (path,) = world.labels.glob(f"{name}__*.csv")
        labels = read_labels(path.read_bytes(), task_type=kind, known_ids=world.ids)
        rows = np.array([world.ids.index(sample) for sample in labels.sample_ids])
        splits = make_splits(labels, spec, marks)
        tasks.append(ProbeTask(name, kind, rows, labels.labels, splits))
    prepared = prepare(world.matrix, scaling=scaling)
    return list(score_tasks(prepared, tasks, scorer=get_scorer("exact")))


def split_scores(document: Any) -> list[list[float]]:
    return [task["split_scores"] for task in document["tasks"]]


def test_scores_are_those_of_the_library_to_the_last_bit(score: Command, world: World) -> None:
    ended = score()
    assert (ended.status, ended.err) == (0, "")
    for task, expected in zip(ended.document["tasks"], by_library(world), strict=True):
        assert task["task"] == expected.name
        assert task["split_scores"] == expected.split_scores.tolist()
        assert (task["mean"], task["std"], task["q"]) == (expected.mean, expected.std, expected.q)
        assert task["standard_error"] == expected.standard_error
    means = [task["mean"] for task in ended.document["tasks"]]
    assert ended.document["mean_score"] == np.mean(means)


def test_the_receipt_says_what_the_numbers_were_made_of(score: Command) -> None:
    document = score("--seed", "7", "--test-size", "0.2").document
    receipt = document["receipt"]
    assert document["scorer"] == "exact@1"
    assert (receipt["samples"], receipt["unlabelled_samples"]) == (80, 0)
    assert receipt["scaling"] == "scalar"
    assert receipt["splits"] == {
        "n_splits": 5,
        "test_size": 0.2,
        "seed": 7,
        "kind": "shuffle",
        "shots": None,
        "marks_sha256": None,
    }
    assert {"numpy", "scipy", "blas_kernel"} <= set(receipt["packages"])
    assert len(receipt["embeddings_sha256"]) == 64


def test_the_order_of_rows_changes_nothing(score: Command, world: World) -> None:
    before = score().document
    order = np.random.default_rng(1).permutation(len(world.ids))
    world.write_embeddings(world.matrix[order], [world.ids[i] for i in order])
    path = world.labels / "height__regression.csv"
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(lines), ""]))
    after = score().document
    assert after == before


def test_processes_share_the_tasks_and_change_no_bit(probeboard: Command, world: World) -> None:
    command = ("score", world.file, world.labels, "--splits", "5", "--json")
    alone = probeboard(*command, "--jobs", "1")
    assert probeboard(*command, "--jobs", "2") == alone
    neuco = (*command, "--scorer", "neuco")
    assert probeboard(*neuco, "--jobs", "2") == probeboard(*neuco, "--jobs", "1")


def test_neuco_gives_the_figures_of_neuco_bench_on_its_own_layout(probeboard: Command) -> None:
    where = (GOLDEN / "synthetic" / "submission.csv", GOLDEN / "synthetic" / "labels")
    document = probeboard("score", *where, "--scorer", "neuco", "--jobs", "1", "--json").document
    golden = json.loads((GOLDEN / "synthetic.json").read_text())["tasks"]
    assert [task["task"] for task in document["tasks"]] == sorted(golden)
    for task in document["tasks"]:
        np.testing.assert_allclose(task["split_scores"], golden[task["task"]]["splits"], atol=1e-5)


def test_a_table_shows_every_task_and_the_mean(probeboard: Command, world: World) -> None:
    ended = probeboard("score", world.file, world.labels, "--splits", "5", "--jobs", "1")
    lines = ended.out.splitlines()
    assert lines[0] == "exact@1, 5 shuffle splits, test size 0.1, seed 42"
    height, wet = by_library(world)
    assert f"{height.mean:.4f}  ± {height.standard_error:.4f}" in ended.out
    assert f"{wet.std:.4f}  {wet.q:.2f}" in ended.out
    assert lines[-1].split() == [
        "mean",
        "of",
        "the",
        "tasks",
        f"{(height.mean + wet.mean) / 2:.4f}",
    ]


def test_more_than_two_classes_are_multiclass(score: Command, world: World) -> None:
    world.write_labels("cover__classification", [number % 3 for number in range(80)])
    task = score("--tasks", "cover").document["tasks"][0]
    assert (task["type"], task["metric"]) == ("multiclass", "macro_f1")


def test_multilabel_files_have_a_column_for_each_class(score: Command, world: World) -> None:
    rows = [f"{one},{number % 2},{number // 2 % 2}" for number, one in enumerate(world.ids)]
    (world.labels / "land__multilabel.csv").write_text("\n".join(["id,dry,wet", *rows, ""]))
    task = score("--tasks", "land").document["tasks"][0]
    assert (task["metric"], np.shape(task["penalties"])) == ("micro_map", (5, 2))


def test_groups_stay_together(score: Command, world: World) -> None:
    marks = {one: str(number // 8) for number, one in enumerate(world.ids)}
    groups = world.write("groups.csv", "\n".join(["id,group", *map(",".join, marks.items())]))
    document = score("--groups", groups).document
    expected = by_library(world, SplitSpec(n_splits=5, kind=SplitKind.GROUPED), marks)
    assert split_scores(document) == [one.split_scores.tolist() for one in expected]
    assert len(document["receipt"]["splits"]["marks_sha256"]) == 64


def test_classes_keep_their_proportions_and_shots_their_number(
    score: Command, world: World
) -> None:
    document = score("--stratified", "--shots", "6", "--tasks", "wet").document
    path = world.labels / "wet__classification.csv"
    labels = read_labels(path.read_bytes(), task_type=TaskType.BINARY, known_ids=world.ids)
    spec = SplitSpec(n_splits=5, kind=SplitKind.STRATIFIED, shots=6)
    splits = make_splits(labels, spec)
    task = ProbeTask("wet", TaskType.BINARY, np.arange(80), labels.labels, splits)
    (expected,) = score_tasks(prepare(world.matrix), [task], scorer=get_scorer("exact"))
    assert split_scores(document) == [expected.split_scores.tolist()]


def test_one_predefined_split_has_no_standard_error(probeboard: Command, world: World) -> None:
    parts = [f"{one},{'test' if n % 4 == 0 else 'train'}" for n, one in enumerate(world.ids)]
    marks = world.write("parts.csv", "\n".join(["id,split", *parts]))
    command = ("score", world.file, world.labels, "--jobs", "1", "--predefined", marks)
    document = probeboard(*command, "--json").document
    assert [task["standard_error"] for task in document["tasks"]] == [None, None]
    assert [task["std"] for task in document["tasks"]] == [0.0, 0.0]
    text = probeboard(*command).out
    assert text.startswith("exact@1, 1 predefined split\n")
    assert text.count("±") == 1  # in the header


def test_neighbours_are_a_probe_too(score: Command, probeboard: Command, world: World) -> None:
    task = score("--tasks", "wet", "--probe", "retrieval", "--signs").document["tasks"][0]
    assert task["metric"] == "map_at_20"
    shown = probeboard(
        *("score", world.file, world.labels, "--tasks", "wet", "--splits", "5", "--jobs", "1"),
        *("--probe", "knn", "--signs"),
    )
    assert shown.out.startswith("exact@1, knn on signs, 5 shuffle splits")


def test_a_probe_with_one_metric_is_said_to_have_no_further(
    probeboard: Command, world: World
) -> None:
    shown = probeboard(
        *("score", world.file, world.labels, "--tasks", "wet", "--splits", "5", "--jobs", "1"),
        *("--probe", "retrieval", "--analyses", "metrics"),
    )
    assert shown.out.endswith("\n\nno further metrics for these tasks\n")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_dimension_is_divided_by_its_own_number_if_asked_to(
    probeboard: Command, world: World, jobs: str
) -> None:
    world.matrix[:, 0] *= 50
    world.write_embeddings()
    asked = ("score", world.file, world.labels, "--splits", "5", "--jobs", jobs)
    asked += ("--scaling", "per-dimension")
    document = probeboard(*asked, "--analyses", "rate-distortion", "--json").document
    expected = by_library(world, scaling=Scaling.PER_DIMENSION)
    assert split_scores(document) == [one.split_scores.tolist() for one in expected]
    assert split_scores(document) != [one.split_scores.tolist() for one in by_library(world)]
    assert document["receipt"]["scaling"] == "per-dimension"
    half = document["analyses"]["rate_distortion"][0]
    assert half["encoding"] == "float16"
    assert half["mean_score"] == pytest.approx(document["mean_score"], abs=0.02)
    assert probeboard(*asked).out.startswith("exact@1, per-dimension scaling, 5 shuffle splits")


def test_analyses_are_shown_and_stored(score: Command, probeboard: Command, world: World) -> None:
    wanted = ("--analyses", "metrics,spectrum,rate-distortion")
    analyses = score(*wanted).document["analyses"]
    assert list(analyses) == ["metrics", "spectrum", "rate_distortion"]
    assert set(analyses["metrics"]["height"]) == {"mse", "mae", "spearman"}
    text = probeboard(
        "score", world.file, world.labels, "--splits", "5", "--jobs", "1", *wanted
    ).out
    accuracy = analyses["metrics"]["wet"]["accuracy"]["mean"]
    assert any(
        line.split()[:3] == ["wet", "accuracy", f"{accuracy:.4g}"] for line in text.splitlines()
    )
    assert f"{analyses['spectrum']['participation_ratio']:.6g}" in text
    assert f"{analyses['rate_distortion'][-1]['mean_score']:.4f}" in text


@pytest.mark.parametrize("grouped", [False, True])
def test_errors_by_samples_are_shown_beside_those_by_splits(
    probeboard: Command, world: World, grouped: bool
) -> None:
    lines = [f"{one},site {n % 16}" for n, one in enumerate(world.ids)]
    marks = world.write("sites.csv", "\n".join(["id,group", *lines]))
    uses = [
        f"{one},{a},{b}" for one, (a, b) in zip(world.ids, world.matrix[:, :2] > 0, strict=True)
    ]
    (world.labels / "uses__multilabel.csv").write_text(
        "\n".join(["id,a,b", *uses, ""]).replace("True", "1").replace("False", "0")
    )
    asked = ("score", world.file, world.labels, "--splits", "5", "--test-size", ".3")
    asked += ("--groups", marks) if grouped else ()
    asked += ("--analyses", "sample-bootstrap")
    found = probeboard(*asked, "--jobs", "1", "--json").document["analyses"]
    assert found == probeboard(*asked, "--jobs", "2", "--json").document["analyses"]
    told = found["sample_bootstrap"]
    assert (told["draws"], told["unit"]) == (1000, "group" if grouped else "sample")
    n_units = {task: one["n_units"] for task, one in told["tasks"].items()}
    few = dict.fromkeys(n_units, 16)
    assert n_units == (few if grouped else {"height": 70, "wet": 80, "uses": 80})
    errors = {task: one["standard_error"] for task, one in told["tasks"].items()}
    assert errors["uses"] is told["mean_score"]["standard_error"] is None
    text = probeboard(*asked, "--jobs", "1").out
    for task in ("height", "wet"):
        line = [task, "±", f"{errors[task]:.4f}", str(n_units[task])]
        assert line in [one.split() for one in text.splitlines()]
    assert "± se  groups" in text if grouped else "± se  samples" in text


def test_samples_without_any_label_are_allowed_and_said(score: Command, world: World) -> None:
    for path in world.labels.iterdir():
        path.write_text("\n".join(path.read_text().splitlines()[:61]) + "\n")
    assert score().document["receipt"]["unlabelled_samples"] == 20


def test_the_challenges_samples_decide_the_order_of_splits(score: Command, world: World) -> None:
    turned = world.write("turned.csv", "\n".join(["id", *reversed(world.ids)]))
    plain = split_scores(score("--ids", world.samples).document)
    assert plain == split_scores(score().document)
    assert plain != split_scores(score("--ids", turned).document)
