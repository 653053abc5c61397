"""Blobs in a bucket, with a local folder as a cache in front of it.

The truth is in the bucket: a blob is named only after it is there. A cache of what never changes is
never stale, and whatever is in it can be dropped, as long as the bucket has it.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from app.blobs import SCRATCH_LIVES, BlobDamaged, BlobKind, BlobStore
from app.blobs_bucket import Bucket
from app.blobs_digest import is_whole
from app.errors import Unavailable

# Between asking where a blob lies and opening it; once open, a file outlives its name.
IN_USE_S = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, order=True)
class _Cached:
    used_at: float
    n_bytes: int
    path: Path
    kind: BlobKind


class CachedStore(BlobStore):
    """A bucket of blobs, and a folder for those that were used last."""

    def __init__(self, root: Path, bucket: Bucket, *, limit_bytes: int) -> None:
        super().__init__(root)
        self.bucket = bucket
        self._limit_bytes = limit_bytes
        self._only_here: set[str] = set()

    def prepare(self) -> None:
        """Make the folders; refuse a root or a bucket that cannot be used.

        Raises
        ------
        OSError
            If the root cannot be written, or (BucketRefused) the bucket is not ours to use.
        """
        super().prepare()
        self.bucket.require_usable()

    def existing_path(self, kind: BlobKind, digest: str) -> Path:
        """Return where a blob lies, fetched from the bucket if it has to be.

        Raises
        ------
        BlobMissing
            If there is none, or (BlobDamaged) something else in its place.
        Unavailable
            If the bucket does not answer.
        """
        place = self.path(kind, digest)
        try:
            os.utime(place)
        except FileNotFoundError:
            self._fetch(kind, digest)
        return place

    def holds(self, kind: BlobKind, digest: str) -> bool:
        """Tell whether a blob is here and in the bucket.

        Raises
        ------
        Unavailable
            If the bucket does not answer.
        """
        place = self.path(kind, digest)
        return place.exists() and self._has(kind, digest, place.stat().st_size)

    def send_ahead(self, kind: BlobKind, digest: str, scratch: Path) -> None:
        """Upload a finished file, unless the bucket has it.

        Raises
        ------
        Unavailable
            If the bucket does not take it.
        """
        if not self._has(kind, digest, scratch.stat().st_size):
            self.bucket.send(kind, digest, scratch)

    def adopt(self, kind: BlobKind, digest: str, scratch: Path) -> None:
        """Move a finished file to its place once the bucket has it.

        Raises
        ------
        Unavailable
            If the bucket does not take it; then nothing is named.
        """
        self.send_ahead(kind, digest, scratch)
        super().adopt(kind, digest, scratch)
        self.make_room()

    def make_room(self) -> None:
        """Drop the files that were not used for longest, while there are too many bytes.

        What is in use stays, and what the bucket has not; so does everything while it is not
        reached. Folders that killed processes left go too: no sweep runs on a server's machine.
        """
        now = time.time()
        self.drop_abandoned(older_than=datetime.fromtimestamp(now, UTC) - SCRATCH_LIVES)
        cached = list(self._cached())
        too_much = sum(file.n_bytes for file in cached) - self._limit_bytes
        dropped = 0
        try:
            for file in sorted(cached):
                if too_much <= 0 or file.used_at > now - IN_USE_S:
                    break
                if self._drop(file):
                    too_much -= file.n_bytes
                    dropped += 1
        except Unavailable:
            log.warning("cache not made smaller", too_much_bytes=too_much)
        if dropped:
            log.info("cache made smaller", files=dropped)

    def answers(self) -> bool | None:
        """Tell whether the bucket answers."""
        return self.bucket.answers()

    def close(self) -> None:
        """Give the connections back."""
        self.bucket.close()

    @contextmanager
    def as_stored(self, kind: BlobKind, digest: str) -> Iterator[Path]:
        """Lend a copy of what the bucket has, whatever is in the folder.

        Raises
        ------
        BlobMissing
            If the bucket has none.
        Unavailable
            If it does not answer.
        """
        with self.incoming() as folder:
            scratch = folder / digest
            with scratch.open("wb") as file:
                self.bucket.fetch(kind, digest, file)
                file.flush()
                os.fsync(file.fileno())
            yield scratch

    def _fetch(self, kind: BlobKind, digest: str) -> None:
        with self.as_stored(kind, digest) as scratch:
            if not is_whole(kind, digest, scratch):
                log.error("damaged blob in the bucket", blob=f"{kind}/{digest}")
                raise BlobDamaged(f"{kind}/{digest}")
            super().adopt(kind, digest, scratch)
        self.make_room()

    def _has(self, kind: BlobKind, digest: str, n_bytes: int) -> bool:
        return self.bucket.n_bytes(kind, digest) == n_bytes

    def _cached(self) -> Iterator[_Cached]:
        for kind in BlobKind:
            for path in (self.root / kind).glob("??/*"):
                try:
                    found = path.stat()
                except FileNotFoundError:  # another process was faster
                    continue
                yield _Cached(found.st_mtime, found.st_size, path, kind)

    def _drop(self, file: _Cached) -> bool:
        """Drop a file, unless it is only here, or was used since it was looked at."""
        digest = file.path.name
        if digest in self._only_here:
            return False
        if not self._has(file.kind, digest, file.n_bytes):
            self._only_here.add(digest)
            log.warning("not in the bucket, and kept", blob=f"{file.kind}/{digest}")
            return False
        try:
            if file.path.stat().st_mtime != file.used_at:
                return False
            file.path.unlink()
        except FileNotFoundError:  # another process was faster: gone is gone
            pass
        return True
