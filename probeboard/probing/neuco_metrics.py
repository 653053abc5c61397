"""R² and F1 with the quirks of torchmetrics 1.9, which NeuCo-Bench reports.

For numbers that mean what their names say, see `probeboard.probing.metrics`.
"""

import numpy as np
from numpy.typing import NDArray

# torchmetrics calls a sum of squares up to this zero, whatever the unit or number of the labels.
NEARLY_ZERO = 1e-4


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logistic function 1 / (1 + exp(-z)) in float32, without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0], dtype=np.float32))
    array([1.8048513e-35, 5.0000000e-01, 1.0000000e+00], dtype=float32)
    """
    one = np.float32(1.0)
    return one / (one + np.exp(-np.maximum(logits, np.float32(-80.0))))


def quirky_r2(truth: NDArray[np.float32], predicted: NDArray[np.float32]) -> NDArray[np.float32]:
    """R² = 1 - RSS/TSS with TSS = Σy² - (Σy)²/n, in float32, of each row of predictions.

    1 if the residual sum of squares RSS is at most 1e-4; otherwise 0 if the total sum of squares
    TSS is. Sums are taken in float64 and rounded: the difference of two sums decides how much of
    float32's precision is left, so both must be as good as torch's.

    Parameters
    ----------
    truth
        Shape ``(n,)``, n at least 2: labels on [0, 1].
    predicted
        Shape ``(epochs, n)``.

    Returns
    -------
    ndarray
        Shape ``(epochs,)``.

    Examples
    --------
    >>> truth = np.array([0.0, 0.5, 1.0], dtype=np.float32)
    >>> quirky_r2(truth, np.array([[0.0, 0.5, 0.5], [0.5, 0.5, 0.5]], dtype=np.float32))
    array([0.5, 0. ], dtype=float32)
    >>> nearly = np.array([0.0, 0.0, 0.009], dtype=np.float32)  # TSS = 5.4e-5
    >>> quirky_r2(nearly, np.array([[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    array([0., 1.], dtype=float32)
    """
    total, squares = _sum(truth), _sum(truth * truth)
    tss = squares - total * (total / np.float32(truth.size))
    residuals = truth - predicted
    rss = _sum(residuals * residuals)
    scores = np.zeros_like(rss) if tss <= NEARLY_ZERO else np.float32(1.0) - rss / tss
    scores[rss <= NEARLY_ZERO] = 1.0
    return scores


def quirky_f1(truth: NDArray[np.float32], logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """F1 = 2·TP / (2·TP + FP + FN) of the positive class, of each row of logits.

    Logits that all lie in [0, 1] are taken for probabilities: then 0.5 is the threshold instead
    of 0. F1 is 0 if there is no positive in truth or prediction.

    Parameters
    ----------
    truth
        Shape ``(n,)``: 0 or 1.
    logits
        Shape ``(epochs, n)``.

    Returns
    -------
    ndarray
        Shape ``(epochs,)``, float32.

    Examples
    --------
    >>> truth = np.array([0.0, 1.0], dtype=np.float32)
    >>> quirky_f1(truth, np.array([[-0.1, 0.4], [0.1, 0.4], [0.1, 0.6]], dtype=np.float32))
    array([1., 0., 1.], dtype=float32)
    """
    taken_for_probabilities = ((logits >= 0) & (logits <= 1)).all(axis=1, keepdims=True)
    positive = np.where(taken_for_probabilities, logits, sigmoid(logits)) > np.float32(0.5)
    hits = (positive & (truth == 1)).sum(axis=1)
    called = positive.sum(axis=1) + (truth == 1).sum()
    scores: NDArray[np.float32] = np.float32(2.0) * hits.astype(np.float32)
    scores /= np.maximum(called, 1).astype(np.float32)
    return scores


def _sum(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(values.sum(axis=-1, dtype=np.float64), dtype=np.float32)
