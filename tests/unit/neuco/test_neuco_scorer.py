"""The scorer `neuco`: one stream for all tasks, invariances, refusals, and its optimism."""

import pickle

import numpy as np
import pytest

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.probing import (
    ProbeTask,
    UnsupportedTask,
    get_scorer,
    prepare,
    score_task,
    score_tasks,
)
from probeboard.probing.neuco import contexts, score_in_context
from probeboard.probing.neuco_metrics import quirky_f1
from probeboard.probing.neuco_stream import draw_split, stream_at, word_count
from probeboard.probing.neuco_training import Samples, logits_by_epoch

NEUCO = get_scorer("neuco", 1)
N, D = 300, 6
RNG = np.random.default_rng(5)
E = (RNG.normal(size=(N, D)) + np.arange(D)).astype(np.float32)
SIGNAL = (E @ RNG.normal(size=D)).astype(np.float64)


def task(name="height", *, n=N, labels=None, binary=False, spec=None):
    rows = np.arange(N)[:n]
    labels = SIGNAL[:n] if labels is None else labels
    if binary:
        labels = (labels > np.median(labels)).astype(np.int64)
    kind = TaskType.BINARY if binary else TaskType.REGRESSION
    return ProbeTask(name, kind, rows, labels, shuffle_splits(n, spec or SplitSpec(n_splits=6)))


TASKS = [task("slope", n=200), task("forest", binary=True), task("height", n=250)]


def split_scores(matrix, tasks):
    scores = score_tasks(prepare(matrix), tasks, scorer=NEUCO)
    return {one.name: one.split_scores for one in scores}


def test_the_tasks_draw_from_one_stream_in_the_order_of_their_names():
    placed = contexts(prepare(E), TASKS)
    assert placed["forest"].stream_offset == 0
    assert placed["height"].stream_offset == word_count(TASKS[1].splits, D)
    assert placed["slope"].stream_offset == sum(word_count(t.splits, D) for t in TASKS[1:])
    assert len({(context.mean, context.std) for context in placed.values()}) == 1
    assert placed["slope"].mean == pytest.approx(E.mean(dtype=np.float64), rel=1e-7)
    assert placed["slope"].std == pytest.approx(E.std(dtype=np.float64), rel=1e-7)


@pytest.mark.parametrize("number", range(3))
def test_a_task_alone_in_its_context_scores_as_among_all_to_the_last_bit(number):
    one = TASKS[number]
    context = pickle.loads(pickle.dumps(contexts(prepare(E), TASKS)[one.name]))  # noqa: S301 as sent to another process
    alone = score_in_context(prepare(E), one, context)
    assert alone.split_scores.tobytes() == split_scores(E, TASKS)[one.name].tobytes()


def test_scores_are_the_same_to_the_last_bit_when_repeated_in_whatever_order():
    first, second = split_scores(E, TASKS), split_scores(E.copy(), TASKS[::-1])
    assert list(first) == ["slope", "forest", "height"]
    assert list(second) == ["height", "forest", "slope"]
    for name, scores in first.items():
        assert scores.tobytes() == second[name].tobytes()


def test_a_task_by_itself_scores_as_the_only_one_and_not_as_among_others():
    alone = score_task(prepare(E), TASKS[0], scorer=NEUCO)
    assert alone.split_scores.tobytes() == split_scores(E, TASKS[:1])["slope"].tobytes()
    assert np.abs(alone.split_scores - split_scores(E, TASKS)["slope"]).min() > 1e-4


def test_a_scorer_whose_tasks_are_independent_scores_them_one_by_one():
    exact = get_scorer("exact")
    together = list(score_tasks(prepare(E), TASKS, scorer=exact))
    assert [one.name for one in together] == ["slope", "forest", "height"]
    alone = score_task(prepare(E), TASKS[1], scorer=exact)
    assert together[1].split_scores.tobytes() == alone.split_scores.tobytes()


def test_the_summary_is_of_the_scores_as_they_are():
    (one,) = score_tasks(prepare(E), [task(spec=SplitSpec(n_splits=6))], scorer=NEUCO)
    assert one.metric == "r2"
    assert one.split_scores.min() < -1.0
    assert one.mean == one.split_scores.mean()
    assert one.std == one.split_scores.std()
    assert one.q == 2 * one.mean / (0.02 + one.std)
    assert one.penalties.tolist() == [0.01] * 6


def test_the_unit_and_origin_of_embeddings_and_labels_change_nothing_but_rounding():
    expected = split_scores(E, [task()])["height"]
    moved = split_scores(E * np.float32(16) + np.float32(32), [task(labels=SIGNAL * 1e6 - 7)])
    np.testing.assert_allclose(moved["height"], expected, rtol=0, atol=1e-4)


def test_one_mean_is_subtracted_from_all_dimensions_so_each_dimensions_origin_counts():
    moved = E + np.arange(D, dtype=np.float32) * 4
    difference = split_scores(moved, [task()])["height"] - split_scores(E, [task()])["height"]
    assert np.abs(difference).max() > 0.01


def test_samples_no_task_has_a_label_for_change_nothing_but_rounding():
    outlier = np.vstack([E, np.full((5, D), 1e6, dtype=np.float32)])
    for name, scores in split_scores(outlier, TASKS).items():
        np.testing.assert_allclose(scores, split_scores(E, TASKS)[name], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "matrix",
    [
        np.full((N, D), 3.5, dtype=np.float32),
        np.zeros((N, 1), dtype=np.float32),
        E[:, :1],
        np.where(np.arange(N)[:, np.newaxis] == 7, np.float32(1e30), E),
        np.where(E > 2, np.float32(3e38), np.float32(-3e38)),
        E * np.float32(1e-30),
    ],
    ids=["constant", "zero", "one column", "one huge row", "huge", "tiny"],
)
def test_whatever_the_embeddings_every_score_is_finite(matrix):
    for one in score_tasks(prepare(matrix), TASKS, scorer=NEUCO):
        assert np.isfinite(one.split_scores).all()
        assert np.isfinite([one.mean, one.std, one.q, one.standard_error]).all()


def test_a_multiclass_task_is_refused_before_any_probe_is_fitted():
    classes = np.arange(N) % 3
    multiclass = ProbeTask("cover", TaskType.MULTICLASS, np.arange(N), classes, TASKS[1].splits)
    with pytest.raises(UnsupportedTask, match="'cover' is multiclass"):
        score_tasks(prepare(E), [*TASKS, multiclass], scorer=NEUCO)


def test_labels_that_are_all_equal_are_refused():
    with pytest.raises(UnsupportedTask, match="all labels are equal"):
        score_task(prepare(E), task(labels=np.ones(N)), scorer=NEUCO)


def test_a_split_with_one_test_sample_is_refused():
    spec = SplitSpec(n_splits=2, test_size=1 / 30)
    with pytest.raises(UnsupportedTask, match="fewer than two test samples"):
        score_task(prepare(E), task(n=30, spec=spec), scorer=NEUCO)


@pytest.mark.parametrize("tasks", [[], [TASKS[0], TASKS[0]]])
def test_tasks_without_a_name_of_their_own_cannot_be_placed(tasks):
    with pytest.raises(ValueError, match="different names"):
        contexts(prepare(E), tasks)


def test_picking_the_epoch_on_the_reported_split_raises_the_score_of_labels_that_carry_nothing():
    noise = np.random.default_rng(2).normal(size=(1000, 16)).astype(np.float32)
    labels = np.random.default_rng(3).integers(0, 2, size=1000)
    splits = shuffle_splits(1000, SplitSpec())
    random = ProbeTask("random", TaskType.BINARY, np.arange(1000), labels, splits)
    reported = score_task(prepare(noise), random, scorer=NEUCO)
    stream = stream_at(0)
    draws = [draw_split(stream, split, 16) for split in splits]
    X = ((noise - noise.mean()) / noise.std()).astype(np.float32)
    samples = Samples(X=X, y=labels.astype(np.float32), binary=True)
    last = [
        quirky_f1(samples.y[split.test], logits[-1:])[0]
        for split, logits in zip(splits, logits_by_epoch(samples, splits, draws), strict=True)
    ]
    assert (reported.split_scores >= last).all()
    assert reported.mean > np.mean(last) + 0.01
