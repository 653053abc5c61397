"""Dockerfile, compose, pins and Makefile agree with each other and give nothing away."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.local import commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
BUCKET_TEXT = (ROOT / "docker-compose.bucket.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "app", "worker", "beat", "notifier")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
# Written so that this file does not contain what it forbids.
REGISTRY_HOSTS = re.compile(
    b"|".join([b"py" + b"pi\\.org", b"python" + b"hosted", b"--(extra-)?" + b"index-url [^\\n]"])
)


def _variables(text: str) -> set[tuple[str, str]]:
    """Return name and operator of every `${NAME:?…}` that compose would fill in."""
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)(:\?|:-)?", text))


def _files_of_the_repository() -> Iterator[Path]:
    """Walk what could be committed: hidden folders hold the environment, caches and state."""
    for top in ROOT.iterdir():
        if top.is_file():
            yield top
        elif not top.name.startswith(".") or top.name == ".ci":
            files = (path for path in top.rglob("*") if path.is_file())
            yield from (path for path in files if path.parent.name != "__pycache__")


def _stages() -> dict[str, list[str]]:
    stages: dict[str, list[str]] = {}
    for line in DOCKERFILE.replace("\\\n", " ").splitlines():
        if line.startswith("FROM "):
            stages[line.split(" AS ")[1]] = []
        elif line and not line.startswith(("#", " ")) and stages:
            stages[list(stages)[-1]].append(line)
    return stages


def test_every_secret_must_be_given_and_none_has_a_default() -> None:
    for name, operator in _variables((ROOT / "docker-compose.yml").read_text()):
        if re.search("PASSWORD|TOKEN|SECRET|KEY", name):
            assert operator == ":?", name


def test_no_secret_is_written_out_in_the_image_or_the_example() -> None:
    assert not re.search(r"(?i)(password|token|secret)\w*=\S", DOCKERFILE)
    assert not re.search(r"(?im)^\w*(password|token|secret)\w*=\S", _env_example())


def _env_example() -> str:
    return (ROOT / ".env.example").read_text()


def test_every_variable_of_compose_is_in_the_example_and_the_other_way_round() -> None:
    wanted = {name for name, _ in _variables((ROOT / "docker-compose.yml").read_text())}
    offered = set(re.findall(r"(?m)^([A-Z_]+)=", _env_example()))
    assert wanted == offered


def test_a_bucket_s_key_must_be_given_and_goes_only_to_those_who_read_blobs() -> None:
    for name, operator in _variables(BUCKET_TEXT):
        if re.search("PASSWORD|TOKEN|SECRET|KEY", name):
            assert operator == ":?", name
    services = yaml.safe_load(BUCKET_TEXT)["services"]
    assert set(services) == {"app", "worker"}
    assert services["app"]["environment"] == services["worker"]["environment"]


def test_every_variable_of_a_bucket_is_in_the_example_to_be_taken_in() -> None:
    wanted = {name for name, _ in _variables(BUCKET_TEXT)}
    offered = set(re.findall(r"(?m)^# ([A-Z_]+)=", _env_example()))
    assert offered == {*wanted, "COMPOSE_FILE"}
    (files,) = re.findall(r"(?m)^# COMPOSE_FILE=(.*)$", _env_example())
    assert all((ROOT / file).is_file() for file in files.split(":"))


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("migrate", commands.MIGRATE),
        ("app", commands.SERVER),
        ("worker", commands.WORKER),
        ("beat", commands.BEAT),
        ("notifier", commands.NOTIFIER),
    ],
)
def test_production_runs_the_commands_of_the_laptop(service: str, command: tuple[str, ...]) -> None:
    assert tuple(SERVICES[service]["command"][: len(command)]) == command


@pytest.mark.parametrize(("target", "service"), [("app", "app"), ("worker", "worker")])
def test_an_image_alone_does_what_its_service_does(target: str, service: str) -> None:
    (line,) = [line for line in _stages()[target] if line.startswith("CMD ")]
    assert json.loads(line.removeprefix("CMD ")) == SERVICES[service]["command"]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_has_a_health_check_or_ends_by_itself(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    assert check.get("test") or SERVICES[service]["restart"] == "no"


@pytest.mark.parametrize("service", OURS)
def test_our_services_can_write_nothing_and_become_nobody(service: str) -> None:
    settings = SERVICES[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]


def test_both_targets_run_as_a_numbered_user_that_is_not_root() -> None:
    (line,) = [line for line in _stages()["base"] if line.startswith("USER ")]
    assert int(line.split()[1].split(":")[0]) > 0
    later = _stages()["app"] + _stages()["worker"]
    assert not [line for line in later if line.startswith("USER")]


def test_the_final_image_installs_nothing_and_takes_hashed_pins_from_the_builder() -> None:
    stages = _stages()
    assert list(stages) == ["builder", "base", "app", "worker"]
    assert "--require-hashes --requirement requirements/server.txt" in " ".join(stages["builder"])
    final = " ".join(stages["base"] + stages["app"] + stages["worker"])
    assert not re.search(r"\b(pip|apt-get|gcc) ", final)


def test_app_and_workers_share_the_blobs_and_the_database_is_reached_from_inside_only() -> None:
    assert SERVICES["app"]["volumes"] == SERVICES["worker"]["volumes"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]


def test_the_server_is_published_on_the_loopback_interface_only() -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["app"]["ports"])


def test_workers_scale_because_nothing_names_or_publishes_one() -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])


def test_migrations_run_once_before_everything_that_uses_the_schema() -> None:
    for service in ("app", "worker", "beat"):
        condition = SERVICES[service]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_what_a_user_stops_gets_time_to_end() -> None:
    for service in set(SERVICES) - {"migrate"}:
        assert re.fullmatch(r"\d+s", SERVICES[service]["stop_grace_period"])


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_every_pin_is_exact_and_hashed(path: Path) -> None:
    pins = re.sub(r" \\\n +", " ", path.read_text())
    lines = [line for line in pins.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def _pins(path: Path) -> set[str]:
    return set(re.findall(r"(?m)^([a-z0-9._-]+==.*?) \\$", path.read_text()))


def test_the_pins_of_all_files_agree_with_those_for_development() -> None:
    development = _versions(ROOT / "requirements" / "dev.txt")
    for path in REQUIREMENTS:
        assert _versions(path) <= development, path.name


def _versions(path: Path) -> set[str]:
    # The platforms a pin is for may differ: more libraries need it on more of them.
    return {pin.partition(" ;")[0] for pin in _pins(path)}


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    wanted = {
        "server": [*project["project"]["dependencies"], *extras["server"], *extras["s3"]],
        "local": [*extras["embedded"], *groups["build"]],
        "dev": groups["dev"],
        "build": groups["build"],
    }
    for name, dependencies in wanted.items():
        pinned = {pin.split("==")[0] for pin in _pins(ROOT / "requirements" / f"{name}.txt")}
        assert {re.split(r"[\[><=]", entry)[0] for entry in dependencies} <= pinned, name


def test_no_file_names_a_package_registry() -> None:
    guilty = [
        str(path) for path in _files_of_the_repository() if REGISTRY_HOSTS.search(path.read_bytes())
    ]
    assert guilty == []


def test_every_target_of_the_makefile_is_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"(?m)^\.PHONY: (.*)$", text)
    assert phony is not None
    explained = set(re.findall(r"(?m)^([a-z-]+):.*## ", text))
    assert {"help", "run", "test", "lint", "bench"} <= set(phony[1].split()) == explained


def test_the_script_of_the_checks_is_executable_and_runs_both() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert re.findall(r"make .*(lint|test)$", script.read_text(), re.MULTILINE) == ["lint", "test"]
