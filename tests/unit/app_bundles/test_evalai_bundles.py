"""EvalAI's bundles: what has a meaning here is mapped, and for every other key there is a line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.bundles.command import main
from app.bundles.evalai import convert
from app.errors import InvalidBundle
from tests.builders import labels_csv, sample_ids, zipped

CONFIG = """\
title: Counting Birds
short_description: How many birds are there?
description: templates/description.html
evaluation_details: templates/evaluation.html
terms_and_conditions: templates/terms.html
submission_guidelines: templates/guidelines.html
leaderboard_description: The best flock wins.
image: logo.jpg
evaluation_script: evaluation_script.zip
remote_evaluation: False
start_date: 2025-03-10 00:00:00
end_date: 2025-04-06 00:00:00
published: True
tags: [birds]
leaderboard:
  - id: 1
    schema:
      {
        "labels": ["Gulls", "Terns", "Total"],
        "default_order_by": "Total",
        "metadata": {"Gulls": {"sort_ascending": True, "description": "Error of gulls."}},
      }
challenge_phases:
  - id: 1
    name: Dev Phase
    description: templates/dev.html
    leaderboard_public: True
    is_public: True
    start_date: 2025-03-10 00:00:00
    end_date: 2025-03-31 23:59:59
    test_annotation_file: annotations/dev.json
    codename: dev
    max_submissions_per_day: 20
    max_submissions_per_month: 200
    max_submissions: 500
    submission_meta_attributes:
      - {name: Sensor, description: Which, type: text}
  - id: 2
    name: Test Phase
    description: templates/missing.html
    leaderboard_public: True
    start_date: 2025-04-03 00:00:00
    codename: Test_2025
    max_submissions: 3
    max_concurrent_submissions_allowed: 2
    is_restricted_to_select_one_submission: True
dataset_splits:
  - {id: 1, name: All Birds, codename: all}
  - {id: 2, name: Rare Birds, codename: rare}
challenge_phase_splits:
  - challenge_phase_id: 1
    leaderboard_id: 1
    dataset_split_id: 1
    visibility: 3
    leaderboard_decimal_precision: 3
    is_leaderboard_order_descending: True
  - challenge_phase_id: 1
    leaderboard_id: 1
    dataset_split_id: 2
    visibility: 1
    leaderboard_decimal_precision: 3
    is_leaderboard_order_descending: False
  - challenge_phase_id: 2
    leaderboard_id: 1
    dataset_split_id: 1
    visibility: 1
    leaderboard_decimal_precision: 4
"""
FILES = {
    "challenge_config.yaml": CONFIG.encode(),
    "templates/description.html": b"<h1>Birds</h1><p>Count <b>all</b>.</p><script>x()</script>",
    "templates/evaluation.html": b"<ul><li>by counting</li></ul>",
    "templates/terms.html": b"<p>Do not <a href='https://example.org'>feed</a>.</p>",
    "templates/guidelines.html": b"<p>One file.</p>",
    "templates/dev.html": b"<p>Practise here.</p>",
    "logo.jpg": b"\xff\xd8",
}


def converted(text: str = CONFIG) -> tuple[Any, dict[str, str], tuple[str, ...]]:
    got = convert(FILES | {"challenge_config.yaml": text.encode()})
    texts = {name: data.decode() for name, data in got.files.items()}
    return yaml.load(texts["challenge.yaml"], yaml.BaseLoader), texts, got.notes  # noqa: S506 - text only


def notes_on(notes: tuple[str, ...], key: str) -> list[str]:
    return [note for note in notes if f": {key}: " in note]


def test_what_has_a_meaning_here_is_mapped() -> None:
    config, texts, _ = converted()
    assert (config["slug"], config["title"]) == ("counting-birds", "Counting Birds")
    assert config["summary"] == "How many birds are there?"
    assert [task["slug"] for task in config["tasks"]] == ["gulls", "terns"]
    dev, test = config["phases"]
    assert (dev["slug"], test["slug"]) == ("dev", "test-2025")
    assert (dev["opens_at"], dev["closes_at"]) == ("2025-03-10T00:00:00Z", "2025-03-31T23:59:59Z")
    assert test["closes_at"] == "2025-04-06T00:00:00Z"
    assert dev["quota"] == {"per_day": "20", "total": "500", "in_flight": "3"}
    assert test["quota"] == {"per_day": "100000", "total": "3", "in_flight": "2"}
    assert dev["board"] == {"visible": "true", "decimals": "3"}
    assert test["board"] == {"visible": "false", "decimals": "4"}
    assert (dev["team_sees"], test["team_sees"]) == ("tasks", "aggregate")
    assert (dev["selection"], test["selection"]) == ("best", {"rule": "selected", "limit": "1"})
    assert "TODO: EvalAI does not say how long" in texts["challenge.yaml"]


def test_pages_become_markdown() -> None:
    _, texts, _ = converted()
    description = texts["pages/description.md"]
    assert "# Birds" in description
    assert "Count **all**." in description
    assert "## Dev Phase\n\nPractise here." in description
    assert "[feed](https://example.org)" in texts["pages/terms.md"]
    evaluation = texts["pages/evaluation.md"]
    for part in ("by counting", "- **Gulls**: Error of gulls.", "The best flock", "One file."):
        assert part in evaluation
    assert "<" not in "".join(texts[name] for name in texts if name.startswith("pages/"))


@pytest.mark.parametrize(
    "key",
    [
        "image", "evaluation_script", "remote_evaluation", "published", "tags",
        "leaderboard.0.schema.default_order_by",
        "leaderboard.0.schema.metadata.Gulls.sort_ascending",
        "challenge_phases.0.is_public", "challenge_phases.0.test_annotation_file",
        "challenge_phases.0.max_submissions_per_month",
        "challenge_phases.0.submission_meta_attributes", "challenge_phases.1.description",
        "dataset_splits.1", "challenge_phase_splits.1.visibility",
        "challenge_phase_splits.1.is_leaderboard_order_descending",
        "challenge_phase_splits.2.visibility",
    ],
)  # fmt: skip
def test_each_key_that_cannot_be_mapped_has_a_line(key: str) -> None:
    _, _, notes = converted()
    (note,) = notes_on(notes, key)
    line = int(note.split(":")[1])
    last = key.rpartition(".")[2]
    if not last.isdigit():
        assert last in CONFIG.splitlines()[line - 1]


def test_what_is_mapped_has_no_line() -> None:
    _, _, notes = converted()
    for key in ("title", "challenge_phases.0.name", "challenge_phases.0.max_submissions"):
        assert notes_on(notes, key) == []
    assert list(notes) == sorted(notes, key=lambda note: int(note.split(":")[1]))


def test_the_check_of_the_result_names_the_files_that_evalai_does_not_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, folder = tmp_path / "evalai.zip", tmp_path / "ours"
    archive.write_bytes(zipped({f"birds/{name}": data for name, data in FILES.items()}))
    assert main(["from-evalai", str(archive), str(folder)]) == 0
    assert "challenge_config.yaml:8: image: " in capsys.readouterr().out
    assert main(["check", str(folder)]) == 1
    faults = capsys.readouterr().out.splitlines()
    assert all(fault.endswith("(file_missing)") and "TODO-" in fault for fault in faults)
    assert len(faults) == 4
    for name in ("labels/TODO-gulls.csv", "labels/TODO-terns.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(labels_csv(sample_ids(), range(60)))
    for slug in ("dev", "test-2025"):
        rows = "\n".join(["id", *sample_ids()])
        (folder / f"TODO-samples-{slug}.csv").write_text(rows)
    assert main(["check", str(folder)]) == 0
    assert main(["from-evalai", str(archive), str(folder)]) == 2


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.txt": b""}, "file_missing"),
        ({"challenge_config.yml": b"\xff"}, "not_utf8"),
        ({"challenge_config.yaml": b"a: [1"}, "yaml"),
        ({"challenge_config.yaml": b"title: x"}, "no_phases"),
        ({"challenge_config.yaml": b"- x"}, "no_phases"),
    ],
)
def test_what_is_no_bundle_of_evalais_is_refused(
    files: dict[str, bytes], code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidBundle) as refused:
        convert(files)
    assert [place.code for place in refused.value.places] == [code]
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(files | {"b": b""}))
    assert main(["from-evalai", str(archive), str(tmp_path / "out")]) == 1
    assert f"({code})" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("max_submissions: 3", "max_submissions: 9999999", "challenge_phases.1.max_submissions"),
        ("start_date: 2025-04-03 00:00:00", "start_date: soon", "challenge_phases.1.start_date"),
        ("short_description: How", "short_description: How " + "very " * 80, "short_description"),
        ('"default_order_by": "Total"', '"default_order_by": "Terns"',
         "leaderboard.0.schema.default_order_by"),
        ("max_submissions: 3", "max_submissions: few", None),
        ("codename: Test_2025", "codename: dev", None),
        ("leaderboard:\n", "boards:\n", "boards"),
    ],
)  # fmt: skip
def test_values_of_other_shapes_are_fitted_and_told(old: str, new: str, key: str | None) -> None:
    config, _, notes = converted(CONFIG.replace(old, new, 1))
    assert key is None or len(notes_on(notes, key)) == 1
    slugs = [phase["slug"] for phase in config["phases"]]
    assert len(set(slugs)) == 2
    assert config["tasks"]
