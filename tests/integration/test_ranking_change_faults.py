"""What no phase may rank by, and who may not change how one does."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import builders
from tests.api import Api
from tests.policy_world import WHY, Played, code_of, faults, play
from tests.serving import RunningServer
from worker.parts import Parts

FUTURE = "2098-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def played(server: RunningServer, parts: Parts) -> Iterator[Played]:
    """What tests look at, and do not change."""
    with Api(server.url) as api:
        yield play(api, parts)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("nothing_changes", "/body")}),
        ({"method": "average-rank", "decimals": 4}, {("nothing_changes", "/body")}),
        ({"floor": -1}, {("floor_without_neuco", "/body/floor")}),
        ({"weights_frozen_at": FUTURE}, {("frozen_without_neuco", "/body/weights_frozen_at")}),
        (
            {"method": "neuco", "weights_frozen_at": builders.PAST},
            {("frozen_before_open", "/body/weights_frozen_at")},
        ),
        ({"selection": "selected"}, {("limit_missing", "/body/selection_limit")}),
        ({"selection_limit": 2}, {("limit_without_selected", "/body/selection_limit")}),
        (
            {"selection": "last", "select_by": "mean-q"},
            {("by_without_best", "/body/select_by")},
        ),
        ({"method": "by-name"}, {("enum", "/body/method")}),
        ({"selection_limit": 21}, {("less_than_equal", "/body/selection_limit")}),
        ({"floor": "NaN"}, {("less_than_equal", "/body/floor")}),
        ({"decimals": 10}, {("less_than_equal", "/body/decimals")}),
        ({"weights": "mine"}, {("extra_forbidden", "/body/weights")}),
        ({"weights_frozen_at": "2026-01-01T00:00:00"}, {
            ("timezone_aware", "/body/weights_frozen_at")
        }),
        ({"board_frozen_at": "0001-01-01T00:00:00+09:00"}, {
            ("value_error", "/body/board_frozen_at")
        }),
        ({"decimals": 2, "apply": True, "reason": WHY}, {("expected_missing", "/body")}),
        ({"decimals": 2, "apply": True, "expected": "0" * 64}, {("reason_missing", "/body")}),
        (
            {"decimals": 2, "apply": True, "expected": "0" * 64, "reason": "  "},
            {("reason_missing", "/body")},
        ),
        ({"decimals": 2, "expected": "guessed"}, {("string_pattern_mismatch", "/body/expected")}),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused_at_its_place(
    played: Played, body: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert faults(played.ask(**body)) == expected


def test_where_a_task_has_one_split_nothing_ranks_by_its_spread(api: Api, parts: Parts) -> None:
    contest = builders.contest(
        api,
        parts.sessions,
        files={"parts.csv": builders.parts_csv()},
        tasks=[
            "height",
            {"task": "wet", "splits": {"kind": "predefined", "predefined": "parts.csv"}},
        ],
    )
    path = f"/phases/{contest.phase}/ranking-changes"
    for body, field in (({"method": "mean-q"}, "method"), ({"select_by": "mean-q"}, "select_by")):
        refused = contest.host.api.post(path, json=body)
        assert faults(refused) == {("q_of_one_split", f"/body/{field}")}
    assert contest.host.api.post(path, json={"method": "mean-score"}).status_code == 200


@pytest.mark.parametrize("method", ["mean-score", "mean-q", "neuco", "borda", "copeland"])
def test_every_method_can_be_looked_at(played: Played, method: str) -> None:
    seen = played.ask(method=method).json()
    assert seen["after"]["method"] == method
    assert seen["after"]["weights"] == ("pool" if method == "neuco" else "announced")
    assert [move["before"] for move in seen["moves"] if not move["is_baseline"]] == [1, 2]
    assert seen["expected"] == played.ask(method=method).json()["expected"]
    assert seen["expected"] != played.ask(decimals=1).json()["expected"]


def test_only_organizers_change_a_ranking(api: Api, played: Played) -> None:
    body = {"decimals": 2}
    for caller, expected in (
        (played.teams[0].api, "403 forbidden"),
        (builders.person(api).api, "403 forbidden"),
        (api, "401 unauthenticated"),
    ):
        assert code_of(caller.post(played.path, json=body)) == expected
    gone = "/phases/019a9f00-0000-7000-8000-000000000000/ranking-changes"
    assert code_of(played.contest.host.api.post(gone, json=body)) == "404 not-found"
