"""The published JSON Schema: what it takes the server takes as a shape, and the other way round."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.challenges.config import ChallengeConfig
from app.challenges.config_schema import config_schema, schema_bytes
from app.challenges.yaml_lines import read_yaml
from tests.builders import BUNDLE_YAML, bundle_config, phase_config

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "docs" / "challenge.schema.json"
EXAMPLES = sorted(ROOT.glob("examples/*/challenge.yaml"))


def faults(config: Any) -> list[str]:
    validator = Draft202012Validator(config_schema())
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(config)]


def values(text: str) -> Any:
    return read_yaml(text, file="challenge.yaml").values


def test_the_committed_schema_is_the_one_that_the_models_make() -> None:
    # Make it again: python -m app.bundles schema > docs/challenge.schema.json
    assert COMMITTED.read_bytes() == schema_bytes()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(config_schema())


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_each_example_fits_the_schema(example: Path) -> None:
    assert faults(values(example.read_text())) == []


def test_short_and_long_forms_fit() -> None:
    long = phase_config(
        ranking={"method": "neuco", "floor": None},
        selection={"rule": "selected", "limit": 2},
        tasks=["height", {"task": "wet", "splits": {"kind": "grouped", "groups": "g.csv"}}],
    )
    short = phase_config(ranking="mean-q", selection="last")
    assert faults(bundle_config(phases=[long, short])) == []
    assert faults(values(BUNDLE_YAML)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"sumary": "x"},
        {"embedding_dim": 0},
        {"embedding_dim": "4"},
        {"slug": "Tern"},
        {"tasks": []},
        {"terms_version": 1},
        {"pages": {"description": "a.md"}},
        {"phases": [phase_config(opens_at="2026-01-01T00:00:00")]},
        {"phases": [phase_config(ranking="by-name")]},
        {"phases": [phase_config(ranking={"method": "neuco", "by": "name"})]},
        {"phases": [phase_config(selection={"rule": "selected", "limit": 21})]},
        {"phases": [phase_config(tasks="height")]},
        {"phases": [phase_config(tasks=["Height!"])]},
        {"phases": [phase_config(board={"frozen_at": "2026-01-01"})]},
        {"phases": [phase_config(quota={"per_day": 5})]},
    ],
)
def test_what_the_models_refuse_as_a_shape_the_schema_refuses(change: dict[str, Any]) -> None:
    config = bundle_config(**change)
    assert faults(config)


def keys(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        for name, key in schema.get("properties", {}).items():
            yield f"{path}.{name}", key
        for name, below in schema.items():
            yield from keys(below, f"{path}.{name}")
    elif isinstance(schema, list):
        for below in schema:
            yield from keys(below, path)


def test_every_key_says_what_it_is_for() -> None:
    schema = config_schema()
    found = dict(keys(schema))
    assert len(found) > len(ChallengeConfig.model_fields)
    definitions = schema["$defs"]
    for path, key in found.items():
        target = definitions.get(key.get("$ref", "").removeprefix("#/$defs/"), {})
        text = key.get("description") or target.get("description")
        assert text, path
        assert text.endswith("."), path
