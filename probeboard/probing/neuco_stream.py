"""The random words NeuCo-Bench draws, and what torch makes of them, without torch.

torch's CPU generator is MT19937 seeded by Knuth's recurrence (``init_genrand`` of Matsumoto &
Nishimura, doi:10.1145/272991.272995), as is NumPy's `RandomState`, which NEP 19 freezes: equal
seeds give equal 32-bit words. NeuCo-Bench seeds once and then draws, for each task in the order of
their names and for each split in its order,

- d + 1 words: the initial weights and the bias of ``torch.nn.Linear(d, 1)``;
- in each epoch, for the training rows and then for the test rows, 2 words for the data loader's
  base seed (drawn, never used) and n - 1 words for ``torch.randperm(n)``.

The number of words depends on nothing but the sizes, so each task's place in the stream is known
before any probe is fitted, and tasks may be scored in any order or process.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split

SEED = 42
EPOCHS = 10

Words = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Draws:
    """What one split takes from the stream.

    Attributes
    ----------
    initial
        Shape ``(d + 1,)``, float32: initial weights, then the bias.
    shuffling
        Shape ``(EPOCHS, n_train - 1)``, uint32: the words that order the training rows.
    """

    initial: NDArray[np.float32]
    shuffling: Words


def word_count(splits: Iterable[Split], n_dims: int) -> int:
    """Count the words a task draws: Σ over splits of d + 1 + EPOCHS·(n_train + n_test + 2).

    Examples
    --------
    >>> word_count([Split(train=np.arange(9), test=np.arange(9, 10))], n_dims=4)
    125
    """
    return sum(n_dims + 1 + EPOCHS * (s.train.size + s.test.size + 2) for s in splits)


def stream_at(offset: int) -> np.random.RandomState:
    """Return the generator of the stream with its first `offset` words already drawn.

    Examples
    --------
    >>> draw_words(stream_at(0), 3)
    array([1608637542, 3421126067, 4083286876], dtype=uint32)
    >>> draw_words(stream_at(2), 1)
    array([4083286876], dtype=uint32)
    """
    bits = np.random.MT19937()
    stream = np.random.RandomState(bits)
    stream.seed(SEED)  # not MT19937(SEED), which seeds by another recurrence
    bits.random_raw(offset, output=False)
    return stream


def draw_words(stream: np.random.RandomState, count: int) -> Words:
    """Draw 32-bit words, shape ``(count,)``."""
    return stream.randint(0, 1 << 32, size=count, dtype=np.uint32)


def draw_split(stream: np.random.RandomState, split: Split, n_dims: int) -> Draws:
    """Draw all that one split takes, in NeuCo-Bench's order.

    The words that order the test rows are drawn and dropped: a metric does not depend on order.

    Examples
    --------
    >>> split = Split(train=np.arange(9), test=np.arange(9, 10))
    >>> draws = draw_split(stream_at(0), split, n_dims=4)
    >>> draws.initial  # torch.manual_seed(42); torch.nn.Linear(4, 1)
    array([ 0.38226926,  0.41500396, -0.11713624,  0.45930564, -0.10955179],
          dtype=float32)
    >>> draws.shuffling.shape
    (10, 8)
    """
    initial = initial_weights(draw_words(stream, n_dims + 1))
    n_train, n_test = split.train.size, split.test.size
    epochs = draw_words(stream, EPOCHS * (n_train + n_test + 2)).reshape(EPOCHS, -1)
    return Draws(initial=initial, shuffling=epochs[:, 2 : n_train + 1].copy())


def initial_weights(words: Words) -> NDArray[np.float32]:
    """Initialise ``torch.nn.Linear(d, 1)``: all uniform on [-1/√d, 1/√d), from d + 1 words.

    A word's low 24 bits over 2²⁴ are uniform on [0, 1) in float32. The weights' bound is
    Kaiming's with a = √5, √3·√(2/(1 + a²))/√d (He et al. 2015, doi:10.1109/ICCV.2015.123).

    Parameters
    ----------
    words
        Shape ``(d + 1,)``, d at least 1.

    Returns
    -------
    ndarray
        Shape ``(d + 1,)``, float32: d weights, then the bias.
    """
    root = math.sqrt(words.size - 1)
    bounds = np.full(words.size, math.sqrt(3.0) * math.sqrt(2.0 / 6.0) / root, dtype=np.float32)
    bounds[-1] = 1.0 / root
    uniform = (words & np.uint32((1 << 24) - 1)).astype(np.float32) * np.float32(2.0**-24)
    return uniform * (bounds + bounds) - bounds


def permutations(words: Words) -> NDArray[np.int32]:
    """Order n items as ``torch.randperm(n)``, m times at once.

    Fisher & Yates forwards: item i changes places with item i + ``word % (n - i)``.

    Parameters
    ----------
    words
        Shape ``(m, n - 1)``, uint32.

    Returns
    -------
    ndarray
        Shape ``(m, n)``, int32: each row a permutation of 0 … n - 1.

    Examples
    --------
    >>> permutations(draw_words(stream_at(0), 5)[np.newaxis])  # torch.randperm(6)
    array([[0, 3, 2, 4, 1, 5]], dtype=int32)
    """
    m, n = words.shape[0], words.shape[1] + 1
    here = np.arange(n - 1)
    # One item of all m orders side by side: an exchange is then one step for all of them.
    ahead = (words % (n - here).astype(np.uint32)).T.astype(np.intp) + here[:, np.newaxis]
    places = ahead * m + np.arange(m)
    orders = np.repeat(np.arange(n, dtype=np.int32)[:, np.newaxis], m, axis=1)
    flat = orders.reshape(-1)
    for row, place in zip(orders, places, strict=False):
        taken = flat.take(place, mode="clip")  # in range: spares looking
        flat[place] = row
        row[:] = taken
    return np.ascontiguousarray(orders.T)
