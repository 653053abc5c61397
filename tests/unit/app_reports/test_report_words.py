"""What a report says: from boards of every kind, without a database."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.leaderboards.board import build_board
from app.leaderboards.document import content_of, to_json
from app.leaderboards.history import History, Point
from app.leaderboards.service import Shown
from app.models import Phase, TieBreak
from app.reports.facts import Event, Participations
from app.reports.markdown import to_markdown
from app.reports.subject import Subject
from app.reports.writing import write_report
from probeboard.ranking import RankingMethod
from tests import boards

NOON = datetime(2026, 4, 5, 12, tzinfo=UTC)
NO_PAST = History(1, ())
PHASE: dict[str, Any] = {
    "slug": "test",
    "opens_at": "2026-04-03T00:00:00.000Z",
    "closes_at": "2026-04-05T12:00:00.000Z",
    "embedding_dim": 1024,
    "n_samples": 13000,
    "budget_bytes": None,
    "scaling": "scalar",
    "board_frozen_at": None,
    "tasks": [
        {
            "probe": "linear",
            "splits": {"kind": "shuffle", "n_splits": 40, "test_size": 0.1, "shots": None},
        }
    ],
    "quota": {"per_day": 3, "total": 5, "in_flight": 2},
}


def document(
    means: list[list[float]],
    method: RankingMethod = RankingMethod.AVERAGE_RANK,
    *,
    n_splits: int = 20,
    baseline: bool = False,
    **of_rules: Any,
) -> dict[str, Any]:
    """The document of a board of teams with these means."""
    n_tasks = len(means[0])
    rules = boards.rules(method, weights=[1.0] * n_tasks, **of_rules)
    spread = {"n_splits": n_splits, "spread": 0.02}
    pool = [boards.contender(number, row, **spread) for number, row in enumerate(means, start=1)]
    aside = [boards.contender(50, [0.4] * n_tasks, baseline=True, **spread)] if baseline else []
    content = content_of(build_board(rules, pool, aside))
    made: dict[str, Any] = json.loads(to_json(content, number=412, at=NOON))
    return made


def subject(**changes: Any) -> Subject:
    told: dict[str, Any] = {
        "shown": Shown(Phase(), "3f" * 32, 412, None),
        "challenge": {"slug": "spring", "title": "Spring & co", "summary": "Few numbers."},
        "phase": PHASE,
        "is_settled": True,
        "is_still": False,
        "is_latest": True,
        "extensions": [],
        "participation": None,
        "events": [],
        "packages": {"numpy": ["2.3", "2.4"], "python": ["3.11"]},
    }
    return Subject(**told | changes)


def written(of: Mapping[str, Any], past: History = NO_PAST, **changes: Any) -> str:
    report = write_report(subject(**changes), dict(of), past, address="https://board.example")
    return to_markdown(report, pictures="https://board.example/pictures").decode()


CLEAR = [[0.9, 0.8], [0.7, 0.6], [0.5, 0.4], [0.3, 0.2]]


def test_a_clear_lead_is_called_one() -> None:
    told = written(document(CLEAR, baseline=True))
    assert "4 entries and 1 baseline ranked by average rank." in told
    assert "First is Team 1 with “A method” (1.000)." in told
    assert "leads in \\> 99.9 % of the draws, and no other entry may be best at 95 %." in told
    assert "| (4) | Baseline (A method) |" in told


def test_a_lead_that_may_be_luck_is_not_called_clear() -> None:
    told = written(document([[0.901, 0.8], [0.9, 0.801], [0.5, 0.4]]))
    assert "share the first rank" in told or "the data do not settle which of 2 entries" in told


def test_who_shares_the_first_rank_is_named() -> None:
    told = written(document([[0.9, 0.7], [0.7, 0.9], [0.1, 0.1]]))
    assert "Team 1, Team 2 share the first rank." in told


def test_a_tie_that_was_broken_is_marked() -> None:
    told = written(document([[0.9, 0.7], [0.8, 0.9], [0.1, 0.1]], tie_break=TieBreak.MEAN_SCORE))
    assert "1\\*" in told
    assert "A tie that the phase's rule has broken." in told


def test_a_board_without_intervals_says_why() -> None:
    told = written(document(CLEAR, n_splits=1))
    assert "**No intervals**: The board gives none" in told
    assert "P(first)" not in told
    assert "draws" not in told.partition("##")[0]


def test_nobody_is_a_board_too() -> None:
    told = written(document([[0.1]]) | {"entries": [], "agreement": None})
    assert "0 entries ranked by average rank." in told


def test_a_board_by_mean_score_has_the_figure_once() -> None:
    told = written(document(CLEAR, RankingMethod.MEAN_SCORE))
    header = next(line for line in told.splitlines() if line.startswith("| Rank | Team (method)"))
    assert header.count("Mean score") == 1
    assert "| 0.8500 ± " in told


def test_a_board_of_before_intervals_is_told_as_far_as_it_goes() -> None:
    made = document(CLEAR)
    new = ("decimals", "uncertainty", "methods", "further_methods", "agreement", "policy")
    for name in new:
        del made[name]
    for entry in made["entries"]:
        kept = ("rank", "would_rank", "is_baseline", "team", "method_name", "aggregate")
        more = ("mean_score", "mean_q", "n_submissions", "submission_id", "received_at", "tasks")
        for name in set(entry) - {*kept, *more}:
            del entry[name]
        for cell in entry["tasks"].values():
            del cell["standard_error"]
    for task in made["tasks"]:
        del task["weight_used"]
    told = written(made)
    assert "**No intervals**: The board gives none: there are too few entries or splits." in told
    assert "Robustness" not in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget_bytes": 64}, "or shorter ones of at most 64 bytes"),
        ({"scaling": "per-dimension"}, "scaled by one number for each dimension"),
        ({}, "40 splits, random, with 10 % of the samples to test on; the same for every"),
    ],
)
def test_rules_are_told_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in written(document(CLEAR), phase=PHASE | changes)


def task(probe: str = "linear", **splits: Any) -> dict[str, Any]:
    return {
        "probe": probe,
        "splits": {"kind": "shuffle", "n_splits": 10, "test_size": 0.2, "shots": None} | splits,
    }


def test_probes_and_splits_that_differ_are_all_told() -> None:
    tasks = [
        task(kind="grouped"),
        task("knn", kind="predefined", n_splits=1, test_size=None),
        task("retrieval", kind="stratified", shots=5),
    ]
    told = written(document(CLEAR), phase=PHASE | {"tasks": tasks})
    assert "By linear probes and nearest neighbours and retrieval of similar samples" in told
    assert "10 splits, grouped, with 20 % of the groups to test on" in told
    assert "1 split as the organizers made them" in told
    assert "stratified, with 20 % of the samples to test on and 5 labels a class" in told


def test_the_scorer_of_neuco_bench_is_cited() -> None:
    made = document(CLEAR, RankingMethod.NEUCO) | {"scorer": "neuco@1"}
    told = written(made)
    assert "which gives the numbers of NeuCo-Bench \\[2\\]" in told
    assert "2. Vinge, R., et al." in told


@pytest.mark.parametrize(
    ("part", "words", "title"),
    [
        ("private", "The private ones, whose scores nobody saw", "*Final report*"),
        ("public", "The private samples have not decided yet", "*Report*"),
    ],
)
def test_it_is_told_which_samples_decided(part: str, words: str, title: str) -> None:
    told = written(document(CLEAR) | {"part": part})
    assert words in told
    assert title in told


def test_a_year_of_submissions_is_told_by_month() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = tuple(
        (f"{start + timedelta(days=number):%Y-%m-%d}", {"scored": 2, "failed": number % 2})
        for number in range(59)
    )
    told = written(document(CLEAR), participation=Participations(5, 9, 4, days))
    assert "| Month | Submissions | scored | failed |" in told
    assert "| 2026-01 | 77 | 62 | 15 |" in told
    assert "| All | 147 | 118 | 29 |" in told


def test_what_was_decided_stands_in_its_order() -> None:
    events = [
        Event("2026-04-04T10:00:00.000Z", "One | thing", "Because *so*."),
        Event("2026-04-05T10:00:00.000Z", "Another", "<b>Why</b>"),
    ]
    told = written(document(CLEAR), events=events, extensions=events[:1])
    assert "| 2026-04-04 10:00 UTC | One \\| thing | Because \\*so\\*. |" in told
    assert "- 2026-04-04 10:00 UTC: One \\| thing. Because \\*so\\*." in told
    assert "\\<b\\>Why\\</b\\>" in told


def test_a_citation_is_one_that_bibtex_reads() -> None:
    made = document(CLEAR) | {"phase_title": "Test {1} 100%"}
    told = written(made)
    assert "@misc{spring-test-412," in told
    assert "  title = {Spring \\& co, Test 1 100\\%: leaderboard, snapshot 412}," in told
    assert f"sha256={'3f' * 32}}}" in told
    assert "numpy 2.3, 2.4; python 3.11" in told


def test_the_past_is_told_where_there_is_one() -> None:
    points = tuple(
        Point(number, NOON + timedelta(hours=number), "a" * 64, {"Team 1": 1, "Team 2": 2})
        for number in range(3)
    )
    told = written(document(CLEAR), History(1234, points))
    assert "The board was written 1,234 times" in told
    assert "(https://board.example/pictures/rank-history.svg)" in told


def test_equal_facts_have_equal_digests_and_others_others() -> None:
    assert subject().digest == subject().digest
    digests = {
        subject().digest,
        subject(is_settled=False).digest,
        subject(participation=Participations(1, 1, 1, ())).digest,
        subject(events=[Event("", "", "")]).digest,
        subject(phase=PHASE | {"n_samples": 2}).digest,
    }
    assert len(digests) == 5


def test_the_best_of_a_task_is_marked_and_a_baseline_never_is() -> None:
    rng = np.random.default_rng(0)
    told = written(document(rng.uniform(0.1, 0.3, size=(4, 3)).tolist(), baseline=True))
    [table] = [one for one in told.split("**Table ") if one.startswith("3.")]
    assert table.count("**0.") == 3
    [baseline] = [line for line in table.splitlines() if "Baseline" in line]
    assert "**" not in baseline
