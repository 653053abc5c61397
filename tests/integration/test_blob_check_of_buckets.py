"""`verify-blobs` looks into the bucket itself: the cache may have what the bucket has lost."""

from pathlib import Path

import pytest

from app import operate
from app.blobs import BlobKind, BlobMissing
from app.blobs_digest import is_whole
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.buckets import BucketServer
from worker.parts import Parts

KIND = BlobKind.LABELS


def test_what_a_store_lends_to_be_checked_is_the_buckets_and_not_the_caches(
    bucket_server: BucketServer, tmp_path: Path
) -> None:
    bucket = bucket_server.new_bucket()
    store = bucket_server.store(bucket, tmp_path)
    store.prepare()
    digest = store.put(KIND, b"labels")
    place = f"{KIND}/{digest[:2]}/{digest}"
    with store.as_stored(KIND, digest) as path:
        assert is_whole(KIND, digest, path)
    bucket_server.client.put_object(Bucket=bucket, Key=place, Body=b"other labels")
    with store.as_stored(KIND, digest) as path:
        assert path.read_bytes() == b"other labels"
    bucket_server.client.delete_object(Bucket=bucket, Key=place)
    with pytest.raises(BlobMissing), store.as_stored(KIND, digest):
        pass
    assert store.read(KIND, digest) == b"labels"
    assert list((tmp_path / "incoming").iterdir()) == []
    store.close()


def test_a_bucket_that_does_not_answer_fails_the_check_in_a_line(
    api: Api,
    parts: Parts,
    settings: Settings,
    bucket_server: BucketServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    builders.contest(api, parts.sessions)  # some row names a blob
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "BLOB_ROOT": str(tmp_path / "new"),
        "BLOB_BUCKET": bucket_server.new_bucket(),
        "BLOB_ENDPOINT_URL": bucket_server.url,
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    with bucket_server.gone():
        capsys.readouterr()
        assert operate.main(["verify-blobs"]) == 1
    assert "does not answer" in capsys.readouterr().err
