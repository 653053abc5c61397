"""`probeboard rank --pictures`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command

TASKS = ("slope", "crops")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = (
        f"{name},{task},{split},{level + split / 100}"
        for name, level in (("Presto", 0.8), ("bands", 0.7), ("mean", 0.5), ("noise", 0.1))
        for task in TASKS
        for split in range(6)
    )
    path = tmp_path / "results.csv"
    path.write_text("\n".join(["submission,task,split,score", *rows, ""]))
    return path


@pytest.mark.parametrize("form", ["svg", "png"])
def test_pictures_are_written_with_their_words(
    probeboard: Command, table: Path, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "deep" / "pictures"
    ended = probeboard("rank", table, "--pictures", folder, "--form", form)
    assert ended.status == 0
    drawn = ("rank-intervals", "task-scores", "method-robustness")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        name
        for one in drawn
        for name in (f"{one}.dark.{form}", f"{one}.light.{form}", f"{one}.txt")
    )
    assert f"wrote {folder / f'task-scores.dark.{form}'}" in ended.out
    assert "not drawn: rank-history: There is no history" in ended.out
    assert "results.csv" in (folder / "rank-intervals.txt").read_text()


def test_pictures_beside_json_leave_the_document_alone(
    probeboard: Command, table: Path, tmp_path: Path
) -> None:
    plain = probeboard("rank", table, "--json").document
    assert probeboard("rank", table, "--json", "--pictures", tmp_path).document == plain
    assert (tmp_path / "task-scores.light.svg").read_bytes().startswith(b"<svg")


def test_ranking_needs_the_base_install_alone_and_says_what_pictures_need(table: Path) -> None:
    code = f"""
import sys
sys.modules.update(dict.fromkeys(("matplotlib", "fastapi", "sqlalchemy", "app")))
from probeboard.cli.main import main
assert main(["rank", {str(table)!r}, "--json"]) == 0
sys.exit(main(["rank", {str(table)!r}, "--pictures", "x"]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["method"] == "average-rank"
    assert ended.stderr == (
        "probeboard: pictures need matplotlib: pip install 'probeboard[pictures]'\n"
    )
