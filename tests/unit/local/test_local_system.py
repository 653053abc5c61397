"""Embedded is a default, not another code path."""

from pathlib import Path

from app.local import commands, system
from app.local.__main__ import parse
from app.local.client import curl_line

DATA = Path("/srv/data")


def test_without_urls_both_servers_are_embedded_in_the_data_folder() -> None:
    chosen = system.servers(DATA, {})
    assert list(chosen.embedded) == ["PostgreSQL", "Redis"]
    assert chosen.database_url.endswith("/probeboard?host=/srv/data/postgres")
    assert chosen.redis_url == "unix:///srv/data/redis/redis.sock"


def test_a_url_in_the_environment_wins_for_each_server_alone() -> None:
    chosen = system.servers(DATA, {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": ""})
    assert list(chosen.embedded) == ["Redis"]
    assert chosen.database_url == "postgresql://db/x"
    chosen = system.servers(DATA, {"REDIS_URL": "redis://r"})
    assert list(chosen.embedded) == ["PostgreSQL"]


def test_children_get_the_urls_and_keep_what_the_caller_has_set() -> None:
    chosen = system.servers(DATA, {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://r"})
    caller = {"BLOB_ROOT": "/mnt/blobs", "REDIS_URL": "ignored"}
    environment = system.child_environment(chosen, DATA, port=8001, environment=caller)
    assert environment["BLOB_ROOT"] == "/mnt/blobs"
    assert environment["REDIS_URL"] == "redis://r"
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:8001"
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert environment["MAIL_FOLDER"] == "/srv/data/mail"
    assert environment["WEBHOOKS_TO_LOOPBACK"] == "true"


def test_our_programs_run_their_commands_and_keep_state_in_the_folder() -> None:
    programs = system.programs(DATA, {}, port=8001)
    assert list(programs) == ["server", "worker", "beat", "notifier"]
    lines = {name: tuple(program.command[2:]) for name, program in programs.items()}
    assert lines["worker"] == commands.WORKER
    assert lines["notifier"] == commands.NOTIFIER
    assert lines["server"][: len(commands.SERVER)] == commands.SERVER
    assert "8001" in lines["server"]
    assert "/srv/data/beat/schedule" in lines["beat"]


def test_the_command_line_has_defaults_that_need_no_thought() -> None:
    options = parse([])
    assert (options.data, options.port, options.demo) == (Path(".data"), None, True)
    options = parse(["--data", "x", "--port", "9", "--no-demo", "--exit-after-demo"])
    assert (options.data, options.port, options.demo) == (Path("x"), 9, False)
    assert options.exit_after_demo


def test_the_curl_line_can_be_pasted_even_with_spaces_in_the_path() -> None:
    line = curl_line(
        "http://127.0.0.1:8000/api", token="pb_x", file=Path("/a b/it's.csv"), method_name="My"
    )
    assert "'file=@/a b/it'\"'\"'s.csv'" in line
    assert line.splitlines()[-1].strip() == "http://127.0.0.1:8000/api"
