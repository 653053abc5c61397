"""The whole system with its blobs in a bucket: server and worker share nothing else on a disk."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from app.blobs import BlobKind
from app.models import MatrixSketch, Status, Submission
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.buckets import BucketServer
from tests.builders import Contest, Person
from tests.services import Services, migrated_database
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts, make_parts
from worker.sweep import sweep


@pytest.fixture(scope="module")
def here(
    settings: Settings,
    services: Services,
    process_name: str,
    bucket_server: BucketServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings of the server's machine; the database has no blobs that are elsewhere."""
    name = f"bucket_{process_name}"
    yield settings.model_copy(
        update={
            "database_url": migrated_database(services, name),
            "blob_root": tmp_path_factory.mktemp("here"),
            "blob_bucket": bucket_server.new_bucket(),
            "blob_endpoint_url": bucket_server.url,
        }
    )
    services.postgres.drop_database(name)


@pytest.fixture(scope="module")
def server(here: Settings) -> Iterator[RunningServer]:
    with RunningServer(here) as running:
        yield running


@pytest.fixture
def elsewhere(here: Settings, server: RunningServer, tmp_path: Path) -> Iterator[Parts]:
    """A worker on another machine, which has seen nothing yet."""
    settings = here.model_copy(update={"blob_root": tmp_path})
    made = make_parts(settings, server.app.state.queue)
    made.blobs.prepare()
    yield made
    made.close()


@pytest.fixture(scope="module")
def contest(server: RunningServer) -> Iterator[Contest]:
    quota = {"per_day": 50, "total": 50, "in_flight": 50}
    with Api(server.url) as api:
        yield builders.contest(api, server.app.state.sessions, quota=quota)


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


def hand_in(team: Person, contest: Contest, seed: int) -> UUID:
    answer = builders.submit(team, contest.phase, builders.noise(7700 + seed))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def row(parts: Parts, key: UUID) -> Submission:
    with parts.sessions() as session:
        return session.get_one(Submission, key)


def test_a_worker_on_another_machine_scores_what_the_server_took_in(
    team: Person, contest: Contest, elsewhere: Parts
) -> None:
    key = hand_in(team, contest, 1)
    evaluate_submission(elsewhere, key)
    scored = row(elsewhere, key)
    assert scored.status == Status.SCORED
    place = elsewhere.blobs.path(BlobKind.MATRICES, scored.matrix_sha256)
    assert np.array_equal(np.load(place), builders.noise(7701))


def test_an_upload_while_the_bucket_is_gone_is_refused_and_can_be_sent_again(
    bucket_server: BucketServer, here: Settings, team: Person, contest: Contest
) -> None:
    def known() -> list[str]:
        page = team.api.ok("GET", f"/phases/{contest.phase}/submissions")
        return [item["id"] for item in page["items"]]

    hand_in(team, contest, 2)  # its samples are read by now
    before = known()
    matrix, key = builders.noise(7703), builders.unique("key")
    with bucket_server.gone():
        refused = builders.submit(team, contest.phase, matrix, key=key)
        assert known() == before
    assert refused.status_code == 503
    assert refused.json()["type"].endswith("/problems/unavailable")
    assert "file store" in refused.json()["detail"]
    assert refused.headers["Retry-After"] == "5"
    assert list((here.blob_root / "incoming").iterdir()) == []
    again = builders.submit(team, contest.phase, matrix, key=key)
    assert again.status_code == 201
    assert set(known()) == {again.json()["id"], *before}


def test_a_challenge_is_not_made_while_the_bucket_is_gone(
    bucket_server: BucketServer, contest: Contest
) -> None:
    host = contest.host.api
    config = builders.bundle_config()
    bundle = builders.bundle_upload(builders.bundle_files(config))
    with bucket_server.gone():
        assert host.post("/challenges", files=bundle).status_code == 503
    assert host.get(f"/challenges/{config['slug']}").status_code == 404
    assert host.post("/challenges", files=bundle).status_code == 201


def test_an_evaluation_without_the_bucket_is_tried_again_and_nothing_is_lost(
    bucket_server: BucketServer, team: Person, contest: Contest, elsewhere: Parts
) -> None:
    key = hand_in(team, contest, 4)
    with bucket_server.gone():
        evaluate_submission(elsewhere, key)
        waiting = row(elsewhere, key)
        assert (waiting.status, waiting.attempt) == (Status.QUEUED, 1)
    evaluate_submission(elsewhere, key)
    assert row(elsewhere, key).status == Status.SCORED


def test_embeddings_are_handed_out_after_the_server_s_cache_was_emptied(
    bucket_server: BucketServer, here: Settings, team: Person, contest: Contest, elsewhere: Parts
) -> None:
    key = hand_in(team, contest, 5)
    digest = row(elsewhere, key).matrix_sha256
    (here.blob_root / BlobKind.MATRICES / digest[:2] / digest).unlink()
    with bucket_server.gone():
        assert team.api.get(f"/submissions/{key}/embeddings.npz").status_code == 503
    answer = team.api.get(f"/submissions/{key}/embeddings.npz")
    assert answer.status_code == 200
    assert (here.blob_root / BlobKind.MATRICES / digest[:2] / digest).exists()


def test_a_sweep_without_the_bucket_ends_and_leaves_sketches_for_later(
    bucket_server: BucketServer, team: Person, contest: Contest, elsewhere: Parts
) -> None:
    key = hand_in(team, contest, 6)
    sketched = sa.select(MatrixSketch).where(
        MatrixSketch.matrix_sha256 == row(elsewhere, key).matrix_sha256
    )
    with bucket_server.gone():
        sweep(elsewhere)
        with elsewhere.sessions() as session:
            assert session.scalars(sketched).one_or_none() is None
    sweep(elsewhere)
    with elsewhere.sessions() as session:
        assert session.scalars(sketched).one().sketch is not None


def test_readiness_tells_when_the_bucket_does_not_answer(
    bucket_server: BucketServer, server: RunningServer
) -> None:
    def blobs() -> dict[str, object]:
        checks = httpx.get(f"{server.url}/health/ready", timeout=60).json()["checks"]
        (found,) = [check for check in checks if check["name"] == "blobs"]
        return dict(found)

    assert blobs() == {"name": "blobs", "ok": True, "detail": "answers"}
    with bucket_server.gone():
        assert blobs() == {"name": "blobs", "ok": False, "detail": "does not answer"}
