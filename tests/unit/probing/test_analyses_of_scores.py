"""What is computed besides the scores, and how predictions are kept."""

import io
import json

import numpy as np
import pytest

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.labelsets.reading import LARGEST_LABEL
from probeboard.probing import (
    Analysis,
    Probe,
    ProbeKind,
    ProbeTask,
    analyse,
    default_points,
    further_metrics,
    get_scorer,
    pack_predictions,
    prepare,
    score_tasks,
    unpack_predictions,
)

RNG = np.random.default_rng(8)
N, D = 90, 4
E = RNG.normal(size=(N, D)).astype(np.float32)
SIGNAL = E @ RNG.normal(size=D) + 0.2 * RNG.normal(size=N)
SPLITS = shuffle_splits(N, SplitSpec(n_splits=3))


def task(name, task_type, labels, kind=ProbeKind.LINEAR):
    return ProbeTask(name, task_type, np.arange(N), labels, SPLITS, Probe(kind))


TASKS = [
    task("file", TaskType.REGRESSION, SIGNAL * 1e3),
    task("a/b", TaskType.REGRESSION, np.stack([SIGNAL, -SIGNAL], axis=1)),
    task("forest", TaskType.BINARY, (SIGNAL > 0).astype(np.int64)),
    task("cover", TaskType.MULTICLASS, np.digitize(SIGNAL, [-0.5, 0.5]), ProbeKind.KNN),
    task("like", TaskType.MULTICLASS, np.digitize(SIGNAL, [-0.5, 0.5]), ProbeKind.RETRIEVAL),
]
EXACT = get_scorer("exact", 1)
PREPARED = prepare(E)
SCORES = tuple(score_tasks(PREPARED, TASKS, scorer=EXACT))
EVERYTHING = frozenset(Analysis)


def run(wanted):
    return analyse(E, PREPARED, TASKS, SCORES, scorer=EXACT, wanted=frozenset(wanted))


def test_metrics_of_the_largest_labels_are_finite():
    labels = np.where(SIGNAL > 0, LARGEST_LABEL, -LARGEST_LABEL)
    largest = [task("far", TaskType.REGRESSION, labels)]
    scores = tuple(score_tasks(PREPARED, largest, scorer=EXACT))
    wanted = frozenset({Analysis.METRICS})
    found = analyse(E, PREPARED, largest, scores, scorer=EXACT, wanted=wanted).to_dict()
    assert json.dumps(found, allow_nan=False)


def test_everything_wanted_is_computed_and_ready_for_json():
    found = run(EVERYTHING).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found) == {"metrics", "spectrum", "rate_distortion"}
    assert [one["dims"] for one in found["rate_distortion"]] == [
        point.dims for point in default_points(D)
    ]
    assert found["spectrum"]["dims"] == D
    auc = found["metrics"]["forest"]["roc_auc"]
    expected = further_metrics(TASKS[2], SCORES[2].predictions)["roc_auc"]
    assert auc["split_scores"] == expected.tolist()
    assert auc["mean"] == pytest.approx(expected.mean())
    assert auc["std"] == pytest.approx(expected.std())
    assert found["metrics"]["like"] == {}


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ([], set()),
        ([Analysis.PREDICTIONS], set()),
        ([Analysis.METRICS], {"metrics"}),
        ([Analysis.SPECTRUM, Analysis.PREDICTIONS], {"spectrum"}),
    ],
)
def test_what_is_not_wanted_is_not_there(wanted, keys):
    assert set(run(wanted).to_dict()) == keys


def test_the_switches_have_the_names_a_bundle_gives_them():
    names = {"metrics", "predictions", "spectrum", "rate-distortion"}
    assert {analysis.value for analysis in Analysis} == names


def test_predictions_come_back_as_they_were_kept():
    found = unpack_predictions(pack_predictions(SCORES))
    assert list(found) == ["file", "a/b", "forest", "cover", "like"]
    for one in SCORES:
        for ours, kept in zip(found[one.name], one.predictions, strict=True):
            assert ours.dtype == np.float32
            np.testing.assert_array_equal(ours, kept)


def test_more_than_ten_splits_come_back_in_their_order():
    many = ProbeTask(
        "many", TaskType.REGRESSION, np.arange(N), SIGNAL, shuffle_splits(N, SplitSpec(n_splits=12))
    )
    (scores,) = score_tasks(PREPARED, [many], scorer=EXACT)
    found = unpack_predictions(pack_predictions([scores]))["many"]
    assert [one.tobytes() for one in found] == [one.tobytes() for one in scores.predictions]


def test_the_same_predictions_give_the_same_bytes_and_none_give_none():
    assert pack_predictions(SCORES) == pack_predictions(SCORES)
    assert unpack_predictions(pack_predictions([])) == {}


def test_a_pickle_and_a_single_array_are_no_predictions():
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    with pytest.raises(ValueError, match="no archive"):
        unpack_predictions(buffer.getvalue())
    buffer = io.BytesIO()
    np.savez(buffer, **{"height/0": np.array([{}], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack_predictions(buffer.getvalue())


SHAPES = {"file": (9,), "a/b": (9, 2), "forest": (9,), "cover": (9, 3), "like": (9,)}


@pytest.mark.parametrize("scores", SCORES, ids=[one.name for one in SCORES])
def test_predictions_are_single_precision_of_the_test_rows(scores):
    assert [one.shape for one in scores.predictions] == [SHAPES[scores.name]] * 3
    assert {one.dtype for one in scores.predictions} == {np.dtype(np.float32)}


def test_predictions_of_values_are_in_the_unit_of_the_labels():
    for split, predicted in zip(SPLITS, SCORES[0].predictions, strict=True):
        assert np.abs(predicted - TASKS[0].labels[split.test]).max() < 1e3
        assert np.corrcoef(predicted, TASKS[0].labels[split.test])[0, 1] > 0.9


@pytest.mark.parametrize("binary", [False, True])
def test_neuco_keeps_the_predictions_of_the_epoch_it_reports(binary):
    labels = (SIGNAL > 0).astype(np.int64) if binary else SIGNAL * 1e3 + 50
    kind = TaskType.BINARY if binary else TaskType.REGRESSION
    (scores,) = score_tasks(PREPARED, [task("t", kind, labels)], scorer=get_scorer("neuco", 1))
    for number, split in enumerate(SPLITS):
        predicted, truth = scores.predictions[number].astype(np.float64), labels[split.test]
        if binary:
            called = (
                predicted > 0.5 if predicted.min() >= 0 and predicted.max() <= 1 else predicted > 0
            )
            hits = int((called & (truth == 1)).sum())
            expected = 2 * hits / max(int(called.sum() + truth.sum()), 1)
        else:
            residual, total = ((truth - predicted) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
            expected = 1 - residual / total
        assert scores.split_scores[number] == pytest.approx(expected, abs=1e-4)
