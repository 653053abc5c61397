"""Choose a folder for a unix socket: beside the data when the path fits, else a short one."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from app.local.errors import LocalError

# sun_path holds 108 bytes with its NUL on Linux and 104 on macOS.
SOCKET_PATH_LIMIT_BYTES = 103
# Other characters would need quoting, each client library in its own way.
_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")


def socket_folder(data_dir: Path, socket_name: str) -> Path:
    """Return a folder whose path with `socket_name` every client can open; the same each time.

    Raises LocalError when even the folder for temporary files has too long a name.
    """
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    short = f"probeboard-{os.getuid()}-{digest}"
    for folder in (data_dir, Path(tempfile.gettempdir()) / short, Path("/tmp") / short):  # noqa: S108  mode and owner are checked by `make_private`
        path = str(folder / socket_name)
        if len(path.encode()) <= SOCKET_PATH_LIMIT_BYTES and _PLAIN.fullmatch(path):
            return folder
    raise LocalError(f"No folder has a path short enough for a unix socket: {data_dir}.")


def make_private(folder: Path, *, owner_uid: int) -> None:
    """Make `folder` for one owner alone, or refuse a folder that another user has put there.

    Raises LocalError when it is a link, or belongs to somebody else.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.getuid(), owner_uid}:
        raise LocalError(f"{folder} belongs to another user; remove it or set TMPDIR.")
    folder.chmod(0o700)
    if found.st_uid != owner_uid:
        os.chown(folder, owner_uid, -1)
