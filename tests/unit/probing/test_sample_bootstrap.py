"""The bootstrap of samples: against draws made one by one, and what it must not depend on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from probeboard.labelsets import Split, SplitSpec, TaskType, shuffle_splits
from probeboard.probing import Probe, ProbeKind, ProbeTask
from probeboard.probing.classification_metrics import f1, macro_f1
from probeboard.probing.metrics import predicted_classes
from probeboard.probing.regression_metrics import r2
from probeboard.probing.sample_bootstrap import Units, bootstrap_samples, draw_units, each_sample

N = 80
SPLITS = shuffle_splits(N, SplitSpec(n_splits=6, test_size=0.3))
EACH = Units(np.arange(N), N + 20, "samples")  # twenty have no label
TYPES = [TaskType.REGRESSION, TaskType.BINARY, TaskType.MULTICLASS]


def made(task_type: TaskType) -> tuple[ProbeTask, list[NDArray[np.float64]]]:
    rng = np.random.default_rng(3)
    if task_type is TaskType.REGRESSION:
        labels = rng.normal(50.0, 9.0, size=(N, 2))
        predictions = [labels[split.test] + rng.normal(0, 6, (24, 2)) for split in SPLITS]
    elif task_type is TaskType.BINARY:
        labels = rng.integers(2, size=N)
        predictions = [labels[split.test] - 0.5 + rng.normal(0, 0.6, 24) for split in SPLITS]
    else:
        labels = np.r_[rng.integers(3, size=N - 2), 3, 4]  # two classes of one sample each
        predictions = [
            np.eye(5)[labels[split.test]] + rng.normal(0, 0.6, (24, 5)) for split in SPLITS
        ]
    return ProbeTask("one", task_type, np.arange(N), labels, SPLITS), predictions


def score(task: ProbeTask, values: NDArray[np.float64], test: NDArray[np.intp]) -> float:
    if task.task_type is TaskType.REGRESSION:
        return r2(task.labels[test], values)
    metric = f1 if task.task_type is TaskType.BINARY else macro_f1
    return metric(task.labels[test], predicted_classes(task.task_type, task.probe, values))


def one_by_one(
    task: ProbeTask,
    predictions: list[NDArray[np.float64]],
    units: Units,
    *,
    seed: str,
) -> NDArray[np.float64]:
    """Repeat each test row as often as its unit was drawn, and score what results."""
    draws = []
    for counts in draw_units(units.name, units.size, seed=seed, n_draws=200):
        for count in counts.astype(int):
            scores = []
            for split, values in zip(task.splits, predictions, strict=True):
                rows = np.repeat(np.arange(split.test.size), count[units.of[split.test]])
                kept = rows if rows.size else np.arange(split.test.size)
                scores.append(max(score(task, values[kept], split.test[kept]), -1.0))
            draws.append(np.mean(scores))
    return np.array(draws) - np.mean(draws)


@pytest.mark.parametrize("task_type", TYPES)
@pytest.mark.parametrize("n_groups", [None, 10])
def test_each_draw_is_what_repeating_the_samples_gives(
    task_type: TaskType, n_groups: int | None
) -> None:
    task, predictions = made(task_type)
    units = EACH if n_groups is None else Units(np.arange(N) % n_groups, n_groups + 3, "sites")
    drawn = bootstrap_samples(task, predictions, units, seed="s", floor=-1.0, n_draws=200)
    assert drawn is not None
    expected = one_by_one(task, predictions, units, seed="s")
    assert drawn.std() > 0.005
    np.testing.assert_allclose(drawn, expected, atol=2e-5)


def test_precisions_of_retrieval_are_drawn_too() -> None:
    rng = np.random.default_rng(0)
    precisions = [rng.random(24) for _ in SPLITS]
    task = ProbeTask(
        "one", TaskType.BINARY, np.arange(N), rng.integers(2, size=N), SPLITS,
        Probe(ProbeKind.RETRIEVAL),
    )  # fmt: skip
    drawn = bootstrap_samples(task, precisions, EACH, seed="s", floor=-1.0)
    assert drawn is not None
    assert 0.01 < drawn.std() < 0.06


def test_a_metric_that_is_none_of_sums_is_not_offered() -> None:
    labels = np.random.default_rng(0).integers(2, size=(N, 3))
    task = ProbeTask("one", TaskType.MULTILABEL, np.arange(N), labels, SPLITS)
    values = [np.zeros((24, 3)) for _ in SPLITS]
    assert bootstrap_samples(task, values, EACH, seed="s", floor=-1.0) is None


def test_the_error_is_that_of_a_mean_where_the_score_is_one() -> None:
    """Of n independent precisions in one test part: s / √n."""
    values = np.random.default_rng(1).random(400)
    split = Split(train=np.arange(0), test=np.arange(400))
    task = ProbeTask(
        "one", TaskType.BINARY, np.arange(400), np.tile([0, 1], 200), (split,),
        Probe(ProbeKind.RETRIEVAL),
    )  # fmt: skip
    drawn = bootstrap_samples(task, [values], each_sample(task, 400), seed="s", floor=-1.0)
    assert drawn is not None
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.1)


def test_the_same_samples_are_drawn_for_every_submission_and_task() -> None:
    task, predictions = made(TaskType.REGRESSION)
    first = bootstrap_samples(task, predictions, EACH, seed="s", floor=-1.0)
    twin = bootstrap_samples(task, [one.copy() for one in predictions], EACH, seed="s", floor=-1.0)
    other = bootstrap_samples(task, predictions, EACH, seed="t", floor=-1.0)
    assert first is not None
    np.testing.assert_array_equal(first, twin)
    assert not np.array_equal(first, other)


def test_wild_guesses_and_constant_labels_give_numbers() -> None:
    task, predictions = made(TaskType.REGRESSION)
    wild = [np.full_like(one, 3e38) for one in predictions]
    drawn = bootstrap_samples(task, wild, EACH, seed="s", floor=-1.0)
    assert drawn is not None
    assert (drawn == 0.0).all()  # at the floor, whatever is drawn
    flat = ProbeTask("one", TaskType.REGRESSION, np.arange(N), np.ones(N), SPLITS)
    still = bootstrap_samples(flat, [np.ones(24) for _ in SPLITS], EACH, seed="s", floor=-1.0)
    assert still is not None
    assert (still == 0.0).all()
