"""Sketches of what was handed in: kept by the sweep, once, also where there is nothing to keep."""

from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select, update

from app.clock import utc_now
from app.models import MatrixSketch
from probeboard.sketch import N_NUMBERS, VERSION
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest
from worker.parts import Parts
from worker.sketches import keep_sketches


@pytest.fixture
def contest(api: Api, parts: Parts) -> Contest:
    return builders.contest(api, parts.sessions)


def keep_all(parts: Parts) -> None:
    while keep_sketches(parts, now=utc_now()):
        pass


def sketch_of(parts: Parts, matrix: str) -> MatrixSketch:
    with parts.sessions() as session:
        return session.scalars(
            select(MatrixSketch).where(MatrixSketch.matrix_sha256 == matrix)
        ).one()


def test_what_still_waits_is_sketched_and_only_once(
    api: Api, parts: Parts, contest: Contest
) -> None:
    matrices = set()
    for seed in (1, 1, 2):
        team = builders.contestant(api, contest.challenge)
        made = builders.submit(team, contest.phase, builders.noise(seed + 500)).json()
        matrices.add(made["receipt"]["matrix_sha256"])
    keep_all(parts)
    for matrix in matrices:
        kept = sketch_of(parts, matrix)
        assert kept.version == VERSION
        assert kept.sketch is not None
        assert np.frombuffer(kept.sketch, dtype="<f4").shape == (N_NUMBERS,)
    assert keep_sketches(parts, now=utc_now()) == 0


def test_a_sketch_of_another_version_is_made_anew(api: Api, parts: Parts, contest: Contest) -> None:
    team = builders.contestant(api, contest.challenge)
    made = builders.submit(team, contest.phase, builders.noise(77)).json()
    keep_all(parts)
    matrix = made["receipt"]["matrix_sha256"]
    first = sketch_of(parts, matrix).sketch
    with parts.sessions() as session:
        session.execute(
            update(MatrixSketch)
            .where(MatrixSketch.matrix_sha256 == matrix)
            .values(version=VERSION - 1, sketch=b"old")
        )
        session.commit()
    keep_all(parts)
    assert sketch_of(parts, matrix).sketch == first
    assert sketch_of(parts, matrix).version == VERSION


def test_what_cannot_be_sketched_is_not_tried_again(
    api: Api, parts: Parts, contest: Contest
) -> None:
    team = builders.contestant(api, contest.challenge)
    alike = builders.submit(team, contest.phase, np.ones((60, 4), dtype=np.float32)).json()
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), 1)
        [lost] = bulk.hand_in(session, season, np.zeros((1, 2, 5)))
        session.commit()
    keep_all(parts)
    assert sketch_of(parts, alike["receipt"]["matrix_sha256"]).sketch is None
    assert sketch_of(parts, lost.hex).sketch is None
    assert keep_sketches(parts, now=utc_now()) == 0
