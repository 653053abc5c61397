"""The data folder of `make run`."""

from pathlib import Path

import pytest

from app.local.errors import LocalError
from app.local.folder import free_bytes, only_instance, prepare


def test_a_prepared_folder_is_private_and_has_its_parts(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "new" / ".data")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {part.name for part in folder.iterdir()} == {"logs", "blobs", "beat"}


def test_preparing_twice_keeps_what_is_there(tmp_path: Path) -> None:
    folder = prepare(tmp_path / ".data")
    (folder / "blobs" / "kept").write_text("x")
    prepare(folder)
    assert (folder / "blobs" / "kept").read_text() == "x"


def test_a_folder_that_cannot_be_made_is_named_with_the_reason() -> None:
    with pytest.raises(LocalError, match=r"Cannot write to the data folder /proc/x: .+ --data"):
        prepare(Path("/proc/x"))


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(LocalError, match="File exists"):
        prepare(tmp_path / "data")


def test_a_path_that_no_disk_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="File name too long"):
        prepare(tmp_path / ("y" * 300))


def test_too_little_room_is_refused_with_both_figures(tmp_path: Path) -> None:
    needed = free_bytes(tmp_path) + 2**40
    with pytest.raises(LocalError, match=r"has \d+ MB left, \d+ MB are needed"):
        prepare(tmp_path / ".data", room_needed_bytes=needed)


def test_a_second_instance_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        only_instance(tmp_path),
        pytest.raises(LocalError, match=r"runs already on .* \(process \d+\)"),
        only_instance(tmp_path),
    ):
        pass


def test_the_lock_is_free_again_after_use(tmp_path: Path) -> None:
    with only_instance(tmp_path):
        pass
    with only_instance(tmp_path):
        assert (tmp_path / "lock").read_text().isdigit()
