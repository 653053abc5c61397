"""Pictures over HTTP: every one in every form, kept, tagged, and drawn one at a time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID
from xml.etree import ElementTree

import pytest

from app.errors import DrawingBusy
from app.leaderboards.pictures import PictureDesk, PictureName
from probeboard.pictures import PICTURES
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


@pytest.fixture(scope="module")
def path(server: RunningServer, parts: Parts) -> Iterator[str]:
    """The path of a board of two teams."""
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions, quota=ROOMY)
        for share in (0.9, 0.4):
            team = builders.contestant(api, contest.challenge)
            made = builders.submit(team, contest.phase, builders.blend(share))
            evaluate_submission(parts, UUID(made.json()["id"]))
        rank_phase(parts, UUID(contest.phase))
        yield f"/phases/{contest.phase}/leaderboard"


def test_the_addresses_name_all_pictures_there_are() -> None:
    assert {str(name) for name in PictureName} == set(PICTURES)


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_comes_as_svg_and_in_words(api: Api, path: str, picture: str) -> None:
    answer = api.get(f"{path}/{picture}.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    policy = answer.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert ElementTree.fromstring(answer.content).tag.endswith("svg")  # noqa: S314 - our own
    words = api.get(f"{path}/{picture}.txt")
    assert words.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-security-policy" not in words.headers
    assert words.text.strip()


def test_a_picture_comes_on_light_and_dark_ground_and_as_png(api: Api, path: str) -> None:
    themes = {
        theme: api.get(f"{path}/rank-intervals.png?theme={theme}") for theme in ("light", "dark")
    }
    assert themes["light"].content[:4] == themes["dark"].content[:4] == b"\x89PNG"
    assert themes["light"].content != themes["dark"].content
    assert themes["light"].headers["etag"] != themes["dark"].headers["etag"]
    assert api.get(f"{path}/rank-intervals.png").content == themes["light"].content


def test_who_has_the_picture_is_told_so_and_asks_before_each_use(api: Api, path: str) -> None:
    for form in ("svg", "png", "txt"):
        address = f"{path}/task-scores.{form}"
        answer = api.get(address)
        assert answer.headers["cache-control"] == "no-cache"
        again = api.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_snapshot_has_its_pictures_too(api: Api, path: str) -> None:
    number = api.ok("GET", path)["snapshot"]
    of_snapshot = f"/leaderboards/snapshots/{number}"
    for name in ("rank-intervals.svg", "rank-history.svg", "rank-history.txt"):
        assert api.get(f"{of_snapshot}/{name}").content == api.get(f"{path}/{name}").content
    cited = api.get(of_snapshot).headers["etag"].removeprefix("W/").strip('"')
    assert api.get(f"{of_snapshot}/rank-intervals.txt?sha256={cited}").status_code == 200
    other = "0" * 64 if not cited.startswith("0") else "1" * 64
    assert api.get(f"{of_snapshot}/rank-intervals.txt?sha256={other}").status_code == 404
    assert api.get(f"/leaderboards/snapshots/{2**62}/rank-intervals.svg").status_code == 404


@pytest.mark.parametrize(
    "name", ["rank-intervals.gif", "nothing.svg", "rank-intervals.svg?theme=purple"]
)
def test_a_picture_that_there_is_not_is_refused(api: Api, path: str, name: str) -> None:
    assert api.get(f"{path}/{name}").status_code == 422


def test_a_board_nobody_is_on_has_pictures_that_say_so(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    answer = api.get(f"/phases/{contest.phase}/leaderboard/rank-intervals.txt")
    assert "Nothing to draw yet" in answer.text


def test_what_is_kept_is_not_drawn_again(server: RunningServer, api: Api, path: str) -> None:
    desk = server.app.state.pictures
    first = api.get(f"{path}/method-robustness.svg")
    tag = first.headers["etag"].removeprefix("W/").strip('"')
    assert desk.find(tag) == first.content


def test_when_too_many_wait_the_next_one_is_sent_away(
    server: RunningServer, api: Api, path: str
) -> None:
    desk = server.app.state.pictures
    gate = threading.Event()

    def hold() -> bytes:
        assert gate.wait(60)
        return b"drawn"

    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(desk.make, f"held {number}", hold) for number in range(9)]
        try:
            builders.wait_until(lambda: desk.n_inside == 9)
            refused = api.get(f"{path}/rate-distortion.svg?theme=dark")
        finally:
            gate.set()
        assert [one.result() for one in waiting] == [b"drawn"] * 9
    assert refused.status_code == 503
    assert refused.json()["type"].endswith("/problems/drawing-busy")
    assert int(refused.headers["retry-after"]) >= 1
    assert api.get(f"{path}/rate-distortion.svg?theme=dark").status_code == 200


def test_one_is_drawn_at_a_time_and_the_same_one_once() -> None:
    desk = PictureDesk()
    drawing = []
    most = []

    def draw_it() -> bytes:
        drawing.append(1)
        most.append(len(drawing))
        drawing.pop()
        return b"picture"

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: desk.make(f"{number % 2}", draw_it), range(8)))
    assert made == [b"picture"] * 8
    assert most == [1, 1]


def test_the_desk_keeps_the_last_pictures_within_its_room() -> None:
    desk = PictureDesk(limit_bytes=2 * (1000 + 512))
    for key in ("a", "b", "a", "c"):
        desk.make(key, lambda: b"x" * 1000)
        desk.find("a")
    assert (desk.find("a") is not None, desk.find("b"), desk.find("c") is not None) == (
        True, None, True,
    )  # fmt: skip
    assert len(desk.make("large", lambda: b"x" * 10_000)) == 10_000
    assert desk.find("large") is None


def test_what_two_made_at_once_takes_the_room_of_one() -> None:
    desk = PictureDesk(limit_bytes=2 * (1000 + 512))
    for key in ("a", "b", "b", "b"):
        desk.keep(key, b"x" * 1000)
    assert desk.find("a") is not None


def test_a_drawing_that_fails_makes_room_for_the_next() -> None:
    desk = PictureDesk(most_waiting=0)

    def fail() -> bytes:
        raise ValueError("no ink")

    for _ in range(3):
        with pytest.raises(ValueError, match="no ink"):
            desk.make("a", fail)
    assert desk.make("a", lambda: b"drawn") == b"drawn"
    with pytest.raises(DrawingBusy):
        PictureDesk(most_waiting=-1).make("a", lambda: b"drawn")
