"""EvalAI's bundles: no key of one is lost, wherever it stands; what is read changes the result."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bundles.evalai import Converted, convert
from app.bundles.evalai_keys import TOLD_ABOVE

Path = tuple[str | int, ...]

# Every key that EvalAI's documentation has, and two of splits of which there is no phase.
FULL: dict[str, Any] = {
    "title": "Counting Birds",
    "short_description": "How many birds are there?",
    "description": "about.html",
    "evaluation_details": "evaluation.html",
    "evaluation_criteria": "criteria.html",
    "terms_and_conditions": "terms.html",
    "submission_guidelines": "guidelines.html",
    "leaderboard_description": "The best flock wins.",
    "image": "logo.jpg",
    "evaluation_script": "evaluation_script.zip",
    "remote_evaluation": False,
    "is_docker_based": False,
    "is_static_dataset_code_upload": False,
    "start_date": "2025-03-10 00:00:00",
    "end_date": "2025-04-06 00:00:00",
    "published": True,
    "tags": ["birds", "sea"],
    "allowed_email_domains": ["example.org", "example.com"],
    "blocked_emails_domains": ["example.net"],
    "leaderboard": [
        {
            "id": 1,
            "schema": {
                "labels": ["Gulls", "Terns", "Total"],
                "default_order_by": "Total",
                "metadata": {
                    name: {"sort_ascending": False, "description": f"Of {name}."}
                    for name in ("Gulls", "Terns", "Total")
                },
            },
        },
        {"id": 2, "schema": {"labels": ["Auks"], "default_order_by": "Auks"}},
    ],
    "challenge_phases": [
        {
            "id": 1,
            "name": "dev",
            "description": "dev.html",
            "codename": "dev",
            "challenge": 1,
            "is_active": True,
            "leaderboard_public": True,
            "is_public": True,
            "is_submission_public": True,
            "start_date": "2025-03-11 00:00:00",
            "end_date": "2025-03-21 23:59:59",
            "test_annotation_file": "annotations/dev.json",
            "max_submissions_per_day": 20,
            "max_submissions_per_month": 200,
            "max_submissions": 500,
            "max_concurrent_submissions_allowed": 4,
            "allowed_email_ids": [],
            "disable_logs": False,
            "default_submission_meta_attributes": [{"name": "method_name", "is_visible": True}],
            "submission_meta_attributes": [
                {"name": "Sensor", "description": "Which", "type": "radio", "options": ["A", "B"],
                 "required": False},
            ],
            "is_restricted_to_select_one_submission": False,
            "is_partial_submission_evaluation_enabled": False,
            "allowed_submission_file_types": ".json, .zip",
        },
        {"id": 2, "name": "test", "start_date": "2025-03-12", "description": "test.html"},
    ],
    "dataset_splits": [
        {"id": number, "name": f"Split {number}", "codename": f"split{number}"}
        for number in (1, 2)
    ],
    "challenge_phase_splits": [
        {
            "challenge_phase_id": phase,
            "leaderboard_id": board,
            "dataset_split_id": 1,
            "visibility": visibility,
            "leaderboard_decimal_precision": 3,
            "is_leaderboard_order_descending": True,
            "show_execution_time": True,
            "show_leaderboard_by_latest_submission": True,
        }
        for phase, board, visibility in ((1, 1, 3), (2, 2, 3), (2, 1, 1), (7, 1, 3))
    ],
}  # fmt: skip
PAGES = {
    f"{name}.html": f"<p>{name}</p>".encode()
    for name in ("about", "evaluation", "criteria", "terms", "guidelines", "dev", "test")
}


def converted(config: Any) -> Converted:
    return convert(PAGES | {"challenge_config.yaml": yaml.safe_dump(config).encode()})


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a document: those of its keys and of the items of its lists."""
    below = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, item in below:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def changed(path: Path, value: Any) -> Any:
    config = copy.deepcopy(FULL)
    at(config, path[:-1])[path[-1]] = value
    return config


def is_named(notes: tuple[str, ...], path: Path) -> bool:
    return any(f": {dotted(path)}: " in note for note in notes)


def pattern_of(path: Path) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in path)


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


MAPPINGS = [(), *(path for path in places(FULL) if isinstance(at(FULL, path), dict))]
# One of each kind: the first of a list has all keys.
PLACES = list({pattern_of(path): path for path in reversed(list(places(FULL)))}.values())
KEYS = [path for path in PLACES if isinstance(path[-1], str) and path != ("challenge_phases",)]
LEAVES = [path for path in KEYS if all(mapping[: len(path)] != path for mapping in MAPPINGS)]
# What participants are asked is told as a whole.
CONTAINERS = [
    path for path in PLACES
    if isinstance(at(FULL, path), list | dict) and path != ("challenge_phases",)
    and not any("attributes" in str(part) for part in path[:-1])
]  # fmt: skip
BEFORE = converted(FULL)
unknown_keys = st.from_regex(r"x_[a-z_]{1,12}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.just("text"),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(unknown_keys, below, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)  # each reads a long document
@given(where=st.sampled_from(MAPPINGS), key=unknown_keys, value=values)
def test_a_line_names_each_key_that_evalai_does_not_know_wherever_it_stands(
    where: Path, key: str, value: Any
) -> None:
    notes = converted(changed((*where, key), value)).notes
    added = [(*where, key), *((*where, key, *path) for path in places(value))]
    assert [path for path in added if isinstance(path[-1], str) and not is_named(notes, path)] == []


def test_unknown_keys_in_every_mapping_at_once_have_a_line_each() -> None:
    config = copy.deepcopy(FULL)
    for path in MAPPINGS:
        at(config, path)["x_new"] = {"x_below": 1}
    notes = converted(config).notes
    assert [path for path in MAPPINGS if not is_named(notes, (*path, "x_new"))] == []
    assert [path for path in MAPPINGS if not is_named(notes, (*path, "x_new", "x_below"))] == []


def others(value: Any) -> list[Any]:
    """Values that mean something else."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1 or 9]
    if isinstance(value, str):
        return [value.replace("2025", "2024") + "x", value.replace("2025", "2024")]
    return [value[1:]] if isinstance(value, list) else [{}]


def above(path: Path) -> list[Path]:
    return [path[:length] for length in range(1, len(path) + 1)]


@pytest.mark.parametrize("path", LEAVES, ids=dotted)
def test_each_key_that_evalai_knows_changes_the_bundle_or_is_named_in_a_line(path: Path) -> None:
    spoken_for = above(path) if pattern_of(path) in TOLD_ABOVE else [path]
    told = any(is_named(BEFORE.notes, each) for each in spoken_for)
    after = [converted(changed(path, value)) for value in others(at(FULL, path))]
    assert told or any(each.files != BEFORE.files or is_named(each.notes, path) for each in after)


@pytest.mark.parametrize("path", CONTAINERS, ids=dotted)
def test_what_is_no_list_or_mapping_where_one_belongs_is_told(path: Path) -> None:
    after = converted(changed(path, "text"))
    assert is_named(after.notes, path)


@pytest.mark.parametrize("path", KEYS, ids=dotted)
def test_without_one_of_its_keys_a_configuration_still_becomes_a_bundle(path: Path) -> None:
    config = copy.deepcopy(FULL)
    del at(config, path[:-1])[path[-1]]
    assert "challenge.yaml" in converted(config).files
