"""What a board's page tells of each method: what ranks first, Q and the means beside it, bold."""

from typing import Any

import pytest

from app.leaderboards.board import build_board
from app.leaderboards.document import content_of
from app.leaderboards.rules import FURTHER_NAMES, METHOD_NAMES
from app.models import WinRateAgainst
from app.pages.board_view import BoardPage, RowView, page_of_board
from app.reports.figures import method_name
from probeboard.ranking import RankingMethod
from tests import boards
from tests.board_documents import document, entry, rendered

# Of the first task, the second has the better mean and the first the better Q: it varies less.
MEANS = ([0.60, 0.5], [0.62, 0.4], [0.3, 0.3], [0.2, 0.1])
SPREADS = (0.01, 0.2, 0.1, 0.1)


def content(method: RankingMethod, **changes: Any) -> dict[str, Any]:
    """Return the document of a board of four teams and a baseline."""
    pool = [
        boards.contender(number, means, n_splits=20, spread=spread)
        for number, (means, spread) in enumerate(zip(MEANS, SPREADS, strict=True), start=1)
    ]
    beside = [boards.contender(9, [0.25, 0.2], n_splits=20, spread=0.1, baseline=True)]
    board = build_board(boards.rules(method, **changes), pool, beside)
    return {"snapshot": 1, "ranked_at": "2026-05-02T00:00:00.000Z"} | content_of(board)


def page_of(told: dict[str, Any]) -> BoardPage:
    page = page_of_board(told, 1)
    assert page is not None
    return page


def by_name(page: BoardPage) -> dict[str, RowView]:
    return {row.name: row for band in page.bands for row in band.rows}


@pytest.mark.parametrize("method", list(METHOD_NAMES))
def test_what_ranks_stands_first_and_the_means_and_the_win_rate_always(
    method: RankingMethod,
) -> None:
    told = content(method)
    page = page_of(told)
    titles = [column.title for column in page.columns]
    assert titles[0] == METHOD_NAMES[method]
    assert "this ranks" in page.columns[0].hint
    assert not any("this ranks" in column.hint for column in page.columns[1:])
    assert {"Mean score", "Mean Q", "Win rate"} <= set(titles)
    assert len(titles) == len(set(titles))
    for one in told["entries"]:
        row = by_name(page)[one["team"] or "Baseline"]
        shown = dict(zip(titles, row.figures, strict=True))
        assert shown["Mean Q"].text == f"{one['mean_q']:.4f}"
        assert shown["Mean score"].text == f"{one['mean_score']:.4f}"
        assert shown["Mean score"].note == f"±{one['mean_score_error']:.4f}"
        rate = "" if one["win_rate"] is None else f"{100 * one['win_rate']:.0f} %"
        assert shown["Win rate"].text == rate
        if one["aggregate"] is not None:
            assert row.figures[0].sort == one["aggregate"]


@pytest.mark.parametrize("method", [RankingMethod.NEUCO, RankingMethod.MEAN_Q])
def test_where_q_ranks_the_cells_tell_q_and_bold_goes_by_it(method: RankingMethod) -> None:
    told = content(method)
    page = page_of(told)
    rows = by_name(page)
    for one in told["entries"]:
        row = rows[one["team"] or "Baseline"]
        for cell, figures in zip(row.cells, one["tasks"].values(), strict=True):
            assert cell.text == f"{figures['q']:.4f}"
            assert cell.note == f"{figures['mean']:.4f} ±{figures['standard_error']:.4f}"
    scores = {one["team"]: one["tasks"]["task 0"] for one in told["entries"]}
    assert scores["Team 1"]["q"] > scores["Team 2"]["q"]
    assert scores["Team 1"]["mean"] < scores["Team 2"]["mean"]
    bold = {name for name, row in rows.items() if row.cells[0].is_best}
    assert bold == {"Team 1"}
    assert all(task.measured.startswith("Q of R²") for task in page.tasks)


def test_where_means_rank_the_cells_tell_means_and_bold_goes_by_them() -> None:
    rows = by_name(page_of(content(RankingMethod.AVERAGE_RANK)))
    assert rows["Team 1"].cells[0].text == "0.6000"
    assert {name for name, row in rows.items() if row.cells[0].is_best} == {"Team 2"}
    assert {name for name, row in rows.items() if row.cells[1].is_best} == {"Team 1"}


def test_who_shares_the_first_rank_of_a_task_is_bold_and_who_only_looks_alike_is_not() -> None:
    cell = {"mean": 0.5, "standard_error": None, "q": 1.0}
    ranks = {"A": 1.5, "B": 1.5, "C": 3.0}
    entries = [
        entry(1, [], team=team) | {"tasks": {"one": cell | {"rank": rank}}}
        for team, rank in ranks.items()
    ]
    tasks = [{"name": "one", "metric": "r2", "weight": 0.5}]
    page = page_of(document(0, 0, entries=entries, tasks=tasks))
    rows = by_name(page)
    assert [team for team in ranks if rows[team].cells[0].is_best] == ["A", "B"]
    assert rows["A"].cells[0].note is None
    assert page.tasks[0].measured == "R², weight 0.5"


def test_the_weights_that_neuco_took_from_the_teams_stand_under_the_tasks() -> None:
    told = content(RankingMethod.NEUCO, weights=(3.0, 1.0))
    used = [f"Q of R², weight {100 * task['weight_used']:.1f} %" for task in told["tasks"]]
    assert [task.measured for task in page_of(told).tasks] == used


def test_a_board_by_mean_score_tells_that_of_a_baseline() -> None:
    told = content(RankingMethod.MEAN_SCORE)
    assert by_name(page_of(told))["Baseline"].figures[0].text == "0.2250"


@pytest.mark.parametrize(("method", "shown"), [("average-rank", "2.750"), ("mean-q", "3")])
def test_decimals_of_scores_do_not_cut_an_average_of_ranks(method: str, shown: str) -> None:
    told = document(0, 0, method=method, decimals=0)
    told |= {"entries": [entry(1, [], aggregate=2.75, mean_q=3.0)]}
    assert by_name(page_of(told))["Team number 1"].figures[0].text == shown


def test_win_rates_say_against_whom_and_are_left_out_where_there_are_none() -> None:
    of_pool, of_baselines = (
        page_of(content(RankingMethod.AVERAGE_RANK, win_rate_against=against))
        for against in (WinRateAgainst.POOL, WinRateAgainst.BASELINES)
    )
    assert of_pool.columns[-1].hint.startswith("The share of the others")
    assert of_baselines.columns[-1].hint.startswith("The share of the baselines")
    told = content(RankingMethod.AVERAGE_RANK)
    nobody = [one | {"win_rate": None} for one in told["entries"]]
    assert "Win rate" not in rendered(told | {"entries": nobody}).decode()


@pytest.mark.parametrize("method", list(METHOD_NAMES))
def test_beside_the_board_stands_what_each_rank_hangs_on(method: RankingMethod) -> None:
    told = content(method)
    view = page_of(told).deciding
    assert view is not None
    others = [*told["methods"][1:], *told["further_methods"]]
    assert len(others) == len(METHOD_NAMES) - 1 + len(FURTHER_NAMES)
    assert view.methods == tuple(method_name(one) for one in others)
    for row, one in zip(view.rows, told["entries"], strict=True):
        aside = one["is_baseline"]
        ranks = one["ranks"] | one["further_ranks"]
        for other, name in zip(row.by_method, others, strict=True):
            rank = ranks[name]
            assert other.text == (f"({rank})" if aside else f"{rank}")
            assert other.differs == (rank != (one["would_rank"] if aside else one["rank"]))
        for figure, key in zip(
            (row.sureness[0], *row.sureness[3:]),
            ("rank_set", "rank_without_task", "rank_without_entry"),
            strict=True,
        ):
            ends = one[key]
            assert figure == ("–".join(map(str, dict.fromkeys(ends))) if ends else "")  # noqa: RUF001  # a range has an en dash
    assert view.tau is not None
    agreement = told["agreement"]
    tau = [*agreement["methods"]["tau"][0][1:], *agreement["further_tau"]]
    assert [float(one) for one in view.tau] == pytest.approx(tau, abs=0.005)


def test_what_is_not_known_is_not_told_beside_the_board() -> None:
    unsure = {"shown": False, "reason": "fewer than 5 splits", "draws": 1000, "level": 0.95}
    page = rendered(document(3, uncertainty=unsure)).decode()
    assert "How far the method decides" in page
    assert "Rank set" not in page
    alone = rendered(document(3, methods=["average-rank"], further_methods=[])).decode()
    assert "How far the data decide<" in alone
    assert "unofficial" not in alone
    neither = document(3, methods=["average-rank"], further_methods=[], uncertainty=unsure)
    assert page_of(neither).deciding is None
    assert "How far" not in rendered(neither).decode()
