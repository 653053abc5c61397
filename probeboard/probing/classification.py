"""Logistic regression on every split of a task: penalties chosen, test rows predicted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes
from probeboard.probing.logistic_choice import f1, log_likelihood
from probeboard.probing.logistic_path import Training

Array = NDArray[Any]
Vector = NDArray[np.float64]
Single = NDArray[np.float32]

# From the strongest, so that each fit starts from one that is a little smoother. Settled on
# synthetic data (spectra from flat to k^-3, 2 to 6 classes, 10 % positives, weak and strong
# signals): scores on test rows peaked between 1 and 1e-5 in 94 % of the sets, mostly flat where
# they peaked below; twice as many penalties gained .001. With steeper spectra (k^-4, exponential
# decay over 8 decades) scores may rise as far as 1e-7 and by up to .6, so the path goes on for
# problems that the fifth serves best (`logistic_path.ALWAYS`).
RELATIVE_PENALTIES: Vector = np.logspace(-0.5, -7.5, 8)
# Logits held at a time.
BATCH = 2**20
# Penalty in units of the largest eigenvalue that axes found in single precision suffice for, and
# how many dimensions per row: with more, double precision has fewer coordinates to offer.
LEAST_ROUGH, MOST_ROUGH = 1e-7, 2
# Logit of a class without training rows among others: below any that is fitted.
NEVER = -1e6


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """What logistic regression makes of one split.

    Attributes
    ----------
    penalties
        λ, 1/C in scikit-learn: shape ``(1,)``, or ``(c,)``, one per label, if multilabel.
    logits
        Shape ``(n_test, c)``: c = 1 for two classes, the logit of class 1.
    predicted
        Shape ``(n_test,)``: class numbers; ``(n_test, c)``, 0 or 1, if multilabel.
    """

    penalties: Vector
    logits: Vector
    predicted: NDArray[np.int64]

    @property
    def penalty(self) -> float:
        """That of the only or first label."""
        return float(self.penalties[0])


def fit_logistic(
    axes: Axes,
    y: NDArray[np.int64],
    splits: tuple[Split, ...],
    *,
    relative: Vector = RELATIVE_PENALTIES,
) -> tuple[LogisticFit, ...]:
    """Fit logistic regression on each split's training rows and predict its test rows.

    Parameters
    ----------
    axes
        Of n embeddings.
    y
        Shape ``(n,)``: class numbers 0 .. c - 1; two classes get a sigmoid, more a softmax. Shape
        ``(n, c)``, 0 or 1: each label gets a sigmoid and a penalty of its own.
    splits
        Row numbers of `y`. Classes without a training row are never predicted.
    relative
        Shape ``(p,)``, positive, descending: penalties as multiples of the mean eigenvalue of the
        centred training Gram matrix. Those after the fifth are tried only where the one before
        is best.

    Returns
    -------
    tuple of LogisticFit
        One per split.
    """
    labels = _indicators(y)
    exclusive = y.ndim == 1 and labels.shape[1] > 1
    training = Training.of(axes, splits, rough=_rough_will_do(axes, relative))
    logits = [_without_fit(labels[split.train], split.test.size, exclusive) for split in splits]
    penalties = np.tile(
        relative[0] * training.units[:, None], 1 if y.ndim == 1 else labels.shape[1]
    )
    for part in _parts(labels[training.numbers], training.masks[:, 0], exclusive=exclusive):
        everywhere, found = training.fit(
            part.splits,
            part.Y,
            relative=relative,
            criterion=log_likelihood if y.ndim == 2 else f1,
        )
        for i, columns, own, penalty in zip(
            part.splits, part.columns, everywhere, found, strict=True
        ):
            logits[i][:, columns] += own[:, splits[i].test].T
            penalties[i, columns if y.ndim == 2 else 0] = penalty
    return tuple(
        LogisticFit(own, of_rows, _predict(of_rows, y))
        for own, of_rows in zip(penalties, logits, strict=True)
    )


def _rough_will_do(axes: Axes, relative: Vector) -> bool:
    """Whether rounding in single precision hides behind the only penalty there is.

    Those of a path are compared along the very axes that leaving rows out is reckoned with.
    """
    if relative.size > 1 or axes.dims > MOST_ROUGH * len(axes.given):
        return False
    eigenvalues = axes.rough.eigenvalues
    return bool(relative[0] * eigenvalues.mean() >= LEAST_ROUGH * eigenvalues.max())


def _indicators(y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shape ``(n, c)``, 0 or 1; c = 1 for two classes."""
    if y.ndim == 2:
        return y
    labels = np.eye(max(int(y.max()) + 1, 2), dtype=np.int64)[y]
    return labels[:, 1:] if labels.shape[1] == 2 else labels


def _predict(logits: Vector, y: NDArray[np.int64]) -> NDArray[np.int64]:
    if y.ndim == 2:
        return (logits > 0).astype(np.int64)
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.int64)
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)


def _without_fit(train: NDArray[np.int64], tests: int, exclusive: bool) -> Vector:
    """Constant logits ``(tests, c)`` of labels that all training rows have, or that none has.

    Those of the others are 0, for a fit to add to.
    """
    counts, size = train.sum(axis=0), len(train)
    if exclusive:
        constant = np.where(counts == 0, NEVER, 0.0)
    else:
        odds = np.log((counts + 0.5) / (size - counts + 0.5))
        constant = np.where((counts == 0) | (counts == size), odds, 0.0)
    return np.tile(constant, (tests, 1))


@dataclass(frozen=True, eq=False)
class _Part:
    """Problems to fit together.

    Attributes
    ----------
    splits
        Shape ``(m,)``: the split of each.
    columns
        Shape ``(m, c)``: the labels it tells apart.
    Y
        Shape ``(m, c, n)`` or ``(1, c, n)``: as in `Problems`.
    """

    splits: NDArray[np.intp]
    columns: NDArray[np.intp]
    Y: Single


def _parts(labels: NDArray[np.int64], masks: Single, *, exclusive: bool) -> Iterator[_Part]:
    """What there is to fit, in parts of bounded size."""
    counts = masks @ labels.astype(np.float32)
    Y = labels.T.astype(np.float32)
    if not exclusive:
        fitted = (counts > 0) & (counts < masks.sum(axis=1, keepdims=True))
        columns, splits = np.nonzero(fitted.T)
        at_once = max(BATCH // Y.shape[1], 1)
        for start in range(0, len(splits), at_once):
            own = columns[start : start + at_once, None]
            yield _Part(splits[start : start + at_once], own, Y[own] if len(Y) > 1 else Y[None])
        return
    groups, members = np.unique(counts > 0, axis=0, return_inverse=True)
    for number, present in enumerate(groups):
        classes = np.flatnonzero(present)
        if classes.size == 1:
            continue
        splits = np.flatnonzero(members == number)
        at_once = max(BATCH // (classes.size * Y.shape[1]), 1)
        for start in range(0, splits.size, at_once):
            some = splits[start : start + at_once]
            yield _Part(some, np.tile(classes, (some.size, 1)), Y[None, classes])
