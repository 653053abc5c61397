"""Backup and restore by the very commands of `docs/operations.md`, on real parts."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import operate
from app.blobs import BlobKind
from app.clock import utc_now
from app.local import commands
from app.local.children import last_lines
from app.local.postgres import postgres_binaries
from app.local.program import Program, python_module
from app.local.redis import EmbeddedRedis
from app.models import Evaluation, LabelSet, Phase, PhaseTask, Status, Submission
from app.queue import JobQueue, make_celery
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.services import Services, migrated_database
from tests.serving import RunningServer
from worker import store
from worker.evaluate import evaluate_submission
from worker.parts import Parts, make_parts
from worker.rank import rank_phase
from worker.sweep import sweep

ROOT = Path(__file__).resolve().parents[2]
LEASE = timedelta(milliseconds=1)


def documented(heading: str) -> list[str]:
    """Return the commands under a heading of the document, of an installation without Docker."""
    text = (ROOT / "docs/operations.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    (block,) = [block for block in blocks if "docker" not in block]
    return str(block).splitlines()


@dataclass(frozen=True)
class Installation:
    """A database, a Redis and a folder of blobs; and where its backups go."""

    settings: Settings
    backup: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{postgres_binaries()}:{os.environ['PATH']}",
            "DATABASE_URL": self.settings.database_url.replace("+psycopg", ""),
            "REDIS_URL": self.settings.redis_url,
            "BLOB_ROOT": str(self.settings.blob_root),
            "BACKUP": str(self.backup),
            "REANNOUNCE_AFTER_S": str(self.settings.reannounce_after_s),
            "WORKER_CONCURRENCY": "1",
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as an operator types it, in the folder of the program."""
        return subprocess.run(
            ["sh", "-c", command],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def adopt_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let what the operator does in this process be done here."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    @contextmanager
    def serving(self) -> Iterator[tuple[Api, Parts]]:
        queue = JobQueue(make_celery(self.settings))
        parts = make_parts(self.settings, queue)
        parts.blobs.prepare()
        try:
            with RunningServer(self.settings) as server, Api(server.url) as api:
                yield api, parts
        finally:
            parts.close()
            queue.close()


@dataclass(frozen=True)
class Before:
    """What was there when the dump was made, and what the commands said that restored it."""

    board: Any
    phase: str
    token: str
    scored: str
    queued: str
    running: str
    late: str
    said: Mapping[str, str]


@pytest.fixture(scope="module")
def restored(
    services: Services, process_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Before]]:
    """Save an installation that is at work, and restore it into services that are new."""
    folder = tmp_path_factory.mktemp("backup")
    names = {kind: f"backup_{kind}_{process_name}" for kind in ("old", "new")}
    services.postgres.drop_database(names["new"])
    services.postgres.create_database(names["new"])
    urls = {"old": migrated_database(services, names["old"]),
            "new": services.postgres.url(names["new"])}  # fmt: skip
    with EmbeddedRedis(folder / "redis-old") as one, EmbeddedRedis(folder / "redis-new") as two:
        old, new = (
            Installation(
                Settings(
                    _env_file=None, database_url=urls[kind], redis_url=redis.url,
                    blob_root=folder / f"blobs-{kind}", board_cache_s=0, reannounce_after_s=0.1,
                    ranking_pause_s=0,
                ),
                folder / "saved",
            )
            for kind, redis in (("old", one), ("new", two))
        )  # fmt: skip
        with old.serving() as (api, parts):
            before = save_at_work(old, api, parts)
        shutil.rmtree(old.settings.blob_root)
        for command in documented("Restore"):
            done = new.run(command)
            assert done.returncode == 0, (command, done.stderr)
            before = Before(**vars(before) | {"said": {**before.said, command: done.stdout}})
        yield new, before
    for name in names.values():
        services.postgres.drop_database(name)


def save_at_work(old: Installation, api: Api, parts: Parts) -> Before:
    """Score, queue and run submissions; dump; hand in another one; copy while a file comes in."""
    splits = {"kind": "grouped", "n_splits": 5, "test_size": 0.2, "seed": 1, "groups": "groups.csv"}
    contest = builders.contest(
        api, parts.sessions, files={"groups.csv": builders.groups_csv()}, splits=splits
    )
    teams = [builders.contestant(api, contest.challenge) for _ in range(4)]
    scored, _, queued, running = (
        hand_in(team, contest.phase, seed) for seed, team in enumerate(teams)
    )
    for team in teams[:2]:
        listed = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
        evaluate_submission(parts, UUID(listed[0]["id"]))
    rank_phase(parts, UUID(contest.phase))
    with parts.sessions() as session:
        assert store.claim(session, UUID(running), now=utc_now(), lease=LEASE)
        session.commit()
    board = api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    make_folder, dump, copy = documented("Save")
    assert old.run(f"{make_folder}\n{dump}").returncode == 0
    late = hand_in(teams[0], contest.phase, 77)
    with parts.blobs.incoming() as scratch:
        (scratch / "half-a-file").write_bytes(b"\x00" * 1000)
        done = old.run(copy)
    assert (done.returncode, done.stderr) == (0, "")
    return Before(board, contest.phase, teams[0].token, scored, queued, running, late, {})


def hand_in(team: Person, phase: str, seed: int) -> str:
    answer = builders.submit(team, phase, builders.blend(0.5, seed))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_restored_installation_serves_scores_and_takes_on_where_the_dump_was_made(
    restored: tuple[Installation, Before], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, before = restored
    with new.serving() as (public, parts):
        team = public.as_(before.token)
        assert public.ok("GET", f"/phases/{before.phase}/leaderboard") == before.board
        assert len(before.board["entries"]) == 2
        assert team.ok("GET", f"/submissions/{before.scored}")["status"] == "scored"
        assert team.get(f"/submissions/{before.late}").status_code == 404
        assert parts.queue.waiting() == 0
        log = new.settings.blob_root.parent / "worker.log"
        worker = Program(
            python_module(*commands.WORKER), log=log, environment=new.environment, folder=ROOT
        ).start()
        try:
            again = builders.submit(
                Person(team, "", "", before.token), before.phase, builders.blend(0.9, 5)
            )
            assert again.status_code == 201, again.text
            wanted = {before.queued, before.running, str(again.json()["id"])}
            sweep_until(parts, worker, lambda: statuses(parts, wanted) == {Status.SCORED})
            address = f"/phases/{before.phase}/leaderboard"
            sweep_until(parts, worker, lambda: len(public.ok("GET", address)["entries"]) == 4)
        finally:
            worker.stop()
        assert public.ok("GET", address)["snapshot"] > before.board["snapshot"]
    new.adopt_environment(monkeypatch)
    assert [operate.main([check]) for check in ("verify-blobs", "verify-snapshots")] == [0, 0]


def sweep_until(parts: Parts, worker: Program, condition: Any) -> None:
    def swept() -> Any:
        assert worker.is_running, last_lines(worker.log)
        sweep(parts)
        return condition()

    builders.wait_until(swept, at_most_s=120)


def statuses(parts: Parts, wanted: set[str]) -> set[str]:
    with parts.sessions() as session:
        which = Submission.id.in_([UUID(key) for key in wanted])
        return set(session.scalars(sa.select(Submission.status).where(which)))


def test_the_checks_of_a_restored_installation_count_what_they_held(
    restored: tuple[Installation, Before],
) -> None:
    said = restored[1].said
    # Four matrices, two label sets, a list of samples, marks of groups, predictions of two.
    assert said["python -m app.operate verify-blobs"] == "10 blobs are whole, 0 are not.\n"
    assert re.match(r"[1-9]\d* hold, 0 do not, 0", said["python -m app.operate verify-snapshots"])


def test_no_half_of_a_file_is_saved_and_a_backup_is_for_its_owner_alone(
    restored: tuple[Installation, Before],
) -> None:
    backup = restored[0].backup
    with tarfile.open(backup / "blobs.tar") as saved:
        kinds = {Path(name).parts[0] for name in saved.getnames()}
    assert kinds == {str(kind) for kind in BlobKind}
    assert backup.stat().st_mode & 0o077 == 0


NAMED = {
    BlobKind.MATRICES: sa.select(Submission.matrix_sha256),
    BlobKind.LABELS: sa.select(LabelSet.digest),
    BlobKind.SAMPLES: sa.select(Phase.samples_digest),
    BlobKind.MARKS: sa.select(PhaseTask.splits["marks"].astext),
    BlobKind.PREDICTIONS: sa.select(Evaluation.predictions_digest),
}


@pytest.mark.parametrize("kind", BlobKind)
def test_a_blob_that_is_missing_damaged_or_unreadable_is_told_and_fails_the_check(
    restored: tuple[Installation, Before],
    kind: BlobKind,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installation = restored[0]
    installation.adopt_environment(monkeypatch)
    engine = sa.create_engine(installation.settings.database_url)
    with engine.connect() as connection:
        digest = connection.scalars(NAMED[kind].limit(1)).one()
    engine.dispose()
    path = installation.settings.blob_root / kind / digest[:2] / digest
    content = path.read_bytes()
    path.unlink()
    assert verdict_on(f"{kind}/{digest}", capsys) == "missing"
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert verdict_on(f"{kind}/{digest}", capsys) == "damaged"
    path.write_bytes(b"")
    assert verdict_on(f"{kind}/{digest}", capsys) == "damaged"
    path.unlink()
    path.mkdir()
    assert verdict_on(f"{kind}/{digest}", capsys) == "cannot be read: Is a directory"
    path.rmdir()
    path.write_bytes(content)
    assert operate.main(["verify-blobs"]) == 0


def verdict_on(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the check, which must fail for one blob, and return what it says of it."""
    capsys.readouterr()
    assert operate.main(["verify-blobs"]) == 1
    line, count = capsys.readouterr().out.splitlines()
    assert count.endswith("blobs are whole, 1 are not.")
    assert line.startswith(f"{name}: ")
    return line.removeprefix(f"{name}: ")
