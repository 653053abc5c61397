"""The stream of random words against torch 2.13, whose figures were written down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing.neuco_stream import (
    EPOCHS,
    draw_split,
    draw_words,
    permutations,
    stream_at,
    word_count,
)

# torch.manual_seed(42); Linear(3, 1); then one epoch of data loaders over 12 and over 2 rows.
TORCH_LINEAR = [0.4414065182209015, 0.47920528054237366, -0.1352572739124298, 0.5303604602813721]
TORCH_FIRST = [4, 1, 2, 5, 6, 10, 8, 11, 7, 3, 0, 9]
TORCH_SECOND = [1, 7, 11, 0, 9, 6, 3, 2, 8, 4, 5, 10]
SPLIT = Split(train=np.arange(12), test=np.arange(12, 14))


def test_a_split_draws_the_weights_and_the_shuffles_torch_draws():
    draws = draw_split(stream_at(0), SPLIT, n_dims=3)
    np.testing.assert_allclose(draws.initial, TORCH_LINEAR, rtol=0, atol=6e-8)
    orders = permutations(draws.shuffling)
    assert orders.shape == (EPOCHS, 12)
    assert orders[:2].tolist() == [TORCH_FIRST, TORCH_SECOND]


def test_one_row_or_one_test_sample_needs_no_word_to_be_ordered():
    split = Split(train=np.arange(1), test=np.arange(1, 2))
    draws = draw_split(stream_at(0), split, n_dims=1)
    assert permutations(draws.shuffling).tolist() == [[0]] * EPOCHS
    assert word_count([split], 1) == 2 + EPOCHS * 4


@pytest.mark.parametrize("n", [30, 47])
def test_the_words_counted_in_advance_are_the_words_drawn(n):
    splits = shuffle_splits(n, SplitSpec(n_splits=3))
    stream = stream_at(0)
    for split in splits:
        draw_split(stream, split, n_dims=5)
    following = draw_words(stream, 4)
    assert following.tolist() == draw_words(stream_at(word_count(splits, 5)), 4).tolist()


@given(n=st.integers(1, 40), m=st.integers(1, 5), offset=st.integers(0, 1000))
def test_every_order_is_a_permutation_and_does_not_depend_on_its_neighbours(n, m, offset):
    words = draw_words(stream_at(offset), m * (n - 1)).reshape(m, n - 1)
    orders = permutations(words)
    assert (np.sort(orders, axis=1) == np.arange(n)).all()
    for row in range(m):
        assert (permutations(words[row : row + 1])[0] == orders[row]).all()
