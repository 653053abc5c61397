"""The commands of `docs/operations.md` name what there is: what they do, `test_backup` tries."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from app.operate import BLOBS, VERIFY

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCUMENT = (ROOT / "docs/operations.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
DOCKER = [command for command in COMMANDS if command.startswith("docker compose")]


def service_of(command: str) -> str:
    """Return the first word after `exec` or `run` that is no option."""
    _, _, _, *words = shlex.split(command)
    return next(word for word in words if not word.startswith("-"))


@pytest.mark.parametrize("command", [line for line in DOCKER if " up " not in line])
def test_each_container_that_is_named_is_a_service_of_the_compose_file(command: str) -> None:
    assert service_of(command) in COMPOSE["services"]


def test_folder_database_and_user_are_those_of_the_compose_file() -> None:
    app, postgres = COMPOSE["services"]["app"], COMPOSE["services"]["postgres"]
    folders = {folder for command in DOCKER for folder in re.findall(r"/var/lib/[^ ]+", command)}
    assert folders == {app["environment"]["BLOB_ROOT"]}
    assert any(volume.endswith(f":{folders.pop()}") for volume in app["volumes"])
    for command in DOCKER:
        if " up " not in command and service_of(command) == "postgres":
            assert f"--username={postgres['environment']['POSTGRES_USER']}" in command
            assert re.search(rf"[ =]{postgres['environment']['POSTGRES_DB']} ", command)


def test_both_ways_to_restore_end_with_both_checks_and_follow_the_migrations() -> None:
    for migrate in ("docker compose run --rm migrate", "alembic upgrade head"):
        following = COMMANDS[COMMANDS.index(migrate) + 1 :][:2]
        assert [command.split()[-1] for command in following] == [BLOBS, VERIFY]
