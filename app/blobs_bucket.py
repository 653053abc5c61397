"""A bucket of an S3-compatible store: what is under a key, how it gets there and back.

Time-outs and retries are the SDK's. Keys are the paths of the local folder, so that either is
copied into the other by any tool that copies folders.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

import boto3.session
import structlog
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from app.blobs import BlobKind, BlobMissing
from app.errors import Unavailable

CHUNK_BYTES = 1024**2
# One request for nearly everything, which a store takes in whole or not at all.
_WHOLE_BELOW_BYTES = 256 * 1024**2
TRANSFER = TransferConfig(
    multipart_threshold=_WHOLE_BELOW_BYTES, multipart_chunksize=64 * 1024**2, use_threads=False
)
# The least that all stores understand: not every one knows the newer checksums. The signed digest
# of what is sent has them refuse what was damaged on its way.
_DIALECT = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "s3": {"payload_signing_enabled": True},
}
_PATIENT = Config(connect_timeout=5, read_timeout=20, max_pool_connections=32, **_DIALECT)
_HASTY = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1}, **_DIALECT)
_NOT_REACHED = (ConnectionError, HTTPClientError)

log = structlog.get_logger(__name__)


class BucketRefused(OSError):
    """The bucket cannot be used as it is configured; time alone does not help."""


class Bucket:
    """One bucket, or the part of it under a prefix."""

    def __init__(self, name: str, *, prefix: str = "", endpoint_url: str | None = None) -> None:
        self.name = name
        self.prefix = prefix
        self._endpoint_url = endpoint_url
        self._session = boto3.session.Session()
        try:
            self._client = self._connect(_PATIENT)
        except (BotoCoreError, ValueError) as error:
            raise BucketRefused(f"BLOB_BUCKET: {error}") from error

    def key(self, kind: BlobKind, digest: str) -> str:
        """Return the name of a blob in the bucket."""
        return f"{self.prefix}{kind}/{digest[:2]}/{digest}"

    def require_usable(self) -> None:
        """Look for the bucket, write to it and read, at start and not at night.

        A bucket that cannot be reached is logged, and not refused: it may come back.

        Raises
        ------
        BucketRefused
            If there is no such bucket, or it is not ours to read and write.
        """
        probe = {"Bucket": self.name, "Key": f"{self.prefix}writable"}
        try:
            self._client.head_bucket(Bucket=self.name)
            self._client.put_object(**probe, Body=b"")
            self._client.head_object(**probe)
        except _NOT_REACHED as error:
            log.error("bucket not reached", bucket=self.name, error=str(error))
        except ClientError as error:
            if _status(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
                log.error("bucket not reached", bucket=self.name, error=str(error))
                return
            raise BucketRefused(f"BLOB_BUCKET {self.name} cannot be used: {error}") from error
        except BotoCoreError as error:
            raise BucketRefused(f"BLOB_BUCKET {self.name} cannot be used: {error}") from error

    def answers(self) -> bool:
        """Tell whether the bucket is there now; within seconds, whatever it does."""
        try:
            self._hasty.head_bucket(Bucket=self.name)
        except (BotoCoreError, ClientError) as error:
            log.warning("bucket does not answer", bucket=self.name, error=str(error))
            return False
        return True

    def n_bytes(self, kind: BlobKind, digest: str) -> int | None:
        """Return the size of a blob; None if the bucket has none.

        Raises
        ------
        Unavailable
            If the bucket does not say.
        """
        with _unavailable():
            try:
                found = self._client.head_object(Bucket=self.name, Key=self.key(kind, digest))
            except ClientError as error:
                if _status(error) == HTTPStatus.NOT_FOUND:
                    return None
                raise
        return int(found["ContentLength"])

    def send(self, kind: BlobKind, digest: str, file: Path) -> None:
        """Put a file into the bucket, and return when it is there.

        Raises
        ------
        Unavailable
            If it may not be.
        """
        with _unavailable(), file.open("rb") as data:
            self._client.upload_fileobj(data, self.name, self.key(kind, digest), Config=TRANSFER)

    def fetch(self, kind: BlobKind, digest: str, out: BinaryIO) -> None:
        """Copy a blob into a file, whatever it is.

        Raises
        ------
        BlobMissing
            If the bucket has none.
        Unavailable
            If it does not hand it out, or not to its end.
        """
        with _unavailable():
            try:
                found = self._client.get_object(Bucket=self.name, Key=self.key(kind, digest))
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    raise BlobMissing(f"{kind}/{digest}") from error
                raise
            with closing(found["Body"]) as body:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    out.write(chunk)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()
        if "_hasty" in vars(self):
            self._hasty.close()

    @cached_property
    def _hasty(self) -> Any:
        return self._connect(_HASTY)

    def _connect(self, config: Config) -> Any:
        return self._session.client("s3", endpoint_url=self._endpoint_url, config=config)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        log.error("bucket unavailable", error=str(error))
        raise Unavailable("The file store does not answer; try again in a moment.") from error


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
