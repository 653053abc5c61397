"""Where unix sockets go when the path is long, odd, or somebody else's."""

import os
import tempfile
from pathlib import Path

import pytest

from app.local.errors import LocalError
from app.local.sockets import SOCKET_PATH_LIMIT_BYTES, make_private, socket_folder


def test_a_short_plain_path_holds_its_own_socket() -> None:
    assert socket_folder(Path("/srv/data"), "x.sock") == Path("/srv/data")


@pytest.mark.parametrize(
    "data", ["/srv/" + "y" * 120, "/srv/with space", "/srv/ümlaut", "/srv/100%"]
)
def test_a_long_or_odd_path_moves_to_a_short_folder_of_its_own(data: str) -> None:
    folder = socket_folder(Path(data), "x.sock")
    assert folder.is_relative_to(tempfile.gettempdir())
    assert len(str(folder / "x.sock").encode()) <= SOCKET_PATH_LIMIT_BYTES
    assert folder == socket_folder(Path(data), "x.sock")
    assert folder != socket_folder(Path(data + "/other"), "x.sock")


def test_a_long_folder_for_temporary_files_is_left_for_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = socket_folder(Path("/srv/" + "y" * 120), "x.sock")
    assert len(str(folder)) < 60


def test_a_socket_name_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(LocalError, match="short enough for a unix socket"):
        socket_folder(Path("/srv"), "s" * 110)


def test_a_private_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o777)
    make_private(folder, owner_uid=os.getuid())
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / "sockets").symlink_to(target)
    with pytest.raises(LocalError, match="belongs to another user"):
        make_private(tmp_path / "sockets", owner_uid=os.getuid())
