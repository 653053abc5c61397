"""A ranking pauses the collection of garbage, and brings it back however it ends."""

import gc

import pytest

from worker.rank import no_collection


def test_nothing_is_collected_meanwhile_and_as_before_afterwards() -> None:
    assert gc.isenabled()
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_ranking_that_fails_brings_it_back() -> None:
    with pytest.raises(ValueError, match="no board"), no_collection():
        raise ValueError("no board")
    assert gc.isenabled()
