"""A store that speaks S3 over HTTP on the loopback interface, which tests can stop and start."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3.session
import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from app.blobs import BlobKind, BlobStore, make_blobs
from app.settings import Settings
from tests import builders


class _OneAnswer(MotoRequestHandler):
    """Closes each connection, so that nobody is served after the server was stopped."""

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        self.close_connection = True
        return parsed


class _OneByOne:
    """Answers one request after the other: moto overwrites an object in other requests' hands."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        with self._lock:
            return list(self._app(environ, start_response))


class BucketServer:
    """An S3-compatible server; what is in its buckets outlives a stop."""

    def __init__(self) -> None:
        self._app = _OneByOne()
        self._start(0)
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.client: Any = boto3.session.Session().client("s3", endpoint_url=self.url)

    def new_bucket(self) -> str:
        """Make a bucket of the test's own and return its name."""
        name = builders.unique("blobs")
        self.client.create_bucket(Bucket=name)
        return name

    def names(self, bucket: str) -> set[str]:
        """Return the keys of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def store(self, bucket: str, root: Path, **more: Any) -> BlobStore:
        """Make a store as a process does, with a cache of its own."""
        settings = Settings(
            _env_file=None,
            database_url="postgresql://nobody@localhost/nothing",
            redis_url="redis://localhost:1/0",
            blob_root=root,
            blob_bucket=bucket,
            **({"blob_endpoint_url": self.url} | more),
        )
        return make_blobs(settings)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Let nobody listen at the address for a while."""
        self._stop()
        try:
            yield
        finally:
            self._start(self.port)

    def close(self) -> None:
        """Stop for good."""
        self.client.close()
        self._stop()

    def _start(self, port: int) -> None:
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=_OneAnswer
        )
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _stop(self) -> None:
        self._server.shutdown()
        self._thread.join()


def cached(store: BlobStore) -> set[str]:
    """Return the digests of what lies in a store's folder."""
    return {path.name for kind in BlobKind for path in (store.root / kind).glob("*/*")}


def running_server() -> Iterator[BucketServer]:
    """Run one, with the SDK's environment set as an operator would."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "tests")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_MAX_ATTEMPTS", "2")
        server = BucketServer()
        yield server
        server.close()
