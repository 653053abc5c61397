"""The bootstrap of samples over all tasks of an evaluation."""

from dataclasses import replace

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, TaskType, shuffle_splits
from probeboard.probing import (
    Probe,
    ProbeKind,
    ProbeTask,
    TaskScores,
    bootstrap_tasks,
    get_scorer,
    prepare,
)
from probeboard.probing import score_tasks as score_all
from probeboard.probing.sample_bootstrap import Units, bootstrap_samples

N = 60
SPLITS = shuffle_splits(N, SplitSpec(n_splits=4, test_size=0.3))
SITES = Units(np.arange(N, dtype=np.int64) % 12, 15, "sites")
EACH = Units(np.arange(N), N, "samples")


def scored() -> tuple[list[ProbeTask], list[TaskScores]]:
    """A regression, a binary and a multilabel task of the same embeddings."""
    X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
    noisy = X + np.random.default_rng(1).normal(size=X.shape)
    rows = np.arange(N)
    tasks = [
        ProbeTask("height", TaskType.REGRESSION, rows, noisy.sum(axis=1), SPLITS),
        ProbeTask("wet", TaskType.BINARY, rows, (noisy[:, 0] > 0).astype(np.int64), SPLITS),
        ProbeTask("uses", TaskType.MULTILABEL, rows, (noisy > 0).astype(np.int64), SPLITS),
    ]
    return tasks, list(score_all(prepare(X), tasks, scorer=get_scorer("exact")))


def test_each_row_is_the_tasks_own_bootstrap_and_nan_where_there_is_none() -> None:
    tasks, scores = scored()
    found = bootstrap_tasks(tasks, scores, [None, SITES, None], n_samples=N, seed="s", floor=-1.0)
    expected = [
        bootstrap_samples(task, one.predictions, units, seed="s", floor=-1.0)
        for task, one, units in zip(tasks, scores, [EACH, SITES, EACH], strict=True)
    ]
    np.testing.assert_array_equal(found.draws[0], expected[0])
    np.testing.assert_array_equal(found.draws[1], expected[1])
    assert expected[2] is None
    assert np.isnan(found.draws[2]).all()
    assert found.n_units == (N, 12, N)
    kept = np.frombuffer(found.to_bytes(), dtype="<f4").reshape(3, 1000)
    np.testing.assert_array_equal(kept, found.draws)


def test_the_document_has_standard_errors_and_null_for_none() -> None:
    tasks, scores = scored()
    units = [None, None, None]
    found = bootstrap_tasks(tasks, scores, units, n_samples=N, seed="s", floor=-1.0)
    told = found.to_dict([3.0, 1.0, 1.0])
    assert (told["draws"], told["unit"]) == (1000, "sample")
    error = float(found.draws[0].std(dtype=np.float64))
    assert told["tasks"]["height"] == {"standard_error": error, "n_units": N}
    assert told["tasks"]["uses"] == {"standard_error": None, "n_units": N}
    assert told["mean_score"] == {"standard_error": None}
    two = bootstrap_tasks(tasks[:2], scores[:2], units[:2], n_samples=N, seed="s", floor=-1.0)
    mixed = (3.0 * two.draws[0] + two.draws[1]) / 4.0
    overall = two.to_dict([3.0, 1.0])["mean_score"]["standard_error"]
    assert overall == pytest.approx(mixed.std(), rel=1e-5)


@pytest.mark.parametrize(
    ("units", "unit"),
    [([None, None], "sample"), ([SITES, SITES], "group"), ([SITES, None], "mixed")],
)
def test_what_was_drawn_is_said(units: list[Units | None], unit: str) -> None:
    tasks, scores = scored()
    found = bootstrap_tasks(
        tasks[:2], scores[:2], units, n_samples=N, seed="s", floor=-1.0, n_draws=10
    )
    assert found.unit == unit


def test_equal_predictions_have_equal_draws_whatever_the_rest_of_the_scores_says() -> None:
    tasks, scores = scored()
    other = [replace(one, mean=0.0, name="other") for one in scores]
    first = bootstrap_tasks(tasks, scores, [SITES] * 3, n_samples=N, seed="s", floor=-1.0)
    twin = bootstrap_tasks(tasks, other, [SITES] * 3, n_samples=N, seed="s", floor=-1.0)
    assert first.to_bytes() == twin.to_bytes()
    elsewhere = bootstrap_tasks(tasks, scores, [SITES] * 3, n_samples=N, seed="t", floor=-1.0)
    assert first.to_bytes() != elsewhere.to_bytes()


def test_tasks_with_other_labels_err_together_as_far_as_they_share_samples() -> None:
    """Two tasks ask the same of the same rows; one of them lacks a third of the labels.

    Their scores share two thirds of what they rest on: √(2/3) = .82 of correlation. Drawn each for
    itself they would have none, and the error of their mean would be understated.
    """
    rng = np.random.default_rng(5)
    n = 300
    precisions = rng.random(n)
    tasks, scores = [], []
    for rows in (np.arange(n), np.arange(n - n // 3)):
        split = Split(train=np.arange(0), test=np.arange(rows.size))
        labels = np.arange(rows.size) % 2
        tasks.append(
            ProbeTask("one", TaskType.BINARY, rows, labels, (split,), Probe(ProbeKind.RETRIEVAL))
        )
        scores.append(replace(scored()[1][0], predictions=(precisions[rows],)))
    found = bootstrap_tasks(tasks, scores, [None, None], n_samples=n, seed="s", floor=-1.0)
    together = np.corrcoef(found.draws)[0, 1]
    assert together == pytest.approx((2 / 3) ** 0.5, abs=0.06)
    other_list = Units(np.arange(n), n, "another list")
    apart = bootstrap_tasks(tasks, scores, [other_list, None], n_samples=n, seed="s", floor=-1.0)
    assert abs(np.corrcoef(apart.draws)[0, 1]) < 0.15
