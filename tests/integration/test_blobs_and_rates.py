"""The blob store under races and faults, and the counters in Redis."""

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from app.blobs import BlobKind, BlobMissing, BlobStore
from app.clock import utc_now
from app.ratelimit import WINDOW_S, RateCounter
from app.settings import Settings
from tests import builders


def test_what_is_put_is_read_back_under_its_digest(blobs: BlobStore) -> None:
    digest = blobs.put(BlobKind.SAMPLES, b"id\ns1\n")
    assert blobs.read(BlobKind.SAMPLES, digest) == b"id\ns1\n"
    with pytest.raises(BlobMissing, match=f"labels/{digest}"):
        blobs.read(BlobKind.LABELS, digest)


def test_putting_a_blob_again_changes_nothing(blobs: BlobStore) -> None:
    first = blobs.path(BlobKind.SAMPLES, blobs.put(BlobKind.SAMPLES, b"same"))
    written = first.stat()
    blobs.put(BlobKind.SAMPLES, b"same")
    assert first.stat() == written
    assert list((blobs.root / "incoming").iterdir()) == []


def test_writers_of_the_same_blob_at_once_leave_one_whole_blob(blobs: BlobStore) -> None:
    data = os.urandom(100_000)
    threads = [threading.Thread(target=blobs.put, args=(BlobKind.MATRICES, data)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (stored,) = [path for path in (blobs.root / "matrices").rglob("*") if path.is_file()]
    assert stored.read_bytes() == data
    assert list((blobs.root / "incoming").iterdir()) == []


def test_a_file_for_a_place_that_is_taken_goes_with_its_scratch(blobs: BlobStore) -> None:
    digest = blobs.put(BlobKind.MATRICES, b"matrix")
    with blobs.incoming() as folder:
        (folder / "again").write_bytes(b"matrix")
        blobs.adopt(BlobKind.MATRICES, digest, folder / "again")
    assert not folder.exists()
    assert blobs.read(BlobKind.MATRICES, digest) == b"matrix"


def test_a_root_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        BlobStore(tmp_path / "file").prepare()


def test_a_scratch_folder_that_vanishes_meanwhile_is_no_error(blobs: BlobStore) -> None:
    (blobs.root / "incoming" / "gone").symlink_to(blobs.root / "nowhere")
    assert blobs.drop_abandoned(older_than=utc_now() + timedelta(days=1)) == 0


def test_a_counter_counts_until_its_window_ends(settings: Settings) -> None:
    client = redis.Redis.from_url(settings.redis_url)
    rates = RateCounter(client)
    name = builders.unique("counter")
    now = utc_now()
    assert rates.read(name, now=now).used == 0
    rates.add(name)
    rates.add(name)
    count = rates.read(name, now=now)
    assert count.used == 2
    left_s = (count.resets_at - now).total_seconds()
    assert WINDOW_S - 60 < left_s <= WINDOW_S
    client.pexpire(f"probeboard:rate:{name}", 1)
    builders.wait_until(lambda: rates.read(name, now=now).used == 0)
    client.close()


def test_without_redis_nobody_is_stopped(settings: Settings) -> None:
    client = redis.Redis.from_url("unix:///nowhere/redis.sock")
    rates = RateCounter(client)
    now = utc_now()
    rates.add("anything")
    assert rates.read("anything", now=now).used == 0
    assert rates.read("anything", now=now).resets_at == now
    client.close()
