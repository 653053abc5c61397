"""EvalAI's bundles: values that are odd become what they mean, or fail the bundle's check."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.bundles.command import main
from app.bundles.evalai import Converted, convert
from tests.builders import labels_csv, sample_ids, zipped

PHASE = {"id": 1, "name": "Dev", "leaderboard_public": True,
         "start_date": "2025-03-10 00:00:00", "end_date": "2025-03-31 23:59:59"}  # fmt: skip
CONFIG = {
    "title": "Birds",
    "leaderboard": [{"id": 1, "schema": {"labels": ["Gulls"], "default_order_by": "Gulls"}}],
    "challenge_phases": [PHASE],
}


def files_of(config: dict[str, Any]) -> dict[str, bytes]:
    return {"challenge_config.yaml": yaml.safe_dump(config, allow_unicode=True).encode()}


def with_phase(**values: Any) -> dict[str, Any]:
    return CONFIG | {"challenge_phases": [PHASE | values]}


def written(converted: Converted) -> Any:
    text = converted.files["challenge.yaml"].decode()
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text only


def notes_on(converted: Converted, key: str) -> list[str]:
    return [note for note in converted.notes if f": {key}: " in note]


def checked(config: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Convert, add the files that EvalAI has not, and return what the check finds."""
    archive, ours = folder / "theirs.zip", folder / "ours"
    archive.write_bytes(zipped(files_of(config) | {"b": b""}))
    assert main(["from-evalai", str(archive), str(ours)]) == 0
    stated = yaml.load((ours / "challenge.yaml").read_text(), yaml.BaseLoader)  # noqa: S506 - text
    for task in stated["tasks"]:
        (ours / task["labels"]).parent.mkdir(exist_ok=True)
        (ours / task["labels"]).write_bytes(labels_csv(sample_ids(), range(60)))
    for phase in stated["phases"]:
        (ours / phase["samples"]).write_text("\n".join(["id", *sample_ids()]))
    capsys.readouterr()
    valid = main(["check", str(ours)]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [] if valid else lines


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("2025-03-10 09:30:00", "2025-03-10T09:30:00Z"),
        ("2025-03-10 09:30", "2025-03-10T09:30:00Z"),
        ("2025-03-10T09:30:00", "2025-03-10T09:30:00Z"),
        ("2025-03-10T09:30:00Z", "2025-03-10T09:30:00Z"),
        ("2025-03-10 09:30:00Z", "2025-03-10T09:30:00Z"),
        ("2025-03-10T09:30:00+00:00", "2025-03-10T09:30:00Z"),
        ("2025-03-10T09:30:00+02:00", "2025-03-10T07:30:00Z"),
        ("2025-03-10 00:30:00-08:00", "2025-03-10T08:30:00Z"),
        ("2025-03-10T00:30:00+05:30", "2025-03-09T19:00:00Z"),
        ("2025-03-10T09:30:00.250Z", "2025-03-10T09:30:00.250000Z"),
        ("20250310T093000Z", "2025-03-10T09:30:00Z"),
        ("2025-03-10t09:30:00z", "2025-03-10T09:30:00Z"),
        ("2025-03-10 09:30:00 +0200", "2025-03-10T07:30:00Z"),
        ("2025-3-9 9:30:00", "2025-03-09T09:30:00Z"),
        ("2025-03-10 9:30:00 +2", "2025-03-10T07:30:00Z"),
    ],
)
def test_dates_are_read_with_their_zone_and_in_utc_without_one(date: str, instant: str) -> None:
    converted = convert(files_of(with_phase(start_date=date)))
    assert written(converted)["phases"][0]["opens_at"] == instant
    assert notes_on(converted, "challenge_phases.0.start_date") == []


def test_a_day_alone_is_its_first_instant_and_is_told() -> None:
    converted = convert(files_of(with_phase(end_date="2025-03-31")))
    assert written(converted)["phases"][0]["closes_at"] == "2025-03-31T00:00:00Z"
    assert len(notes_on(converted, "challenge_phases.0.end_date")) == 1


@pytest.mark.parametrize("key", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "date",
    [
        "soon", "2025-13-01 00:00:00", "2025-02-30", "2025-03-10 25:00:00", "10/03/2025",
        "2025-03-10 09:30:00 UTC", "2025-03-10+02:00", "0001-01-01T00:00:00+14:00",
        "2025-03-10T00:00:00+99:00", "", 20, ["2025-03-10"], None,
    ],
)  # fmt: skip
def test_a_date_that_cannot_be_read_fails_the_check_at_its_line(
    date: Any, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = with_phase(**{key: date})
    ours = {"start_date": "opens_at", "end_date": "closes_at"}[key]
    converted = convert(files_of(config))
    assert written(converted)["phases"][0][ours] == "TODO"
    assert len(notes_on(converted, f"challenge_phases.0.{key}")) == 1
    (fault,) = checked(config, tmp_path, capsys)
    place = int(fault.removeprefix(f"{tmp_path}/ours/challenge.yaml:").partition(":")[0])
    assert f"{ours}: TODO" in (tmp_path / "ours/challenge.yaml").read_text().splitlines()[place - 1]


def test_a_date_of_the_challenge_stands_in_for_that_of_a_phase_and_is_told_where_it_is_wrong() -> (
    None
):
    phase = {key: value for key, value in PHASE.items() if key != "end_date"}
    config = CONFIG | {"challenge_phases": [phase], "end_date": "2025-04-06T12:00:00+02:00"}
    converted = convert(files_of(config))
    assert written(converted)["phases"][0]["closes_at"] == "2025-04-06T10:00:00Z"
    converted = convert(files_of(config | {"end_date": "some day"}))
    assert written(converted)["phases"][0]["closes_at"] == "TODO"
    assert len(notes_on(converted, "end_date")) == 1


def test_a_challenges_dates_that_no_phase_needs_are_told() -> None:
    converted = convert(files_of(CONFIG | {"start_date": "2025-01-01 00:00:00"}))
    assert len(notes_on(converted, "start_date")) == 1


def test_allowed_domains_are_the_bundles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG | {"allowed_email_domains": ["Example.ORG", "@eo.example.com", "example.org"]}
    converted = convert(files_of(config))
    stated = written(converted)["participation"]
    assert stated == {"email_domains": ["example.org", "eo.example.com"]}
    assert notes_on(converted, "allowed_email_domains") == []
    assert checked(config, tmp_path, capsys) == []


@pytest.mark.parametrize("domain", ["edu", "", "a b.org", "me@example.org", None, 3])
def test_a_domain_that_is_none_fails_the_check_rather_than_let_everybody_in(
    domain: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG | {"allowed_email_domains": [domain]}
    assert len(notes_on(convert(files_of(config)), "allowed_email_domains")) == 1
    (fault,) = checked(config, tmp_path, capsys)
    assert "participation.email_domains.0" in fault


@pytest.mark.parametrize("key", ["blocked_emails_domains", "blocked_email_domains"])
def test_blocked_domains_have_a_line_that_says_why(key: str) -> None:
    converted = convert(files_of(CONFIG | {key: ["example.net"]}))
    (note,) = notes_on(converted, key)
    assert "not those it blocks" in note
    assert "participation" not in written(converted)


def test_the_description_of_a_sum_is_kept_though_it_is_no_task() -> None:
    schema = {
        "labels": ["Gulls", "Total"],
        "default_order_by": "Total",
        "metadata": {"Total": {"description": "All of them.", "sort_ascending": True}},
    }
    converted = convert(files_of(CONFIG | {"leaderboard": [{"id": 1, "schema": schema}]}))
    assert [task["slug"] for task in written(converted)["tasks"]] == ["gulls"]
    assert "- **Total**: All of them." in converted.files["pages/evaluation.md"].decode()
    assert len(notes_on(converted, "leaderboard.0.schema.metadata.Total.sort_ascending")) == 1


def test_metadata_of_a_metric_that_is_no_label_is_told() -> None:
    schema = {"labels": ["Gulls"], "metadata": {"Whales": {"description": "Large."}}}
    converted = convert(files_of(CONFIG | {"leaderboard": [{"id": 1, "schema": schema}]}))
    assert len(notes_on(converted, "leaderboard.0.schema.metadata.Whales.description")) == 1


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("max_submissions", "few", "“few” is no whole number: 100000 stands in its place"),
        ("max_submissions", 2.5, "“2.5” is no whole number"),
        ("max_submissions", True, "“True” is no whole number"),
        ("max_submissions", None, "“None” is no whole number"),
        ("max_concurrent_submissions_allowed", 0, "0 becomes 1"),
        ("leaderboard_public", "perhaps", "“perhaps” is neither true nor false"),
    ],
)
def test_figures_and_truths_that_are_none_are_told(key: str, value: Any, said: str) -> None:
    (note,) = notes_on(convert(files_of(with_phase(**{key: value}))), f"challenge_phases.0.{key}")
    assert said in note


def test_the_last_submission_counts_where_the_board_shows_it() -> None:
    split = {"challenge_phase_id": "1", "leaderboard_id": 1, "visibility": 3}
    latest = split | {"show_leaderboard_by_latest_submission": "True"}
    converted = convert(files_of(CONFIG | {"challenge_phase_splits": [latest, split]}))
    assert written(converted)["phases"][0]["selection"] == "last"
    one = with_phase(is_restricted_to_select_one_submission=True)
    converted = convert(files_of(one | {"challenge_phase_splits": [latest]}))
    assert written(converted)["phases"][0]["selection"] == {"rule": "selected", "limit": "1"}
    key = "challenge_phases.0.is_restricted_to_select_one_submission"
    assert len(notes_on(converted, key)) == 1


def test_splits_that_contradict_each_other_or_name_what_there_is_not_are_told() -> None:
    first = {"challenge_phase_id": 1, "leaderboard_id": 9, "dataset_split_id": 4,
             "leaderboard_decimal_precision": 12}  # fmt: skip
    other = {"challenge_phase_id": 1, "leaderboard_id": 1, "leaderboard_decimal_precision": 1,
             "show_leaderboard_by_latest_submission": False}  # fmt: skip
    last = other | {"show_leaderboard_by_latest_submission": True}
    converted = convert(files_of(CONFIG | {"challenge_phase_splits": [first, other, last]}))
    for key, number in (
        ("0.leaderboard_id", 1), ("0.dataset_split_id", 1), ("0.leaderboard_decimal_precision", 2),
        ("1.show_leaderboard_by_latest_submission", 1),
    ):  # fmt: skip
        assert len(notes_on(converted, f"challenge_phase_splits.{key}")) == number
    assert written(converted)["phases"][0]["board"]["decimals"] == "1"


def test_pages_that_are_not_utf8_are_told() -> None:
    files = files_of(CONFIG | {"description": "about.html"}) | {"about.html": b"<p>caf\xe9</p>"}
    converted = convert(files)
    assert len(notes_on(converted, "description")) == 1
    assert "caf\ufffd" in converted.files["pages/description.md"].decode()
