"""The audit log is complete: each route that changes something is walked, and leaves its entry."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts

from app.clock import utc_now
from app.models import NoticeKind, Submission
from app.notices.preferences import make_token
from tests import builders, rescoring
from tests.api import PREFIX, Api
from tests.audited import ACTIONS, CHANGE_NOTHING, MUTATING, exercised
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import accept, enter, hand_in, join, leave, propose, team_of
from worker import store
from worker.failures import Failure
from worker.parts import Parts

HOOK = {"url": "https://example.org/hook"}
REASON = {"reason": "For the test."}


@pytest.fixture(scope="module")
def api_of_module(server: RunningServer) -> Iterator[Api]:
    with Api(server.url) as api:
        yield api


def routes_that_change(server: RunningServer) -> set[str]:
    return {
        f"{method} {context.path}"
        for context in iter_route_contexts(server.app.routes)
        for method in (context.methods or set()) & MUTATING
        if str(context.path).startswith(PREFIX)
    }


def test_every_route_that_changes_something_is_walked_or_excused(server: RunningServer) -> None:
    assert routes_that_change(server) == set(ACTIONS) | set(CHANGE_NOTHING)
    assert not set(ACTIONS) & set(CHANGE_NOTHING)


def test_each_of_them_leaves_its_entry(api_of_module: Api, parts: Parts) -> None:
    with exercised() as routes:
        host, config, challenge = live_as_an_organizer(api_of_module, parts)
        captain = live_as_a_person(api_of_module, parts)
        live_as_teams(api_of_module, host, challenge)
        live_with_submissions(captain, host, challenge, parts)
        live_with_scores(captain, host, challenge, parts)
        tell_and_call(captain, host, challenge)
        live_with_participations(api_of_module, host, config)
    assert routes == set(ACTIONS)


def live_as_an_organizer(api: Api, parts: Parts) -> tuple[Person, dict[str, Any], Any]:
    host = builders.organizer(api, parts.sessions)
    phase = builders.phase_config(selection={"rule": "selected", "limit": 2})
    config = builders.bundle_config(phases=[phase])
    challenge = builders.challenge(host, builders.bundle_files(config))
    path = f"/challenges/{challenge['slug']}"
    upload = builders.bundle_upload(builders.bundle_files(config | {"title": "Another title"}))
    host.api.ok("POST", f"{path}/plan", files=upload)
    host.api.ok("PUT", path, files=upload)
    host.api.ok("PUT", path, files=upload, changes=False)
    host.api.ok("POST", f"{path}/publication", changes=False)
    ranking = f"/phases/{challenge['phases'][0]['id']}/ranking-changes"
    change = {"method": "mean-score"}
    seen = host.api.ok("POST", ranking, json=change)
    sure = {"apply": True, "expected": seen["expected"], "reason": "It is simpler."}
    host.api.ok("POST", ranking, json=change | sure)
    reader = builders.person(api)
    given = {"email": reader.email, "role": "reader"}
    host.api.ok("POST", f"{path}/roles", json=given)
    host.api.ok("POST", f"{path}/roles", json=given, changes=False)
    host.api.ok("DELETE", f"{path}/roles/{reader.id}")
    later = {"closes_at": "2100-01-01T00:00:00Z", "reason": "The server was down."}
    host.api.ok("POST", f"/phases/{challenge['phases'][0]['id']}/extensions", json=later)
    return host, config | {"title": "Another title"}, challenge


def live_as_a_person(api: Api, parts: Parts) -> Person:
    person = builders.person(api)
    made = person.api.ok("POST", "/tokens", json={"name": "spare", "scopes": ["read"]})
    person.api.ok("DELETE", f"/tokens/{made['id']}")
    wishes = {"by_mail": {"scored": False}}
    person.api.ok("PUT", "/notices/preferences", json=wishes)
    person.api.ok("PUT", "/notices/preferences", json=wishes, changes=False)
    with parts.sessions() as session:
        token = make_token(session, UUID(person.id), NoticeKind.ANNOUNCEMENT)
    assert api.post(f"/notices/unsubscribe?token={token}").status_code == 200
    assert api.post(f"/notices/unsubscribe?token={token}", changes=False).status_code == 200
    return person


def live_as_teams(api: Api, host: Person, challenge: Any) -> None:
    captain, mate, other = (builders.person(api) for _ in range(3))
    team, joining = team_of(captain), team_of(other)
    enter(captain, team, challenge)
    renewed = captain.api.ok("POST", f"/teams/{team['id']}/invitation")
    join(mate, renewed)
    captain.api.ok("PUT", f"/teams/{team['id']}/captain", json={"user_id": mate.id})
    same = {"user_id": mate.id}
    mate.api.ok("PUT", f"/teams/{team['id']}/captain", json=same, changes=False)
    leave(captain, team)
    merge = propose(mate, team, joining).json()
    again = {"team": joining["name"]}
    mate.api.ok("POST", f"/teams/{team['id']}/merges", json=again, changes=False)
    other.api.ok("POST", f"/merges/{merge['id']}/refusal")
    assert accept(other, propose(mate, team, joining).json()).status_code == 200


def live_with_submissions(captain: Person, host: Person, challenge: Any, parts: Parts) -> None:
    team = team_of(captain)
    captain.teams.append(team)
    enter(captain, team, challenge)
    phase = challenge["phases"][0]["id"]
    made = builders.submit(captain, phase, builders.truth(), key="once").json()
    assert builders.submit(captain, phase, builders.truth(), key="once").json() == made
    path = f"/submissions/{made['id']}"
    captain.api.ok("PATCH", path, json={"method_name": "Another name"})
    captain.api.ok("PATCH", path, json={"method_name": "Another name"}, changes=False)
    captain.api.ok("PUT", f"{path}/selection")
    captain.api.ok("PUT", f"{path}/selection", changes=False)
    captain.api.ok("DELETE", f"{path}/selection")
    captain.api.ok("DELETE", f"{path}/selection", changes=False)
    host.api.ok("PUT", f"{path}/disqualification", json=REASON)
    host.api.ok("PUT", f"{path}/disqualification", json=REASON, changes=False)
    host.api.ok("DELETE", f"{path}/disqualification")
    host.api.ok("DELETE", f"{path}/disqualification", changes=False)
    fail(parts, UUID(made["id"]))
    host.api.ok("POST", f"{path}/retry")
    captain.api.ok("POST", f"{path}/withdrawal")


def live_with_scores(captain: Person, host: Person, challenge: Any, parts: Parts) -> None:
    mate = builders.person(captain.api)
    join(mate, captain.api.ok("POST", f"/teams/{captain.teams[0]['id']}/invitation"))
    hand_in(parts, captain, challenge["phases"][0]["id"], 0.5)
    leave(mate, captain.teams[0])
    promote(host, challenge["phases"][0]["id"])
    path = f"/challenges/{challenge['slug']}"
    released = host.api.post(f"{path}/bound-members/{mate.id}/release", json=REASON)
    assert released.status_code == 204
    given_up = rescoring.make(host, challenge["slug"], files=rescoring.other_heights())
    host.api.ok("POST", f"{given_up}/retries")
    host.api.ok("POST", f"{given_up}/cancellation")
    host.api.ok("POST", f"{given_up}/cancellation", changes=False)
    applied = rescoring.make(host, challenge["slug"], files=rescoring.other_heights())
    rescoring.work(parts, applied)
    rescoring.apply(host, applied, parts)
    host.api.ok("POST", f"{applied}/application", changes=False)


def promote(host: Person, phase: str) -> None:
    """Make a baseline of what is scored, twice; and take it back."""
    scored = f"/phases/{phase}/submissions?status=scored"
    path = f"/submissions/{host.api.ok('GET', scored)['items'][0]['id']}/baseline"
    made = host.api.ok("POST", path, json=REASON)
    assert host.api.ok("POST", path, json=REASON)["id"] == made["id"]
    host.api.ok("POST", f"/submissions/{made['id']}/withdrawal")


def fail(parts: Parts, submission_id: UUID) -> None:
    """Lose the worker that has a submission, for the last time."""
    now = utc_now()
    with parts.sessions() as session:
        session.get_one(Submission, submission_id).attempts_allowed = 1
        work = store.claim(session, submission_id, now=now, lease=timedelta(seconds=30))
        assert work is not None
        store.release(session, submission_id, work.attempt, Failure("lost", "Lost."), now=now)
        session.commit()


def tell_and_call(captain: Person, host: Person, challenge: Any) -> None:
    news = f"/challenges/{challenge['slug']}/announcements"
    made = host.api.ok("POST", news, json={"title": "News", "body": "It begins."})
    host.api.ok("PATCH", f"{news}/{made['id']}", json={"title": "Corrected"})
    host.api.ok("PATCH", f"{news}/{made['id']}", json={"title": "Corrected"}, changes=False)
    host.api.ok("DELETE", f"{news}/{made['id']}")
    for by, owner in (
        (host, f"/challenges/{challenge['slug']}"),
        (captain, f"/teams/{captain.teams[0]['id']}"),
    ):
        hook = f"{owner}/webhooks/{by.api.ok('POST', f'{owner}/webhooks', json=HOOK)['id']}"
        by.api.ok("POST", f"{hook}/ping")
        by.api.ok("PATCH", hook, json={"enabled": False})
        by.api.ok("PATCH", hook, json={"enabled": False}, changes=False)
        by.api.ok("DELETE", hook)


def live_with_participations(api: Api, host: Person, config: dict[str, Any]) -> None:
    asking = config | {"slug": builders.unique("asking"), "participation": {"approval": "required"}}
    challenge = builders.challenge(host, builders.bundle_files(asking))
    captain = builders.contestant(api, challenge)
    enter_again = {"team_id": captain.teams[0]["id"], "terms_version": "1"}
    entries = f"/challenges/{challenge['slug']}/participations"
    captain.api.ok("POST", entries, json=enter_again, changes=False)
    entry = f"{entries}/{captain.api.ok('GET', f'{entries}/mine')['id']}"
    host.api.ok("POST", f"{entry}/refusal", json=REASON)
    host.api.ok("POST", f"{entry}/refusal", json=REASON, changes=False)
    host.api.ok("POST", f"{entry}/approval")
    host.api.ok("POST", f"{entry}/approval", changes=False)
    host.api.ok("PUT", f"{entry}/disqualification", json=REASON)
    host.api.ok("PUT", f"{entry}/disqualification", json=REASON, changes=False)
    host.api.ok("DELETE", f"{entry}/disqualification")
    host.api.ok("DELETE", f"{entry}/disqualification", changes=False)
