"""A board tells how many draws it is made from, and one of an older format stays as it was."""

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from app.errors import NotOnBoard
from app.leaderboards.board import Board, build_board
from app.leaderboards.board_schemas import MethodBoardView
from app.leaderboards.by_method import by_method
from app.leaderboards.contenders import in_order, task_scores
from app.leaderboards.document import FORMAT, FORMATS, content_of, to_bytes
from app.leaderboards.history import History
from app.leaderboards.render import to_markdown
from app.leaderboards.schemas import BoardView, FurtherMethod, OrderMethod
from app.reports.blocks import Paragraph, Table
from app.reports.figures import as_of_now
from app.reports.references import References
from app.reports.results import lead_of, robustness_section
from probeboard.pictures import describe
from probeboard.ranking import FURTHER, RankingMethod, kendall_tau_b, rank_as_challenger
from tests.boards import NOON, contender, rules

GOLDEN = Path(__file__).parents[2] / "golden" / "board_format_2.json"


@pytest.fixture(scope="module")
def large() -> Board:
    """A board of duels of so many that only 781 draws of them are afforded; the first leads all."""
    means = np.random.default_rng(0).uniform(0, 0.5, (400, 2))
    means[0] = 0.9
    pool = [
        contender(number, row, n_splits=5, spread=0.01)
        for number, row in enumerate(means.tolist(), start=1)
    ]
    return build_board(rules(RankingMethod.COPELAND), pool, [])


def test_a_large_board_of_duels_tells_the_draws_that_were_made(large: Board) -> None:
    assert large.draws == 781
    assert content_of(large)["uncertainty"]["draws"] == 781


def test_no_chance_is_told_more_finely_than_the_draws_do(large: Board) -> None:
    first, last = large.entries[0].sureness, large.entries[-1].sureness
    assert first is not None
    assert last is not None
    assert (first.p_first, last.p_first) == (1.0, 0.0)
    lines = to_markdown(large).decode().splitlines()
    assert "| > 0.998 |" in lines[2]
    assert "| < 0.002 |" in lines[401]
    content: dict[str, Any] = json.loads(to_bytes(content_of(large)))
    words = describe("rank-intervals", content)
    assert "Intervals hold 95% of 781 draws" in words
    assert "first with probability > 99.8 %" in words
    assert "first with probability < 0.2 %" in words
    assert "leads in > 99.8 % of the draws" in lead_of(content)


def test_an_older_document_is_made_again_to_the_byte(large: Board) -> None:
    pool = [
        contender(n, (0.9 - 0.02 * n, 0.8 - 0.03 * n), n_splits=10, spread=0.02)
        for n in range(1, 7)
    ]
    board = build_board(rules(), pool, [contender(99, (0.5, 0.5), n_splits=10, baseline=True)])
    assert to_bytes(content_of(board, in_format=2)) == GOLDEN.read_bytes()
    # It told the draws that were asked for.
    assert content_of(large, in_format=2)["uncertainty"]["draws"] == 1000


def content(*, shows_tasks: bool = True, in_format: int = FORMAT) -> dict[str, Any]:
    pool = [contender(n, (0.5 + 0.01 * n, 0.6), n_splits=10, spread=0.05) for n in range(1, 7)]
    board = build_board(rules(shows_tasks=shows_tasks), pool, [])
    found: dict[str, Any] = json.loads(to_bytes(content_of(board, in_format=in_format)))
    return found


def test_how_far_the_draws_agree_is_told_where_tasks_are_hidden_too() -> None:
    shown, hidden = content()["agreement"], content(shows_tasks=False)["agreement"]
    assert hidden["tasks"] is None
    assert -1 <= hidden["draw_tau"] <= 1
    assert shown["draw_tau"] == hidden["draw_tau"]
    assert "draw_tau" not in shown["tasks"]
    (first, second) = shown["tasks"]["tau_of_draws"]
    assert 0 < first < 1
    assert second is None  # all are equal in it


def test_without_draws_there_is_no_agreement_of_them() -> None:
    pool = [contender(n, (0.1 * n, 0.6)) for n in range(1, 7)]
    found = content_of(build_board(rules(), pool, []))["agreement"]
    assert found["draw_tau"] is found["tasks"]["tau_of_draws"] is None


def test_challengers_other_methods_are_told_beside_those_a_phase_may_name() -> None:
    pool = [contender(n, (0.5 + 0.01 * n, 0.6), n_splits=10, spread=0.05) for n in range(1, 7)]
    aside = contender(9, (0.2, 0.1), n_splits=10, baseline=True)
    by = rules(weights=(3.0, 1.0))
    made = json.loads(to_bytes(content_of(build_board(by, pool, [aside]))))
    assert made["further_methods"] == list(FURTHER) == list(get_args(FurtherMethod))
    assert get_args(OrderMethod) == (*RankingMethod, *FURTHER)
    tasks = task_scores(by, in_order(pool))
    for method, tau in zip(FURTHER, made["agreement"]["further_tau"], strict=True):
        expected = rank_as_challenger(method, tasks, weights=by.weights).ranks.tolist()
        found = {e["submission_id"]: e["further_ranks"][method] for e in made["entries"]}
        assert [found[str(one.submission_id)] for one in pool] == expected
        assert found[str(aside.submission_id)] == 7
        board = [e["rank"] for e in made["entries"] if e["rank"]]
        other = [e["further_ranks"][method] for e in made["entries"] if e["rank"]]
        assert tau == pytest.approx(kendall_tau_b(np.column_stack([board, other]))[0, 1], abs=1e-4)
    assert set(made["entries"][0]["ranks"]) == set(made["methods"]) == set(RankingMethod)


def test_a_board_in_the_order_of_a_further_method_is_unofficial() -> None:
    made = content()
    for method in FURTHER:
        told = by_method(made, method)
        MethodBoardView.model_validate({"snapshot": 1, "ranked_at": NOON, **told})
        assert (told["method"], told["official"]) == (method, False)
        places = [entry["rank"] for entry in told["entries"]]
        assert places == sorted(entry["further_ranks"][method] for entry in made["entries"])
        assert {entry["p_first"] for entry in told["entries"]} == {None}
        with pytest.raises(NotOnBoard):
            by_method(content(in_format=2), method)


def test_pictures_and_reports_of_robustness_have_challengers_other_methods() -> None:
    made = content()
    words = describe("method-robustness", made)
    leader = made["entries"][0]
    line = next(one for one in words.splitlines() if one.startswith(f"{leader['team']}: "))
    for method in FURTHER:
        assert f"{method} (tau " in words
        assert f"{method} {leader['further_ranks'][method]}" in line
    robust = robustness_section(as_of_now(made), History(1, ()), References())
    assert robust is not None
    (table,) = [
        block
        for block in robust.blocks
        if isinstance(block, Table) and block.title == "Ranks by challengeR's other methods"
    ]
    assert len(table.columns) == 5
    assert len(table.rows) == 7
    assert [cell.text for cell in table.rows[0].cells[1:]] == [
        f"{leader['further_ranks'][method]}" for method in FURTHER
    ]


def test_a_single_split_has_no_further_orders() -> None:
    pool = [contender(n, (0.1 * n, 0.6)) for n in range(1, 7)]
    made = content_of(build_board(rules(), pool, []))
    assert made["further_methods"] == made["agreement"]["further_tau"] == []
    assert made["entries"][0]["further_ranks"] == {}
    assert "median-then-rank" not in describe("method-robustness", made)


@pytest.mark.parametrize("in_format", sorted(FORMATS))
@pytest.mark.parametrize("shows_tasks", [True, False])
def test_documents_of_every_format_fit_the_schema_and_are_reported(
    in_format: int, shows_tasks: bool
) -> None:
    made = content(in_format=in_format, shows_tasks=shows_tasks)
    BoardView.model_validate({"snapshot": 1, "ranked_at": NOON, **made})
    robust = robustness_section(as_of_now(made), History(1, ()), References())
    assert robust is not None
    said = "".join(block.text for block in robust.blocks if isinstance(block, Paragraph))
    # Format 2 kept it among the tasks.
    told = in_format > 2 or shows_tasks
    assert ("The drawn orders agree with the board's to" in said) is told
    tables = [block for block in robust.blocks if isinstance(block, Table)]
    titles = [column.title for table in tables for column in table.columns]
    assert ("of its draws with its order" in titles) is (in_format > 2 and shows_tasks)
