"""The one folder that holds the state of `make run`: writable, roomy, and used by one instance."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.local.errors import LocalError

ROOM_NEEDED_BYTES = 300 * 1024**2  # a fresh cluster takes about 50 MB, the demo a few more


def free_bytes(folder: Path) -> int:
    """Return what a user may still write on the disk of `folder`."""
    return shutil.disk_usage(folder).free


def prepare(folder: Path, *, room_needed_bytes: int = ROOM_NEEDED_BYTES) -> Path:
    """Make the data folder and what it always contains; return its absolute path.

    Raises LocalError when it cannot be made or written, or the disk is full.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("logs", "blobs", "beat"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        probe = folder / "logs" / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalError(
            f"Cannot write to the data folder {folder}: {reason}. Choose another with --data."
        ) from error
    if (free := free_bytes(folder)) < room_needed_bytes:
        raise LocalError(
            f"The disk of {folder} has {free // 1024**2} MB left, "
            f"{room_needed_bytes // 1024**2} MB are needed. Make room or choose another (--data)."
        )
    return folder


@contextmanager
def only_instance(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel releases it however we die.

    Raises LocalError when another instance holds it.
    """
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise LocalError(
                f"Probeboard runs already on {folder} (process {holder}). "
                "Stop it first, or choose another folder with --data."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
