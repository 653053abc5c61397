"""Files under their own digest, in one folder that app and workers share.

A blob never changes, so a reader needs no lock: a file is written beside its place, flushed to the
disk and then renamed. What a blob is called is what it contains. Where a bucket is configured, the
folder is a cache in front of it; see `app.blobs_cached`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp

from app.settings import Settings

SCRATCH_LIVES = timedelta(hours=6)


class BlobKind(StrEnum):
    """A folder each. Workers score by LABELS and MARKS; no endpoint hands them out."""

    MATRICES = "matrices"
    LABELS = "labels"
    SAMPLES = "samples"
    MARKS = "marks"
    PREDICTIONS = "predictions"


class BlobMissing(Exception):
    """A row names a blob that is not in the store."""


class BlobDamaged(BlobMissing):
    """What the store has under a digest is something else."""


def make_blobs(settings: Settings) -> "BlobStore":
    """Make the store that the settings name; the SDK of buckets is loaded for a bucket only.

    Raises
    ------
    RuntimeError
        If a bucket is named, and the SDK is not installed.
    BucketRefused
        If the bucket's settings make no sense to the SDK.
    """
    if settings.blob_bucket is None:
        return BlobStore(settings.blob_root)
    try:
        from app.blobs_bucket import Bucket
        from app.blobs_cached import CachedStore
    except ModuleNotFoundError as error:
        raise RuntimeError("BLOB_BUCKET needs boto3: install the extra `s3`.") from error
    bucket = Bucket(
        settings.blob_bucket, prefix=settings.blob_prefix, endpoint_url=settings.blob_endpoint_url
    )
    return CachedStore(settings.blob_root, bucket, limit_bytes=settings.blob_cache_bytes)


class BlobStore:
    """A local folder of blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folders; refuse a root that cannot be written, at start and not at night.

        Raises
        ------
        OSError
            If the root cannot be written.
        """
        for folder in (*BlobKind, "incoming"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        with self.incoming():
            pass

    def path(self, kind: BlobKind, digest: str) -> Path:
        """Return where a blob lies."""
        return self.root / kind / digest[:2] / digest

    def holds(self, kind: BlobKind, digest: str) -> bool:
        """Tell whether a blob is in the store for good: storing it again would change nothing."""
        return self.path(kind, digest).exists()

    def existing_path(self, kind: BlobKind, digest: str) -> Path:
        """Return where a blob lies.

        Raises
        ------
        BlobMissing
            If there is none.
        """
        path = self.path(kind, digest)
        if not path.exists():
            raise BlobMissing(f"{kind}/{digest}")
        return path

    def read(self, kind: BlobKind, digest: str) -> bytes:
        """Return a blob's bytes.

        Raises
        ------
        BlobMissing
            If there is none.
        """
        return self.existing_path(kind, digest).read_bytes()

    @contextmanager
    def as_stored(self, kind: BlobKind, digest: str) -> Iterator[Path]:
        """Lend a blob's file as the store itself has it, whatever it has come to be.

        Raises
        ------
        BlobMissing
            If there is none.
        """
        yield self.existing_path(kind, digest)

    def put(self, kind: BlobKind, data: bytes) -> str:
        """Store bytes under their SHA-256 and return it; storing them again changes nothing."""
        digest = hashlib.sha256(data).hexdigest()
        if self.holds(kind, digest):
            return digest
        with self.incoming() as folder:
            scratch = folder / digest
            with scratch.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self.adopt(kind, digest, scratch)
        return digest

    def send_ahead(self, kind: BlobKind, digest: str, scratch: Path) -> None:
        """Do what takes long of `adopt`, before the transaction that adopts: here nothing does."""

    def adopt(self, kind: BlobKind, digest: str, scratch: Path) -> None:
        """Move a finished file (already flushed to the disk) to its place, atomically."""
        place = self.path(kind, digest)
        if place.exists():
            return
        place.parent.mkdir(exist_ok=True)
        scratch.replace(place)
        _flush_folder(place.parent)
        _flush_folder(place.parent.parent)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Lend a scratch folder on the store's own disk; what is not adopted goes with it."""
        folder = Path(mkdtemp(dir=self.root / "incoming"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def drop_abandoned(self, *, older_than: datetime) -> int:
        """Remove scratch folders that a killed process left behind, and return how many."""
        dropped = 0
        for folder in (self.root / "incoming").iterdir():
            try:
                abandoned = folder.stat().st_mtime < older_than.timestamp()
            except FileNotFoundError:  # its owner was faster
                continue
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)
                dropped += 1
        return dropped

    def make_room(self) -> None:
        """Drop what can be fetched again, where there is too much of it: here nothing can."""

    def answers(self) -> bool | None:
        """Tell whether what lies behind the folder answers; None where nothing does."""
        return None

    def close(self) -> None:
        """Give connections back, where there are any."""


def _flush_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
