"""What was published can be made again from what it was made from, byte for byte."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app import operate
from app.clock import utc_now
from app.leaderboards.derive import NotDerivable, board_of, rederive
from app.leaderboards.document import FORMAT, content_of, to_json
from app.models import SNAPSHOT_NUMBERS, Evaluation, Phase, Snapshot, Submission, new_id
from app.queue import request_ranking
from app.settings import Settings
from tests import builders, bulk
from tests.api import Api
from tests.bulk import Season
from worker.parts import Parts
from worker.rank import rank_phase

RNG = np.random.default_rng(11)
POINTS = [
    {"encoding": "float32", "dims": 4, "bytes_per_sample": 16, "mean_score": 0.5,
     "tasks": {"height": 0.5, "wet": 0.25}},
]  # fmt: skip


def start(api: Api, parts: Parts, n: int = 5, **phase: Any) -> Season:
    contest = builders.contest(api, parts.sessions, **phase)
    with parts.sessions() as session:
        season = bulk.enter_teams(session, UUID(contest.phase), n)
        session.commit()
    return season


def score(parts: Parts, season: Season, scores: np.ndarray[Any, Any], **columns: Any) -> list[UUID]:
    with parts.sessions() as session:
        keys = bulk.hand_in(session, season, scores, **columns)
        session.commit()
    return keys


def rank(parts: Parts, season: Season) -> Snapshot:
    with parts.sessions() as session:
        request_ranking(session, season.phase_id)
        session.commit()
    rank_phase(parts, season.phase_id)
    return snapshots(parts, season)[-1]


def snapshots(parts: Parts, season: Season) -> list[Snapshot]:
    with parts.sessions() as session:
        found = sa.select(Snapshot).where(Snapshot.phase_id == season.phase_id)
        return list(session.scalars(found.order_by(Snapshot.number)))


def change(parts: Parts, season: Season, **columns: Any) -> None:
    with parts.sessions() as session:
        session.query(Phase).filter_by(id=season.phase_id).update(columns)
        session.commit()


def require_derivable(parts: Parts, season: Season) -> None:
    with parts.sessions() as session:
        for one in snapshots(parts, season):
            assert sha256(rederive(session, one)).hexdigest() == one.sha256


@pytest.mark.parametrize(
    "ranking",
    ["average-rank", "neuco", "mean-score", "mean-q", "test-then-rank", "borda", "copeland"],
)
def test_every_board_of_a_phase_is_derived_again_whatever_came_later(
    api: Api, parts: Parts, ranking: str
) -> None:
    season = start(api, parts, ranking=ranking)
    first = score(parts, season, RNG.uniform(-2, 0.9, (3, 2, 5)))
    score(parts, season, RNG.uniform(0, 1, (1, 2, 5)), is_baseline=True, participation_id=None)
    rank(parts, season)
    score(parts, season, RNG.uniform(0, 0.9, (2, 2, 5)), teams=[3, 4])
    rank(parts, season)
    with parts.sessions() as session:
        session.query(Submission).filter_by(id=first[0]).update(
            {"public": False, "method_name": "Another name"}
        )
        session.commit()
    rank(parts, season)
    change(parts, season, decimals=2, board_tasks=False)
    rank(parts, season)
    assert len(snapshots(parts, season)) == 4
    require_derivable(parts, season)


def test_a_snapshot_keeps_who_took_part_by_which_evaluation_and_the_places(
    api: Api, parts: Parts
) -> None:
    season = start(api, parts)
    keys = score(parts, season, np.stack([np.full((2, 5), 0.1 * n) for n in (1, 2, 3)]))
    snapshot = rank(parts, season)
    assert snapshot.places == {str(keys[2]): 1, str(keys[1]): 2, str(keys[0]): 3}
    assert snapshot.inputs is not None
    with parts.sessions() as session:
        evaluations = dict(
            session.execute(
                sa.select(Evaluation.submission_id, Evaluation.id).where(
                    Evaluation.submission_id.in_(keys)
                )
            ).all()
        )
    assert {
        (one["submission_id"], one["evaluation_id"]) for one in snapshot.inputs["contenders"]
    } == {(str(key), str(evaluations[key])) for key in keys}
    groups = {task["group"] for task in snapshot.inputs["rules"]["tasks"]}
    assert len(groups) == 1  # both tasks label the same samples, and are split alike


def test_rates_of_analyses_are_on_the_board_and_derived_again(api: Api, parts: Parts) -> None:
    season = start(api, parts, analyses=["rate-distortion"])
    scores = RNG.uniform(0, 1, (1, 2, 5))
    score(parts, season, scores, teams=[0], analyses={"rate_distortion": POINTS})
    score(parts, season, scores, teams=[1])
    snapshot = rank(parts, season)
    assert snapshot.body.count(b'"rate_distortion":[{"bytes":16,"mean_score":0.375}]') == 1
    assert snapshot.body.count(b'"rate_distortion":null') == 1
    require_derivable(parts, season)
    change(parts, season, analyses=[])
    assert b'"bytes":16' not in rank(parts, season).body
    require_derivable(parts, season)


def test_weights_freeze_as_they_were_on_the_board_of_an_instant(api: Api, parts: Parts) -> None:
    season = start(api, parts, ranking="neuco")
    spread = np.stack([np.stack([np.full(5, 0.1 * n), np.full(5, 0.5)]) for n in (1, 2, 3)])
    score(parts, season, spread)
    before = rank(parts, season)
    change(parts, season, weights_frozen_at=before.created_at)
    score(parts, season, spread[:1, ::-1] - 5.0, teams=[3])
    frozen = rank(parts, season)
    assert frozen.inputs is not None
    assert frozen.inputs["rules"]["frozen_weights"] == [1.0, 0.0]
    assert b'"weights":"frozen"' in frozen.body
    change(parts, season, weights_frozen_at=None)
    live = rank(parts, season)
    assert live.inputs is not None
    assert live.inputs["rules"]["frozen_weights"] is None
    assert b'"weights":"pool"' in live.body
    # Frozen before anybody was on the board: all tasks weigh the same, for good.
    change(parts, season, weights_frozen_at=before.created_at.replace(year=2020))
    equal = rank(parts, season)
    assert equal.inputs is not None
    assert equal.inputs["rules"]["frozen_weights"] == [1.0, 1.0]
    # Not yet frozen: as the pool has it.
    change(parts, season, weights_frozen_at=utc_now().replace(year=2090), decimals=3)
    coming = rank(parts, season)
    assert b'"weights":"pool"' in coming.body
    require_derivable(parts, season)


def test_a_snapshot_from_before_inputs_were_kept_neither_freezes_nor_is_derived(
    api: Api, parts: Parts
) -> None:
    season = start(api, parts, ranking="neuco")
    old = forge(parts, season, inputs=None)
    change(parts, season, weights_frozen_at=old.created_at)
    score(parts, season, RNG.uniform(0, 1, (3, 2, 5)))
    assert b'"weights":"pool"' in rank(parts, season).body
    with parts.sessions() as session, pytest.raises(NotDerivable, match="before inputs were kept"):
        rederive(session, old)


def forge(parts: Parts, season: Season, **columns: Any) -> Snapshot:
    with parts.sessions() as session:
        body = columns.pop("body", b"{}")
        told = {
            "number": session.scalar(sa.select(SNAPSHOT_NUMBERS.next_value())),
            "created_at": utc_now(),
            "sha256": sha256(body).hexdigest(),
        }
        snapshot = Snapshot(
            id=new_id(), phase_id=season.phase_id, body=body, csv=b"", markdown=b"",
            content_sha256="", places={}, **told | columns,
        )  # fmt: skip
        session.add(snapshot)
        session.commit()
    return snapshot


@pytest.fixture
def verify(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("database_url", "redis_url", "blob_root"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    return lambda season: operate.main(["verify-snapshots", str(season.phase_id)])


def test_the_operator_can_verify_every_snapshot(
    api: Api, parts: Parts, verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    season = start(api, parts)
    score(parts, season, RNG.uniform(0, 1, (4, 2, 5)))
    good = rank(parts, season)
    capsys.readouterr()
    assert verify(season) == 0
    assert capsys.readouterr().out == "1 hold, 0 do not, 0 cannot be told.\n"
    assert good.inputs is not None
    old = forge(parts, season, inputs=None)
    other = forge(parts, season, inputs=good.inputs | {"format": 99})
    assert verify(season) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"snapshot {old.number}: it was made before inputs were kept",
        f"snapshot {other.number}: its document is of format 99, not {FORMAT}",
        "1 hold, 0 do not, 2 cannot be told.",
    ]
    moved = forge(parts, season, inputs=good.inputs, body=good.body)
    damaged = forge(parts, season, inputs=good.inputs, body=good.body, sha256="0" * 64)
    assert verify(season) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"snapshot {moved.number}: what it was made from gives another board" in lines
    assert f"snapshot {damaged.number}: the body has not the digest it is known by" in lines
    assert lines[-1] == "1 hold, 2 do not, 2 cannot be told."


def test_a_snapshot_of_the_format_before_is_derived_again_and_compared(
    api: Api, parts: Parts, verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    season = start(api, parts)
    keys = score(parts, season, RNG.uniform(0, 1, (4, 2, 5)))
    new = rank(parts, season)
    assert new.inputs is not None
    with parts.sessions() as session:
        content = content_of(board_of(session, new), in_format=2)
        number = session.scalar(SNAPSHOT_NUMBERS.next_value())
    body = to_json(content, number=number, at=new.created_at)
    inputs = new.inputs | {"format": 2}
    old = forge(parts, season, number=number, created_at=new.created_at, inputs=inputs, body=body)
    capsys.readouterr()
    assert verify(season) == 0
    assert capsys.readouterr().out == "2 hold, 0 do not, 0 cannot be told.\n"
    told = api.ok(
        "GET", f"/phases/{season.phase_id}/leaderboard/comparison?a={keys[0]}&b={keys[1]}"
    )
    assert told["snapshot"] == old.number


def test_a_phase_that_is_none_is_refused(verify: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(Season(UUID(int=5), (), UUID(int=5))) == 1
    assert "There is no phase" in capsys.readouterr().err


def test_all_phases_are_verified_without_one(
    settings: Settings, verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operate.main(["verify-snapshots"]) in (0, 1)  # other tests leave forged ones
    assert "hold" in capsys.readouterr().out
