"""A bucket is looked at when a process starts; without one its SDK is not even loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.blobs import make_blobs
from app.blobs_bucket import BucketRefused
from app.local import commands
from app.settings import Settings
from tests.buckets import BucketServer

ROOT = Path(__file__).resolve().parents[2]


def test_a_bucket_that_is_not_there_is_refused_at_the_start(
    bucket_server: BucketServer, tmp_path: Path
) -> None:
    store = bucket_server.store("nobody-made-this", tmp_path)
    with pytest.raises(BucketRefused, match="BLOB_BUCKET nobody-made-this cannot be used"):
        store.prepare()
    store.close()


def test_a_bucket_without_credentials_is_refused_at_the_start(
    bucket_server: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    store = bucket_server.store(bucket_server.new_bucket(), tmp_path)
    with pytest.raises(BucketRefused, match="credentials"):
        store.prepare()
    store.close()


def test_settings_the_sdk_cannot_use_are_refused(
    bucket_server: BucketServer, tmp_path: Path
) -> None:
    with pytest.raises(BucketRefused, match="BLOB_BUCKET"):
        bucket_server.store("any", tmp_path, blob_endpoint_url="http://no host")


def test_a_bucket_that_is_down_keeps_no_process_from_starting(
    bucket_server: BucketServer, tmp_path: Path
) -> None:
    store = bucket_server.store(bucket_server.new_bucket(), tmp_path)
    with bucket_server.gone():
        store.prepare()
        assert store.answers() is False
    assert store.answers() is True
    store.close()


def test_without_a_bucket_the_sdk_is_not_loaded() -> None:
    look = (
        "import sys; from pathlib import Path;"
        "from app.blobs import make_blobs; from app.settings import Settings;"
        "made = make_blobs(Settings(_env_file=None, database_url='postgresql://n@localhost/n',"
        "redis_url='redis://localhost:1/0', blob_root=Path('blobs')));"
        "print(type(made).__name__, {'boto3', 'botocore'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "BlobStore set()"
    loaders = {
        path.name
        for folder in ("app", "worker")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"(?m)^\s*(import|from) (boto|app\.blobs_(bucket|cached))", path.read_text())
    }
    assert loaders == {"blobs.py", "blobs_bucket.py", "blobs_cached.py"}


def test_a_bucket_without_the_sdk_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setitem(sys.modules, "app.blobs_bucket", None)
    with pytest.raises(RuntimeError, match="extra `s3`"):
        make_blobs(settings.model_copy(update={"blob_bucket": "any"}))


def test_a_worker_ends_where_it_could_not_read_a_blob(
    bucket_server: BucketServer, settings: Settings, tmp_path: Path
) -> None:
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "BLOB_ROOT": str(tmp_path),
        "BLOB_BUCKET": "nobody-made-this",
        "BLOB_ENDPOINT_URL": bucket_server.url,
    }
    command = [sys.executable, "-m", *commands.WORKER]
    ended = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 1
    assert "BLOB_BUCKET nobody-made-this cannot be used" in ended.stderr.splitlines()[-1]
