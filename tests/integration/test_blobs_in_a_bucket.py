"""Blobs in a bucket of a real S3-compatible server, with a folder in front as a cache."""

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.blobs import BlobDamaged, BlobKind, BlobMissing, BlobStore
from app.errors import Unavailable
from tests.buckets import BucketServer, cached

ROOT = Path(__file__).resolve().parents[2]
KIND = BlobKind.MATRICES


@pytest.fixture
def bucket(bucket_server: BucketServer) -> str:
    return bucket_server.new_bucket()


@pytest.fixture
def store(bucket_server: BucketServer, bucket: str, tmp_path: Path) -> Iterator[BlobStore]:
    made = bucket_server.store(bucket, tmp_path / "here")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def elsewhere(bucket_server: BucketServer, bucket: str, tmp_path: Path) -> Iterator[BlobStore]:
    """Another machine: the same bucket, a folder of its own."""
    made = bucket_server.store(bucket, tmp_path / "elsewhere")
    made.prepare()
    yield made
    made.close()


def scratch(store: BlobStore) -> list[Path]:
    return list((store.root / "incoming").iterdir())


def test_what_one_machine_puts_another_reads(store: BlobStore, elsewhere: BlobStore) -> None:
    digest = store.put(BlobKind.LABELS, b"labels")
    assert cached(elsewhere) == set()
    assert elsewhere.read(BlobKind.LABELS, digest) == b"labels"
    assert cached(elsewhere) == {digest}
    assert scratch(elsewhere) == []
    with pytest.raises(BlobMissing, match=f"samples/{digest}"):
        elsewhere.read(BlobKind.SAMPLES, digest)


def test_keys_are_the_paths_of_the_folder_under_the_prefix(
    bucket_server: BucketServer, bucket: str, tmp_path: Path
) -> None:
    store = bucket_server.store(bucket, tmp_path / "blobs", blob_prefix="/boards/ours/")
    store.prepare()
    digest = store.put(KIND, b"matrix")
    place = store.path(KIND, digest).relative_to(store.root).as_posix()
    assert bucket_server.names(bucket) == {"boards/ours/writable", f"boards/ours/{place}"}
    store.close()


def test_a_blob_is_fetched_again_after_the_cache_was_emptied(store: BlobStore) -> None:
    digest = store.put(KIND, b"matrix")
    store.path(KIND, digest).unlink()
    assert store.existing_path(KIND, digest).read_bytes() == b"matrix"


def test_what_is_in_the_cache_is_read_without_the_bucket(
    bucket_server: BucketServer, store: BlobStore
) -> None:
    digest = store.put(KIND, b"matrix")
    with bucket_server.gone():
        assert store.read(KIND, digest) == b"matrix"


@pytest.mark.parametrize("damaged", [b"another matrix", b"matri", b""])
def test_a_damaged_object_is_refused_and_not_kept(
    bucket_server: BucketServer, bucket: str, store: BlobStore, elsewhere: BlobStore, damaged: bytes
) -> None:
    digest = store.put(KIND, b"matrix")
    place = f"{KIND}/{digest[:2]}/{digest}"
    bucket_server.client.put_object(Bucket=bucket, Key=place, Body=damaged)
    with pytest.raises(BlobDamaged, match=place.replace(f"{digest[:2]}/", "")):
        elsewhere.read(KIND, digest)
    assert cached(elsewhere) == set()
    assert scratch(elsewhere) == []
    # Whoever stores it again repairs it.
    store.put(KIND, b"matrix")
    assert elsewhere.read(KIND, digest) == b"matrix"


def in_numpy_s_form(matrix: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, matrix)
    return file.getvalue()


def test_a_matrix_is_named_by_its_numbers_and_refused_with_another_header(
    bucket_server: BucketServer, bucket: str, store: BlobStore, elsewhere: BlobStore
) -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    digest, data = hashlib.sha256(matrix.tobytes()).hexdigest(), in_numpy_s_form(matrix)
    with store.incoming() as folder:
        (folder / "matrix.npy").write_bytes(data)
        store.adopt(KIND, digest, folder / "matrix.npy")
    place = f"{KIND}/{digest[:2]}/{digest}"
    damages = {
        "another number": data[:-1] + b"\x00",
        "a row less": data.replace(b"(4, 3)", b"(3, 3)"),
        "another type": data.replace(b"<f4", b"<f8"),
        "another order": data.replace(b"'fortran_order': False", b"'fortran_order': True "),
        "another version": data[:6] + b"\x02" + data[7:],
        "no header": matrix.tobytes()[:-1],
    }
    for name, damaged in damages.items():
        assert damaged != data, name
        bucket_server.client.put_object(Bucket=bucket, Key=place, Body=damaged)
        with pytest.raises(BlobDamaged):
            elsewhere.read(KIND, digest)
    bucket_server.client.put_object(Bucket=bucket, Key=place, Body=data)
    assert np.array_equal(np.load(elsewhere.existing_path(KIND, digest)), matrix)


def test_those_who_fetch_a_blob_at_once_all_get_it_whole(
    store: BlobStore, elsewhere: BlobStore
) -> None:
    data = os.urandom(3_000_000)
    digest = store.put(KIND, data)
    read: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: read.append(elsewhere.read(KIND, digest))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [data] * 6
    assert cached(elsewhere) == {digest}
    assert scratch(elsewhere) == []


def test_a_large_file_goes_up_in_parts_and_comes_back_whole(
    store: BlobStore, elsewhere: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.blobs_bucket.TRANSFER.multipart_threshold", 5 * 1024**2)
    monkeypatch.setattr("app.blobs_bucket.TRANSFER.multipart_chunksize", 5 * 1024**2)
    data = os.urandom(11 * 1024**2)
    digest = store.put(KIND, data)
    assert elsewhere.read(KIND, digest) == data


def test_what_the_bucket_does_not_take_is_not_in_the_store(
    bucket_server: BucketServer, bucket: str, store: BlobStore
) -> None:
    known = bucket_server.names(bucket)
    with bucket_server.gone(), pytest.raises(Unavailable):
        store.put(KIND, b"matrix")
    assert cached(store) == set()
    assert scratch(store) == []
    assert bucket_server.names(bucket) == known
    digest = store.put(KIND, b"matrix")
    with bucket_server.gone(), pytest.raises(Unavailable):
        store.put(KIND, b"matrix")  # not even then: nobody can tell whether the bucket has it
    assert cached(store) == {digest}


def test_what_is_only_here_is_uploaded_when_it_is_put(
    bucket_server: BucketServer, bucket: str, store: BlobStore, elsewhere: BlobStore
) -> None:
    digest = BlobStore(store.root).put(KIND, b"from before there was a bucket")
    with pytest.raises(BlobMissing):
        elsewhere.read(KIND, digest)
    store.put(KIND, b"from before there was a bucket")
    assert elsewhere.read(KIND, digest) == b"from before there was a bucket"


def test_a_missing_bucket_is_not_mistaken_for_a_missing_blob(
    bucket_server: BucketServer, store: BlobStore, bucket: str
) -> None:
    digest = "0" * 64
    with pytest.raises(BlobMissing):
        store.read(KIND, digest)
    bucket_server.client.delete_object(Bucket=bucket, Key="writable")
    bucket_server.client.delete_bucket(Bucket=bucket)
    with pytest.raises(Unavailable):
        store.read(KIND, digest)


class _Broken(BaseHTTPRequestHandler):
    """Promises a thousand bytes, sends ten, and cannot take any."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"0123456789")

    def do_HEAD(self) -> None:
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def broken(bucket_server: BucketServer, tmp_path: Path) -> Iterator[BlobStore]:
    """A store behind which a server fails in the middle of everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Broken) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        store = bucket_server.store("any", tmp_path / "broken", blob_endpoint_url=url)
        store.prepare()
        yield store
        store.close()
        server.shutdown()
        thread.join()


def test_a_transfer_that_breaks_off_leaves_nothing(broken: BlobStore) -> None:
    with pytest.raises(Unavailable):
        broken.read(KIND, "0" * 64)
    with pytest.raises(Unavailable):
        broken.put(KIND, b"matrix")
    assert broken.answers() is False
    assert cached(broken) == set()
    assert scratch(broken) == []
