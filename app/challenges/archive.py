"""A bundle as it comes in: a zip, or one multipart part per file; either way, names and bytes."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from app.errors import InvalidBundle, Place

CONFIG_FILE = "challenge.yaml"
MAX_FILES = 1000
# All that zipfile and its decompressors raise at damaged, encrypted and exotic archives.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
    RuntimeError, EOFError, ValueError, OSError, OverflowError,
)  # fmt: skip


def read_zip(archive: Path, *, limit_bytes: int) -> dict[str, bytes]:
    """Read a zip into memory, at most `limit_bytes` of content.

    A single folder that holds everything, as file managers make it, is looked through.

    Raises
    ------
    InvalidBundle
        If it is no zip, holds too much, or names a file outside itself.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            return without_top_folder(_read_members(bundle, limit_bytes))
    except _DAMAGE as error:
        detail = f"not a readable zip: {error}"
        raise InvalidBundle("The bundle is not a zip.", [Place("not_a_zip", detail)]) from error


def _read_members(bundle: zipfile.ZipFile, limit_bytes: int) -> dict[str, bytes]:
    members = [member for member in bundle.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise _refusal("too_many_files", f"{len(members)} files; at most {MAX_FILES}")
    files: dict[str, bytes] = {}
    left = limit_bytes
    for member in members:
        require_inside(member.filename)
        if member.filename in files:
            raise twice(member.filename)
        with bundle.open(member) as content:
            data = content.read(left + 1)
        left -= len(data)
        if left < 0:
            raise _refusal("too_large", f"more than {limit_bytes} bytes when unpacked")
        files[member.filename] = data
    return files


def require_inside(name: str) -> None:
    """Refuse a name that points out of the bundle.

    Raises
    ------
    InvalidBundle
        If it does.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
        raise _refusal("bad_name", f"“{name[:100]}” is not a name inside the bundle")


def twice(name: str) -> InvalidBundle:
    """Refuse a bundle that holds two files of one name: which of them would count?"""
    return _refusal("duplicate_file", f"the file “{name[:100]}” is in the bundle twice")


def without_top_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Take away one folder around everything."""
    if CONFIG_FILE in files:
        return dict(files)
    tops = {PurePosixPath(name).parts[0] for name in files if not _is_clutter(name)}
    if len(tops) != 1:
        return dict(files)
    top = tops.pop() + "/"
    return {name.removeprefix(top): data for name, data in files.items() if name.startswith(top)}


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.endswith(".DS_Store")


def _refusal(code: str, detail: str) -> InvalidBundle:
    return InvalidBundle("The bundle cannot be unpacked.", [Place(code, detail)])


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Write a bundle as a zip; equal files make equal bytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)  # of 1980: no instant of this export is told
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return data.getvalue()
