"""The demo's passwords and tokens on disk."""

from pathlib import Path

from app.local.credentials import Credentials


def test_a_password_is_made_once_and_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    first = Credentials(path).password("a@example.org")
    assert Credentials(path).password("a@example.org") == first
    assert Credentials(path).password("b@example.org") != first
    assert len(first) >= 24


def test_the_file_is_for_its_owner_alone_even_after_a_half_written_one(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.with_suffix(".new").write_text("half")
    Credentials(path).store_token("a@example.org", "pb_x")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_tokens_and_the_end_of_the_demo_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    credentials = Credentials(path)
    assert credentials.token("a@example.org") is None
    assert credentials.finished == {}
    credentials.store_token("a@example.org", "pb_x")
    credentials.store_finished({"dev": "1"})
    again = Credentials(path)
    assert again.token("a@example.org") == "pb_x"
    assert again.finished == {"dev": "1"}
