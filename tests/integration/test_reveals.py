"""A board is frozen, hidden, shown and revealed in public acts, and until then nothing leaks."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.clock import to_json_instant, utc_now
from app.models import Notice, NoticeKind
from app.notices.message import read_subject, text_of
from tests import builders
from tests.api import Api
from tests.policy_world import WHY, Played, play
from tests.teamwork import hand_in
from worker.parts import Parts

FORMS = ("", ".csv", ".md", ".results.json", "/history", "/rank-history.txt", "/rank-intervals.txt")


def seen_by(api: Api, played: Played) -> list[tuple[int, bytes]]:
    """Read all that is made of the board."""
    path = f"/phases/{played.contest.phase}/leaderboard"
    answers = [api.get(path + form) for form in FORMS]
    later = {"at": "2090-01-01T00:00:00Z"}
    answers.append(api.get(path, params=later))
    return [(one.status_code, one.content) for one in answers]


def snapshots(api: Api, numbers: list[int]) -> list[int]:
    return [api.get(f"/leaderboards/snapshots/{number}").status_code for number in numbers]


def newcomer(parts: Parts, api: Api, played: Played, share: float) -> tuple[str, int]:
    """Let another team hand in; return its submission and the number of the new snapshot."""
    team = builders.contestant(api, played.contest.challenge)
    made = hand_in(parts, team, played.contest.phase, share)
    board = played.contest.host.api.ok("GET", f"/phases/{played.contest.phase}/leaderboard")
    return made, int(board["snapshot"])


def notices(parts: Parts, played: Played) -> list[str]:
    with parts.sessions() as session:
        found = session.scalars(
            sa.select(Notice.id)
            .where(
                Notice.phase_id == UUID(played.contest.phase),
                Notice.kind == NoticeKind.RANKING_CHANGED,
            )
            .order_by(Notice.id)
        )
        return [text_of(read_subject(session, one, public_url="")).subject for one in found]


def test_what_was_frozen_is_known_to_nobody_before_the_reveal_and_to_all_after_it(
    api: Api, parts: Parts
) -> None:
    played = play(api, parts)
    frozen = played.make(board_frozen_at=to_json_instant(utc_now()))
    assert frozen["changed"] == ["board_frozen_at"]
    before = seen_by(api, played)
    hidden, number = newcomer(parts, api, played, 0.99)
    moved = played.make(decimals=3)
    assert seen_by(api, played) == before
    assert not [content for _, content in before if hidden.encode() in content]
    assert snapshots(api, [number]) == [404]
    public = api.ok("GET", played.path)["items"]
    assert [one["moves"] is None for one in public] == [True, True]
    comparison = f"/phases/{played.contest.phase}/leaderboard/comparison?a={hidden}&b={hidden}"
    assert api.get(comparison).status_code == 404

    played.make(board_frozen_at=None)
    assert snapshots(api, [number]) == [200]
    history = api.ok("GET", f"/phases/{played.contest.phase}/leaderboard/history")
    assert number in [point["snapshot"] for point in history["points"]]
    board = api.ok("GET", f"/phases/{played.contest.phase}/leaderboard")
    assert hidden in [entry["submission_id"] for entry in board["entries"]]
    told = api.ok("GET", played.path)["items"]
    assert [(one["reason"], len(one["moves"])) for one in told] == [(WHY, 4), (WHY, 4), (WHY, 3)]
    assert told[1]["moves"] == moved["moves"]
    title = played.contest.challenge["title"]
    assert notices(parts, played) == [
        f"[{title}] the board of Dev stands still",
        f"[{title}] Dev ranks in another way",
        f"[{title}] the board of Dev is revealed",
    ]


def test_a_later_freeze_reveals_what_came_until_then_and_no_more(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    played.make(board_frozen_at=to_json_instant(utc_now()))
    one, first = newcomer(parts, api, played, 0.8)
    between = to_json_instant(utc_now())
    other, second = newcomer(parts, api, played, 0.95)
    played.make(board_frozen_at=between)
    assert snapshots(api, [first, second]) == [200, 404]
    board = api.get(f"/phases/{played.contest.phase}/leaderboard").text
    assert one in board
    assert other not in board


def test_a_hidden_board_is_shown_with_its_history_by_a_recorded_act(api: Api, parts: Parts) -> None:
    played = play(api, parts, board={"visible": False})
    assert {status for status, _ in seen_by(api, played)} == {404}
    _, number = newcomer(parts, api, played, 0.6)
    assert snapshots(api, [number]) == [404]
    shown = played.make(board_visible=True)
    assert shown["changed"] == ["board_visible"]
    assert all(move["before"] == move["after"] for move in shown["moves"])
    assert {status for status, _ in seen_by(api, played)} == {200}
    assert snapshots(api, [number]) == [200]
    assert played.phase()["board_visible"] is True
    (told,) = api.ok("GET", played.path)["items"]
    assert (told["reason"], told["after"]["board_visible"]) == (WHY, True)

    played.make(board_visible=False)
    assert {status for status, _ in seen_by(api, played)} == {404}
    again = api.ok("GET", played.path)["items"]
    assert [one["after"]["board_visible"] for one in again] == [False, True]
    assert [one["moves"] for one in again] == [None, None]
    title = played.contest.challenge["title"]
    assert notices(parts, played) == [
        f"[{title}] the board of Dev is public now",
        f"[{title}] the board of Dev is hidden",
    ]


@pytest.mark.parametrize("board", [{"visible": True}, {"frozen_at": None}])
def test_a_bundle_reveals_nothing_that_has_scores(
    api: Api, parts: Parts, board: dict[str, Any]
) -> None:
    hidden = {"visible": False, "frozen_at": "2021-01-01T00:00:00Z"}
    phase = builders.phase_config(board=hidden)
    config = builders.bundle_config(phases=[phase])
    host = builders.organizer(api, parts.sessions)
    made = builders.challenge(host, builders.bundle_files(config))
    hand_in(parts, builders.contestant(api, made), made["phases"][0]["id"], 0.5)
    files = builders.bundle_files(config | {"phases": [phase | {"board": hidden | board}]})
    upload = builders.bundle_upload(files)
    refused = host.api.put(f"/challenges/{made['slug']}", files=upload)
    assert refused.json()["type"].endswith("/problems/policy-change-needs-record")
