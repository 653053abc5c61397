"""What pages tell of a challenge's life: announcements, and closes that were put off."""

import httpx

from app.pages.endpoints import NEWS_LIMIT
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.parts import Parts


def page(server: RunningServer, path: str) -> str:
    answer = httpx.get(f"{server.url}/{path}", timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_challenges_page_tells_the_last_announcements(
    api: Api, parts: Parts, server: RunningServer
) -> None:
    contest = builders.contest(api, parts.sessions)
    slug = contest.challenge["slug"]
    assert 'id="news"' not in page(server, slug)
    titles = [f"News number {number}" for number in range(NEWS_LIMIT + 1)]
    for title in titles:
        told = {"title": title, "body": "It *begins* <b>now</b>.\n\n# Loud"}
        made = contest.host.api.ok("POST", f"/challenges/{slug}/announcements", json=told)
    shown = page(server, slug)
    places = [shown.find(f">{title}<") for title in titles]
    assert places[0] == -1
    assert places[1:] == sorted(places[1:], reverse=True)
    assert min(places[1:]) > 0
    assert "<em>begins</em> &lt;b&gt;now&lt;/b&gt;" in shown
    assert f'href="/api/v1/challenges/{slug}/announcements"' in shown
    assert "edited since" not in shown
    path = f"/challenges/{slug}/announcements/{made['id']}"
    contest.host.api.ok("PATCH", path, json={"title": "Said otherwise"})
    again = page(server, slug)
    assert ">Said otherwise<" in again
    assert "edited since" in again
    contest.host.api.ok("DELETE", path)
    assert ">Said otherwise<" not in page(server, slug)


def test_a_phases_page_counts_down_to_the_close_it_was_extended_to(
    api: Api, parts: Parts, server: RunningServer
) -> None:
    contest = builders.contest(api, parts.sessions, closes_at="2021-01-01T00:00:00Z")
    path = f"{contest.challenge['slug']}/dev"
    assert "data-countdown" not in page(server, path)
    team = builders.contestant(api, contest.challenge)
    mine = team.api.ok("GET", f"/challenges/{contest.challenge['slug']}/participations/mine")
    extend = f"/phases/{contest.phase}/extensions"
    own = {"participation_id": mine["id"], "closes_at": "2097-01-01T00:00:00Z", "reason": "Ill."}
    contest.host.api.ok("POST", extend, json=own)
    assert "2097" not in page(server, path)
    for_all = {"closes_at": "2098-01-01T00:00:00Z", "reason": "<b>Power cut.</b>"}
    contest.host.api.ok("POST", extend, json=for_all)
    shown = page(server, path)
    assert 'data-countdown="2098-01-01T00:00:00.000Z"' in shown
    assert "Extended from" in shown
    assert "&lt;b&gt;Power cut.&lt;/b&gt;" in shown
    assert "Ill." not in shown
    assert 'data-countdown="2098-01-01T00:00:00.000Z"' in page(server, contest.challenge["slug"])
