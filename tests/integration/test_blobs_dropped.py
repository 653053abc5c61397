"""The folder in front of a bucket has a bound; what is dropped, and what never is."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.blobs import BlobKind, BlobStore
from app.blobs_bucket import Bucket
from app.blobs_cached import IN_USE_S, CachedStore
from tests.buckets import BucketServer, cached

KIND = BlobKind.MATRICES


@pytest.fixture
def store(bucket_server: BucketServer, tmp_path: Path) -> Iterator[CachedStore]:
    """A store that keeps three blobs of a thousand bytes."""
    made = bucket_server.store(bucket_server.new_bucket(), tmp_path, blob_cache_bytes=3000)
    assert isinstance(made, CachedStore)
    made.prepare()
    yield made
    made.close()


def age(store: BlobStore, digest: str, *, seconds: float) -> None:
    """Let a blob have been used for the last time so long ago."""
    then = time.time() - seconds
    os.utime(store.path(KIND, digest), (then, then))


def test_the_cache_drops_what_was_not_used_for_longest(store: CachedStore) -> None:
    data = [bytes([number]) * 1000 for number in range(5)]
    digests = [store.put(KIND, one) for one in data[:3]]
    for days, digest in enumerate(digests, start=1):
        age(store, digest, seconds=days * 86400)
    store.existing_path(KIND, digests[2])  # put first of all, and used now
    digests.append(store.put(KIND, data[3]))
    assert cached(store) == {digests[0], digests[2], digests[3]}
    digests.append(store.put(KIND, data[4]))
    assert cached(store) == {digests[2], digests[3], digests[4]}
    assert [store.read(KIND, digest) for digest in digests] == data


def test_what_is_in_use_stays_whatever_the_bound(store: CachedStore) -> None:
    digests = {store.put(KIND, bytes([number]) * 1000) for number in range(5)}
    assert cached(store) == digests
    for digest in digests:
        age(store, digest, seconds=IN_USE_S + 1)
    store.make_room()
    assert len(cached(store)) == 3


def test_a_file_that_is_open_is_read_to_its_end_after_it_was_dropped(store: CachedStore) -> None:
    data = os.urandom(3001)
    digest = store.put(KIND, data)
    with store.existing_path(KIND, digest).open("rb") as file:
        age(store, digest, seconds=3600)
        store.make_room()
        assert cached(store) == set()
        assert file.read() == data


def test_what_is_only_here_is_never_dropped(store: CachedStore) -> None:
    digest = BlobStore(store.root).put(KIND, b"." * 5000)
    age(store, digest, seconds=1e6)
    others = [store.put(KIND, bytes([number]) * 1000) for number in range(2)]
    for other in others:
        age(store, other, seconds=3600)
    store.make_room()
    store.make_room()
    assert cached(store) == {digest}


def test_nothing_is_dropped_while_the_bucket_does_not_answer(
    bucket_server: BucketServer, store: CachedStore
) -> None:
    digest = store.put(KIND, b"." * 4000)
    age(store, digest, seconds=3600)
    with bucket_server.gone():
        store.make_room()
    assert cached(store) == {digest}
    store.make_room()
    assert cached(store) == set()


def test_scratch_of_a_killed_process_goes_without_a_sweep(store: CachedStore) -> None:
    old, new = store.root / "incoming" / "old", store.root / "incoming" / "new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    store.put(KIND, b"matrix")
    assert list((store.root / "incoming").iterdir()) == [new]


class _Watched(Bucket):
    """A bucket during whose answers something happens to the folder."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name, endpoint_url=url)
        self.meanwhile: Callable[[], object] = lambda: None

    def n_bytes(self, kind: BlobKind, digest: str) -> int | None:
        found = super().n_bytes(kind, digest)
        self.meanwhile()
        return found


@pytest.fixture
def watched(bucket_server: BucketServer, tmp_path: Path) -> Iterator[tuple[_Watched, CachedStore]]:
    bucket = _Watched(bucket_server.url, bucket_server.new_bucket())
    store = CachedStore(tmp_path, bucket, limit_bytes=3000)
    store.prepare()
    yield bucket, store
    store.close()


def test_what_is_asked_for_while_it_is_about_to_be_dropped_stays(
    watched: tuple[_Watched, CachedStore],
) -> None:
    bucket, store = watched
    digest = store.put(KIND, b"." * 4000)
    age(store, digest, seconds=3600)
    bucket.meanwhile = lambda: store.existing_path(KIND, digest)
    store.make_room()
    assert cached(store) == {digest}


def test_what_another_process_drops_meanwhile_counts_as_dropped(
    watched: tuple[_Watched, CachedStore],
) -> None:
    bucket, store = watched
    digests = [store.put(KIND, bytes([number]) * 2000) for number in range(2)]
    for hours, digest in zip((2, 1), digests, strict=True):
        age(store, digest, seconds=hours * 3600)
    bucket.meanwhile = store.path(KIND, digests[0]).unlink
    store.path(KIND, "00" * 32).parent.mkdir(exist_ok=True)
    store.path(KIND, "00" * 32).symlink_to(store.root / "nowhere")  # gone since it was listed
    store.make_room()
    assert cached(store) == {digests[1], "00" * 32}
