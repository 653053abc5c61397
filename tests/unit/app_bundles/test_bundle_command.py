"""`probeboard bundle check`: what a server would say, at the place where it is wrong."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.bundles.command import main
from app.challenges.archive import MAX_FILES
from app.challenges.bundle import read_bundle
from app.challenges.config_schema import schema_bytes
from app.errors import InvalidBundle
from probeboard.cli.main import main as probeboard
from tests.builders import BUNDLE_YAML, bundle_files

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "s1s2-timeseries"


def laid_out(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_a_valid_bundle_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = bundle_files() | {"challenge.yaml": BUNDLE_YAML.encode(), ".git/config": b"\xff"}
    assert main(["check", str(laid_out(tmp_path, files))]) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path}: a valid bundle of “tern”: 2 task(s), 2 phase(s)\n"
    )


def test_faults_are_the_servers_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = BUNDLE_YAML.replace("requires: dev", "requires: final")
    files = bundle_files() | {"challenge.yaml": text.encode()}
    files["wet.csv"] = files["wet.csv"].replace(b"s0004,", b"nobody,")
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(files)
    assert main(["check", str(laid_out(tmp_path, files))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"{tmp_path / (place.file or '')}{'' if place.line is None else f':{place.line}'}: "
        f"{place.detail} ({place.code})"
        for place in refused.value.places
    ]
    assert any(line.startswith(f"{tmp_path}/wet.csv:6: ") for line in lines)


def test_more_faults_than_are_listed_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = bundle_files() | {"samples.csv": b"id\n" + b"a\n" * 151}
    assert main(["check", str(laid_out(tmp_path, files))]) == 1
    *faults, last = capsys.readouterr().out.splitlines()
    assert (len(faults), last) == (100, "and 50 more")


def test_too_many_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laid_out(tmp_path, {f"f{number}": b"" for number in range(MAX_FILES + 1)})
    assert main(["check", str(tmp_path)]) == 1
    assert "(too_many_files)" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_the_schema_can_be_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    command = [sys.executable, "-m", "app.bundles", "schema"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert printed.stdout == schema_bytes()


def plugged(folder: Path, target: str) -> dict[str, str]:
    """An environment in which a package adds the command `bundle`."""
    laid_out(
        folder,
        {
            "plug-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: plug\nVersion: 1\n",
            "plug-1.dist-info/entry_points.txt": f"[probeboard.commands]\nbundle = {target}\n"
            .encode(),
        },
    )  # fmt: skip
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_probeboard_has_the_command_where_a_package_adds_it(tmp_path: Path) -> None:
    environment = plugged(tmp_path, "app.bundles.command:main")
    command = [sys.executable, "-m", "probeboard", "bundle", "check", str(EXAMPLE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "s1s2-timeseries" in done.stdout


def test_a_command_without_its_libraries_says_what_to_install(tmp_path: Path) -> None:
    environment = plugged(tmp_path, "there_is_no_such_module:main")
    command = [sys.executable, "-m", "probeboard", "bundle", "check", "."]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'probeboard[server]'" in done.stderr


def test_a_command_that_a_package_adds_gets_what_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    plugged(tmp_path, "app.bundles.command:main")
    assert probeboard(["bundle", "check", str(EXAMPLE)]) == 0
    plugged(tmp_path, "there_is_no_such_module:main")
    assert probeboard(["bundle", "check", str(EXAMPLE)]) == 2
    assert "pip install 'probeboard[server]'" in capsys.readouterr().err


def test_without_a_command_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        probeboard([])
    assert refused.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_other_commands_are_not_looked_for_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        probeboard(["no-such-command"])
    assert refused.value.code == 2
    assert "invalid choice" in capsys.readouterr().err
