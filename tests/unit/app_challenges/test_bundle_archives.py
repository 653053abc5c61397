"""A zip is unpacked whole and inside of its folder, or refused."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.challenges import archive
from app.challenges.archive import read_zip, require_inside, without_top_folder
from app.errors import InvalidBundle
from tests.builders import bundle_files, zipped


def zip_of(tmp_path: Path, make: Callable[[zipfile.ZipFile], Any]) -> Path:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        make(made)
    return path


def code_of(path: Path, limit_bytes: int = 10**6) -> str:
    with pytest.raises(InvalidBundle) as refused:
        read_zip(path, limit_bytes=limit_bytes)
    return refused.value.places[0].code


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\b", "..", "."])
def test_a_name_outside_of_the_bundle_is_refused(tmp_path, name):
    assert code_of(zip_of(tmp_path, lambda made: made.writestr(name, b""))) == "bad_name"
    with pytest.raises(InvalidBundle):
        require_inside(name)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = zip_of(tmp_path, lambda made: made.writestr("a", b"\x00" * 10**7))
    assert bomb.stat().st_size < 20_000
    assert code_of(bomb) == "too_large"
    many = zip_of(tmp_path, lambda made: [made.writestr(f"{n}", b"x" * 300_000) for n in range(4)])
    assert code_of(many) == "too_large"


def test_too_many_files_are_refused(tmp_path):
    names = range(archive.MAX_FILES + 1)
    path = zip_of(tmp_path, lambda made: [made.writestr(f"{n}", b"") for n in names])
    assert code_of(path) == "too_many_files"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path):
    path = zip_of(tmp_path, lambda made: [made.writestr("a", b"1"), made.writestr("a", b"2")])
    assert code_of(path) == "duplicate_file"


def test_an_encrypted_member_is_refused(tmp_path):
    path = zip_of(tmp_path, lambda made: made.writestr("a", b"1"))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the local header's flag, and the directory's
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert code_of(path) == "not_a_zip"


def test_one_folder_around_everything_is_looked_through(tmp_path):
    files = bundle_files()
    folded = {f"my challenge/{name}": data for name, data in files.items()}
    clutter = {"__MACOSX/my challenge/._challenge.yaml": b"\x00", ".DS_Store": b"\x00"}
    path = tmp_path / "bundle.zip"
    path.write_bytes(zipped(folded | clutter))
    assert read_zip(path, limit_bytes=10**6) == files
    assert without_top_folder({"a/x": b"", "b/y": b""}) == {"a/x": b"", "b/y": b""}
    with zipfile.ZipFile(path, "w") as made:
        made.mkdir("folder")
        made.writestr("folder/challenge.yaml", b"a")
    assert read_zip(path, limit_bytes=10**6) == {"challenge.yaml": b"a"}
