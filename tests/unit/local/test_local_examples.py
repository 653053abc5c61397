"""The demo challenge as it is read from examples/, and that its files hold together."""

import csv
import io
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from app.local import examples

SIZE_LIMIT_BYTES = 10_000_000
EXAMPLE = examples.read(examples.EXAMPLE)


def _ids(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row["id"] for row in csv.DictReader(file)]


def test_the_bundle_holds_every_file_that_the_challenge_names_and_no_submission() -> None:
    archive = zipfile.ZipFile(io.BytesIO(examples.bundle(examples.EXAMPLE)))
    names = set(archive.namelist())
    challenge = yaml.safe_load(archive.read("challenge.yaml"))
    named = {task["labels"] for task in challenge["tasks"]} | set(challenge["pages"].values())
    splits = [phase["splits"] for phase in challenge["phases"]]
    named |= {each["groups"] for each in splits if "groups" in each}
    assert names == named | {"challenge.yaml", "samples.csv"}


def test_every_encoder_is_handed_in_where_places_are_known_and_where_they_are_not() -> None:
    handed_in = {
        phase: {entry.file.stem for entry in EXAMPLE.entries if entry.phase == phase}
        for phase in EXAMPLE.phases
    }
    assert len(handed_in["dev"]) == 9
    assert handed_in["places"] == handed_in["dev"]


def test_every_sample_is_of_one_of_150_sites() -> None:
    path = examples.EXAMPLE / "groups.csv"
    assert set(_ids(path)) == set(_ids(examples.EXAMPLE / "samples.csv"))
    with path.open(newline="", encoding="utf-8") as file:
        assert len({row["group"] for row in csv.DictReader(file)}) == 150


def test_a_submission_to_a_phase_that_requires_another_goes_there_too() -> None:
    handed_in = {(entry.phase, entry.person, entry.file) for entry in EXAMPLE.entries}
    for phase, person, file in handed_in:
        if phase == "test":
            assert ("dev", person, file) in handed_in


def test_there_are_eight_teams_one_baseline_and_a_guest() -> None:
    teams = {entry.person.team for entry in EXAMPLE.entries if not entry.baseline}
    assert len(teams) == 8
    assert {entry.file.stem for entry in EXAMPLE.entries if entry.baseline} == {"rgb-mean"}
    assert EXAMPLE.participants[-1] is EXAMPLE.guest
    assert EXAMPLE.guest_file.is_file()


@pytest.mark.parametrize(
    "file", sorted({entry.file for entry in EXAMPLE.entries}), ids=lambda path: path.stem
)
def test_a_submission_has_the_wanted_samples_and_dimensions_in_float32(file: Path) -> None:
    table = pq.read_table(file)
    assert table["id"].to_pylist() == _ids(examples.EXAMPLE / "samples.csv")
    assert table.column_names == ["id", *(str(dimension) for dimension in range(128))]
    assert {str(field.type) for field in table.schema} == {"string", "float"}


def test_every_label_belongs_to_a_sample() -> None:
    samples = set(_ids(examples.EXAMPLE / "samples.csv"))
    for path in (examples.EXAMPLE / "labels").glob("*.csv"):
        labelled = _ids(path)
        assert set(labelled) <= samples
        assert len(set(labelled)) == len(labelled)


def test_the_examples_stay_small() -> None:
    files = [path for path in examples.EXAMPLE.parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < SIZE_LIMIT_BYTES
