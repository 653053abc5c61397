"""Logistic regression on a handful of training rows: right or clean, never a warning."""

import numpy as np
import pytest

from probeboard.labelsets import LabelSet, SplitKind, SplitSpec, TaskType, make_splits
from probeboard.probing import ProbeTask, get_scorer, prepare, score_task

EXACT = get_scorer("exact")
N = 120


def few_shot(seed, d, classes, shots):
    """A task whose classes are slices of the first dimension."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, d)).astype(np.float32)
    edges = np.quantile(X[:, 0], np.linspace(0, 1, classes + 1)[1:-1])
    y = np.digitize(X[:, 0] + 0.3 * rng.normal(size=N), edges).astype(np.int64)
    task_type = TaskType.BINARY if classes == 2 else TaskType.MULTICLASS
    label_set = LabelSet(
        task_type, tuple(map(str, range(N))), y, tuple(f"c{number}" for number in range(classes))
    )
    spec = SplitSpec(n_splits=6, shots=shots, kind=SplitKind.STRATIFIED)
    return X, ProbeTask("t", task_type, np.arange(N), y, make_splits(label_set, spec))


# Each a seed at which conjugate gradients once lost their way in rounding, or a line looked flat;
# a single shot separates every class, and no row is left with any curvature.
@pytest.mark.parametrize("seed", [1, 2, 4, 5])
@pytest.mark.parametrize("d", [1, 4, 64])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("shots", [1, 2, 5])
def test_few_shots_give_finite_scores_without_a_warning(seed, d, classes, shots):
    X, task = few_shot(seed, d, classes, shots)
    scores = score_task(prepare(X), task, scorer=EXACT)
    assert np.isfinite(scores.split_scores).all()
    assert all(np.isfinite(logits).all() for logits in scores.predictions)
    assert 0 <= scores.mean <= 1
