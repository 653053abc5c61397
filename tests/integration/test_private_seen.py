"""Private scores: who sees which of them, of one submission, before and after the reveal."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.models import Evaluation, Part
from tests import builders, two_parts
from tests.api import Api
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def found(server: RunningServer, parts: Parts) -> Iterator[two_parts.Parted]:
    with Api(server.url) as api:
        yield two_parts.contest(api, parts, two_parts.bundle())


def test_a_team_sees_its_public_scores_only_and_organizers_both(found: two_parts.Parted) -> None:
    (key,) = found.steady.submissions
    mine = found.steady.team.api.ok("GET", f"/submissions/{key}")
    theirs = found.host.api.ok("GET", f"/submissions/{key}")
    assert mine["private_scores"] is None
    assert theirs["private_scores"]["mean_score"] > theirs["scores"]["mean_score"]
    assert len(theirs["private_scores"]["tasks"]) == 2
    assert mine["scores"]["mean_score"] == round(theirs["scores"]["mean_score"], 4)
    assert "private_sides" not in mine["receipt"]["evaluation"]
    assert "private_sides" not in theirs["receipt"]["evaluation"]
    (listed,) = found.steady.team.api.ok("GET", f"/phases/{found.phase}/submissions")["items"]
    assert listed["private_scores"] is None
    all_of_them = found.host.api.ok("GET", f"/phases/{found.phase}/submissions")["items"]
    assert all(one["private_scores"] for one in all_of_them)


def test_analyses_and_predictions_of_private_samples_are_for_roles(found: two_parts.Parted) -> None:
    (key,) = found.steady.submissions
    team, host = found.steady.team.api, found.host.api
    path = f"/submissions/{key}/analyses"
    public, private = (host.ok("GET", path, params={"part": part}) for part in Part)
    assert public["spectrum"] is not None
    assert private["spectrum"] is None
    for what in ("metrics", "rate_distortion", "sample_bootstrap"):
        assert None not in (public[what], private[what])
        assert public[what] != private[what]
    assert team.get(path, params={"part": "private"}).status_code == 404
    assert team.ok("GET", path)["metrics"] is not None
    predictions = f"/submissions/{key}/predictions.npz"
    archives = [host.get(predictions, params={"part": part}) for part in Part]
    assert [one.status_code for one in archives] == [200, 200]
    assert archives[0].content != archives[1].content
    assert "predictions-private-" in archives[1].headers["content-disposition"]
    for part in Part:
        assert team.get(predictions, params={"part": part}).status_code == 403


def test_after_the_reveal_a_team_sees_its_own_private_scores_and_no_others(
    found: two_parts.Parted, parts: Parts
) -> None:
    two_parts.close(parts, found.phase)
    (key,) = found.steady.submissions
    team = found.steady.team.api
    mine = team.ok("GET", f"/submissions/{key}")
    assert mine["private_scores"]["mean_score"] > mine["scores"]["mean_score"]
    assert mine["standing"] == "counts"
    private = team.ok("GET", f"/submissions/{key}/analyses", params={"part": "private"})
    assert private["metrics"] is not None
    assert private["sample_bootstrap"]["tasks"]["height"]["n_units"] is None
    predictions = f"/submissions/{key}/predictions.npz"
    assert team.get(predictions, params={"part": "private"}).status_code == 403
    other = found.flattered.team.api
    assert other.get(f"/submissions/{key}").status_code == 404
    told = team.ok("GET", f"/phases/{found.phase}")["private"]
    assert (told["share"], told["is_revealed"]) == (0.5, True)


def test_a_phase_without_parts_has_nothing_private(server: RunningServer, parts: Parts) -> None:
    with Api(server.url) as api:
        files = two_parts.bundle(private=None, analyses=["metrics", "predictions"])
        host = builders.organizer(api, parts.sessions)
        made = builders.challenge(host, files)
        entry = two_parts.hand_in(api, parts, made, [two_parts.STEADY])
        phase = made["phases"][0]["id"]
        two_parts.close(parts, phase)
        (key,) = entry.submissions
        assert host.api.ok("GET", f"/submissions/{key}")["private_scores"] is None
        for what in ("analyses", "predictions.npz"):
            answer = host.api.get(f"/submissions/{key}/{what}", params={"part": "private"})
            assert answer.status_code == 404
        assert api.as_(None).ok("GET", f"/phases/{phase}")["private"] is None
    with parts.sessions() as session:
        row = session.scalars(sa.select(Evaluation).filter_by(submission_id=UUID(key))).one()
        session.refresh(row, ["private_analyses", "private_sample_draws"])
        assert (row.private_analyses, row.private_sample_draws) == (None, None)
        assert row.private_predictions_digest is None
