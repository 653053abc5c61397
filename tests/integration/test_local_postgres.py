"""The embedded PostgreSQL: started, restarted, crashed, orphaned, at odd paths, as root and not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from app.local import postgres as module
from app.local.errors import LocalError
from app.local.postgres import EmbeddedPostgres, unprivileged_user


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "data", durable=False) as server:
        yield server


def _value(server: EmbeddedPostgres, database: str, query: str) -> object:
    engine = sa.create_engine(server.url(database), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text(query)).scalar()


def _run(server: EmbeddedPostgres, database: str, statement: str) -> None:
    engine = sa.create_engine(server.url(database), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_it_is_postgresql_18_in_utc_with_the_same_collation_everywhere(
    cluster: EmbeddedPostgres,
) -> None:
    assert str(_value(cluster, "postgres", "SHOW server_version")).startswith("18.")
    assert _value(cluster, "postgres", "SHOW timezone") == "UTC"
    locale = "SELECT datlocale FROM pg_database WHERE datname = 'postgres'"
    assert _value(cluster, "postgres", locale) == "C.UTF-8"


def test_it_listens_on_a_private_unix_socket_and_never_on_tcp(cluster: EmbeddedPostgres) -> None:
    assert _value(cluster, "postgres", "SHOW listen_addresses") == ""
    assert cluster.socket_dir.stat().st_mode & 0o077 == 0
    assert cluster.pid is not None
    listening = psutil.Process(cluster.pid).net_connections(kind="inet")
    assert listening == []


def test_it_does_not_run_as_root(cluster: EmbeddedPostgres) -> None:
    assert psutil.Process(cluster.pid).uids().effective != 0


def test_starting_twice_keeps_the_process(cluster: EmbeddedPostgres) -> None:
    before = cluster.pid
    cluster.start()
    assert cluster.pid == before


def test_a_database_is_created_copied_found_and_dropped(cluster: EmbeddedPostgres) -> None:
    cluster.create_database("origin")
    _run(cluster, "origin", "CREATE TABLE t AS SELECT 7 AS x")
    cluster.create_database("copy", template="origin")
    assert _value(cluster, "copy", "SELECT x FROM t") == 7
    cluster.drop_database("copy")
    cluster.drop_database("copy")
    assert cluster.has_database("origin")
    assert not cluster.has_database("copy")


def test_a_restart_keeps_url_and_data_and_ends_connections(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        url = server.url("postgres")
        _run(server, "postgres", "CREATE TABLE t AS SELECT 7 AS x")
        held = psycopg.connect(host=str(server.socket_dir), user="postgres", dbname="postgres")
        server.restart()
        with pytest.raises(psycopg.OperationalError):
            held.execute("SELECT 1")
        held.close()
        assert server.url("postgres") == url
        assert _value(server, "postgres", "SELECT x FROM t") == 7


def test_a_crash_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data") as server:
        _run(server, "postgres", "CREATE TABLE t AS SELECT 7 AS x")
        server.crash()
        assert (server.data_dir / "postmaster.pid").exists()
        assert not server.is_running
        server.start()
        assert _value(server, "postgres", "SELECT x FROM t") == 7


def test_a_pid_file_with_the_number_of_another_process_is_no_obstacle(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", durable=False).start()
    server.crash()
    stale = server.data_dir / "postmaster.pid"
    stale.write_text(stale.read_text().replace(stale.read_text().split()[0], str(os.getpid()), 1))
    with server:
        assert _value(server, "postgres", "SELECT 1") == 1


def test_a_server_left_running_on_the_folder_is_stopped_first(tmp_path: Path) -> None:
    orphan = EmbeddedPostgres(tmp_path / "data", durable=False).start()
    with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        assert not orphan.is_running
        assert _value(server, "postgres", "SELECT 1") == 1


def test_stopping_and_crashing_what_does_not_run_is_nothing(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.stop()
    server.crash()
    assert server.pid is None


def test_a_path_with_spaces_longer_than_a_socket_may_have_works(tmp_path: Path) -> None:
    long = tmp_path / "with space" / ("y" * 120)
    long.mkdir(parents=True)
    with EmbeddedPostgres(long / "data", durable=False) as server:
        assert _value(server, "postgres", "SELECT 1") == 1
        assert not server.socket_dir.is_relative_to(tmp_path)


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    (tmp_path / "data").mkdir()
    with EmbeddedPostgres(tmp_path / "data", durable=False) as server:
        assert _value(server, "postgres", "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(LocalError, match="made by PostgreSQL 16, this is 18"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", durable=False).start()
    server.stop()
    (server.data_dir / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(LocalError, match=r"did not start: .*nonsense"):
        server.start()
    assert not server.is_running


def test_an_initdb_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "initdb").write_text("#!/bin/sh\necho the disk is on fire >&2; exit 1\n")
    (broken / "initdb").chmod(0o755)
    monkeypatch.setattr(module, "postgres_binaries", lambda: broken)
    with pytest.raises(LocalError, match="initdb failed: the disk is on fire"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_without_the_wheel_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(LocalError, match="set DATABASE_URL"):
        module.postgres_binaries()


def test_only_root_needs_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged_user() is None


def test_a_root_without_useradd_takes_the_user_that_is_always_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "SYSTEM_USER", "no-such-user-here")
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert unprivileged_user() == "nobody"


def test_the_server_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from app.local.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), durable=False).start()\n"
        "print(server.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        psutil.wait_procs([server], timeout=30)
    assert not server.is_running()
