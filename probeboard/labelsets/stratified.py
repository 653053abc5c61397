"""Stratified splits: every class on both sides, in its proportion."""

import numpy as np
from numpy.typing import NDArray

MIN_OF_CLASS = 2


def stratified_parts(
    labels: NDArray[np.int64], n_test: int, generator: np.random.RandomState
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the next stratified partition, as scikit-learn's ``StratifiedShuffleSplit`` does.

    Parameters
    ----------
    labels
        Shape ``(n,)``: class numbers from 0, at least two samples of each.
    n_test
        Size of the test part.
    generator
        Is drawn from, in scikit-learn's order: the classes' shares, then each class's samples,
        then the order of both parts.

    Returns
    -------
    train, test : ndarray of intp

    Examples
    --------
    >>> train, test = stratified_parts(np.arange(8) % 2, 2, np.random.RandomState(0))
    >>> sorted(int(i) % 2 for i in test)
    [0, 1]
    """
    counts = np.bincount(labels)
    by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    n_train_of = _shares(counts, labels.size - n_test, generator)
    n_test_of = _shares(counts - n_train_of, n_test, generator)
    train: list[NDArray[np.intp]] = []
    test: list[NDArray[np.intp]] = []
    for members, for_train, for_test in zip(by_class, n_train_of, n_test_of, strict=True):
        drawn = members[generator.permutation(members.size)]
        train.append(drawn[:for_train])
        test.append(drawn[for_train : for_train + for_test])
    return generator.permutation(np.concatenate(train)), generator.permutation(np.concatenate(test))


def _shares(
    counts: NDArray[np.int64], n_draws: int, generator: np.random.RandomState
) -> NDArray[np.int64]:
    """Share `n_draws` among classes of these sizes: the largest remainders get one more.

    Ties are drawn. Equal to scikit-learn's ``sklearn.utils.extmath._approximate_mode``.
    """
    exact = counts / counts.sum() * n_draws
    shares: NDArray[np.float64] = np.floor(exact)
    left = int(n_draws - shares.sum())
    remainder = exact - shares
    for value in np.unique(remainder)[::-1]:
        if left == 0:
            break
        (tied,) = np.where(remainder == value)
        n_more = min(tied.size, left)
        shares[generator.choice(tied, size=n_more, replace=False)] += 1
        left -= n_more
    return shares.astype(np.int64)
