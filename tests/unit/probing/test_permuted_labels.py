"""Labels that carry nothing: `exact` finds nothing in them, `neuco` does, by a documented size."""

import numpy as np
import pytest

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.probing import Probe, ProbeKind, ProbeTask, get_scorer, prepare, score_task
from probeboard.probing.neuco_metrics import quirky_f1
from probeboard.probing.neuco_stream import draw_split, stream_at
from probeboard.probing.neuco_training import Samples, logits_by_epoch

N, D, PERMUTATIONS = 160, 12, 30
GENERATOR = np.random.default_rng(2026)
E = (GENERATOR.normal(size=(N, D)) * np.arange(1, D + 1) ** -0.7).astype(np.float32)
PREPARED = prepare(E)
SIGNAL = E @ GENERATOR.normal(size=D)
SPLITS = shuffle_splits(N, SplitSpec(n_splits=8))
LABELS = {
    TaskType.REGRESSION: SIGNAL.astype(np.float64),
    TaskType.BINARY: (np.median(SIGNAL) < SIGNAL).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNAL, np.quantile(SIGNAL, [0.33, 0.67])).astype(np.int64),
    TaskType.MULTILABEL: np.stack([SIGNAL < -0.5, SIGNAL > 0.5], axis=1).astype(np.int64),
}


def means_of_permutations(task_type, *, kind=ProbeKind.LINEAR, times=PERMUTATIONS):
    """Mean score of each of several permutations, and the labels' own score."""
    generator, how, labels = np.random.default_rng(1), get_scorer("exact", 1), LABELS[task_type]

    def mean(rows):
        task = ProbeTask("t", task_type, np.arange(N), labels[rows], SPLITS, Probe(kind))
        return score_task(PREPARED, task, scorer=how).mean

    return np.array([mean(generator.permutation(N)) for _ in range(times)]), mean(np.arange(N))


def error(means):
    return means.std(ddof=1) / np.sqrt(means.size)


def test_of_permuted_values_exact_explains_nothing():
    means, own = means_of_permutations(TaskType.REGRESSION)
    assert own > 0.95
    assert means.mean() <= 2 * error(means)
    assert means.mean() > -0.3


def test_of_permuted_classes_exact_has_the_f1_of_a_coin():
    """Of 50 % positives a coin has F1 .5; being called positive less often has less."""
    means, own = means_of_permutations(TaskType.BINARY)
    assert own > 0.9
    assert means.mean() <= 0.5 + 2 * error(means)
    assert means.mean() > 0.35


@pytest.mark.parametrize(
    ("task_type", "chance"),
    # Three classes alike; micro mAP of noise is the share of ones, and a little more of few rows.
    [
        (TaskType.MULTICLASS, 1 / 3),
        (TaskType.MULTILABEL, LABELS[TaskType.MULTILABEL].mean() + 0.05),
    ],
)
def test_of_permuted_classes_and_labels_exact_is_at_chance(task_type, chance):
    means, own = means_of_permutations(task_type, times=12)
    assert own > chance + 0.3
    assert means.mean() <= chance + 2 * error(means)


@pytest.mark.parametrize("task_type", [TaskType.REGRESSION, TaskType.BINARY])
def test_of_permuted_labels_neighbours_tell_nothing(task_type):
    means, _ = means_of_permutations(task_type, kind=ProbeKind.KNN)
    assert means.mean() <= (0.5 if task_type is TaskType.BINARY else 0.0) + 2 * error(means)


def test_neuco_reports_more_of_permuted_classes_than_its_probes_have_after_their_last_epoch():
    """The best of ten epochs on the reported split: .016 of F1 here, on test parts of 16 rows."""
    generator, neuco = np.random.default_rng(1), get_scorer("neuco", 1)
    draws = draw_all()
    X = ((E - E.mean()) / E.std()).astype(np.float32)
    gains = []
    for _ in range(PERMUTATIONS):
        labels = generator.permutation(LABELS[TaskType.BINARY])
        task = ProbeTask("t", TaskType.BINARY, np.arange(N), labels, SPLITS)
        reported = score_task(PREPARED, task, scorer=neuco).split_scores
        samples = Samples(X=X, y=labels.astype(np.float32), binary=True)
        logits = logits_by_epoch(samples, SPLITS, draws)
        last = [
            quirky_f1(samples.y[split.test], by_epoch[-1:])[0]
            for split, by_epoch in zip(SPLITS, logits, strict=True)
        ]
        gains.append(np.mean(reported - last))
    raised = np.array(gains)
    assert raised.mean() == pytest.approx(0.016, abs=0.006)
    assert raised.mean() > 4 * error(raised)


def draw_all():
    stream = stream_at(0)
    return [draw_split(stream, split, D) for split in SPLITS]
