"""The figures and places in the pictures, and the words beside them."""

import itertools
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probeboard.pictures import PICTURES, describe, draw, is_empty
from probeboard.pictures.entries import instant_text, read_board, tick_text
from probeboard.pictures.method_robustness import slots, tau_with_official
from probeboard.pictures.picture import rank_ticks
from probeboard.pictures.rank_intervals import tiers_in_rows
from probeboard.pictures.spread import spread
from probeboard.pictures.task_scores import figure_text, standardised
from probeboard.pictures.theme import THEMES, contrast

SVG = "{http://www.w3.org/2000/svg}"


def entry(rank: int | None, team: str, **more: Any) -> dict[str, Any]:
    return {"rank": rank, "team": team, "is_baseline": rank is None, **more}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("document", [{}, {"entries": []}, {"entries": [], "tasks": []}])
def test_an_empty_board_is_drawn_as_nothing_to_draw_yet(name: str, document: Any) -> None:
    drawing = draw(name, document, [])
    assert is_empty(name, document)
    assert "Nothing to draw yet. No entry is ranked yet." in drawing.text
    assert b"Nothing to draw yet</text>" in drawing.content


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        (
            "rank-intervals",
            {"uncertainty": {"shown": False, "reason": "one split"}},
            "shown: one split.",
        ),
        ("rank-intervals", {"uncertainty": None}, "not shown: fewer than 3 entries or 5 splits."),
        ("task-scores", {"tasks": []}, "does not show scores by task"),
        ("method-robustness", {"methods": ["average-rank"]}, "no ranks by other methods"),
        ("rank-history", {}, "no history of these entries"),
    ],
)
def test_a_picture_says_why_it_has_nothing_to_draw(
    name: str, change: dict[str, Any], reason: str, make_board: Any
) -> None:
    document = make_board() | change
    assert is_empty(name, document)
    assert reason in draw(name, document).text


def test_entries_without_the_analysis_have_no_rates(make_board: Any) -> None:
    document = make_board(4, n_baselines=0)
    document["entries"][1]["rate_distortion"] = None
    assert "1 entry without this analysis." in describe("rate-distortion", document)
    for one in document["entries"]:
        one["rate_distortion"] = []
    assert "No entry has a rate-distortion analysis" in describe("rate-distortion", document)


def test_a_single_point_of_a_rate_is_drawn(make_board: Any) -> None:
    document = make_board(1, n_baselines=0)
    document["entries"][0]["rate_distortion"] = [{"bytes": 0.5, "mean_score": -0.25}]
    assert "0.5 B -0.250" in draw("rate-distortion", document).text


def test_words_of_rank_intervals_hold_all_its_figures(make_board: Any) -> None:
    document = make_board(3)
    lines = describe("rank-intervals", document).splitlines()
    assert lines[0] == "Rank intervals: Sentinel time series · Test · 21 Nov 2026, 07:45 UTC."
    first = document["entries"][0]
    low, high = first["rank_interval"]
    assert f"1 Tern: rank 1, interval {low} to {high}, rank set 1 to 3, tier 1" in lines[2]
    assert "(2) Mean of the bands 1: baseline, would rank 2." in lines


def test_figures_that_are_missing_are_not_made_up(make_board: Any) -> None:
    document = make_board(4)
    for key in ("rank_interval", "rank_set", "tier", "p_first"):
        document["entries"][0][key] = None
    drawing = draw("rank-intervals", document)
    assert "\n1 Tern: rank 1.\n" in drawing.text


def test_a_baseline_without_a_place_is_listed_without_a_mark() -> None:
    document = {
        "entries": [
            entry(1, "A", tasks={"t": {"mean": 1}}),
            entry(None, "", method_name="Noise", would_rank=None),
        ],
        "tasks": [{"name": "t"}],
    }
    assert "\N{EN DASH} Noise (baseline): t \N{EN DASH}" in draw("task-scores", document).text
    document["uncertainty"] = {"shown": True}
    assert b"Noise</text>" in draw("rank-intervals", document).content


def test_a_baseline_amid_a_tier_does_not_interrupt_its_band(make_board: Any) -> None:
    inside = make_board(4, n_baselines=1)
    assert tiers_in_rows(read_board(inside)) == [1, 1, 1, 1, 1]
    between = make_board(8, n_baselines=1)
    assert tiers_in_rows(read_board(between)) == [1, 1, 1, 1, None, 2, 2, 2, 2]


def test_scores_are_standardised_over_the_pool_alone() -> None:
    document = {
        "tasks": [{"name": "t"}, {"name": "flat"}, {"name": "new"}],
        "entries": [
            entry(rank, f"{rank}", tasks={"t": {"mean": mean}, "flat": {"mean": 0.3}})
            for rank, mean in ((1, 0.75), (2, 0.25), (None, 2.5), (3, None), (4, float("nan")))
        ],
    }
    board = read_board(document)
    assert standardised(board, "t") == [1.0, -1.0, 8.0, None, None]
    assert set(standardised(board, "flat")) == {0.0}
    assert set(standardised(board, "new")) == {None}
    assert "t 2.500" in describe("task-scores", document)
    assert b"new</text>" in draw("task-scores", document).content


def test_entries_that_are_not_drawn_count_in_the_scale_of_a_task() -> None:
    means = [*([0.5] * 39), 0.9]
    document = {
        "tasks": [{"name": "t"}],
        "entries": [
            entry(rank + 1, f"{rank}", tasks={"t": {"mean": mean}})
            for rank, mean in enumerate(means)
        ],
    }
    assert standardised(read_board(document), "t")[0] == pytest.approx(-((1 / 39) ** 0.5))
    # Of all that are ranked none drawn is the best: no score is bold, as only the title is.
    assert draw("task-scores", document).content.count(b'font-weight="700"') == 1


def test_scores_that_nobody_knows_are_not_drawn() -> None:
    document = {"tasks": [{"name": "t"}], "entries": [entry(1, "A", tasks={"t": {"mean": None}})]}
    assert "No score of a task is known." in describe("task-scores", document)


def test_more_tasks_than_have_room_are_cut_and_counted(make_board: Any) -> None:
    drawing = draw("task-scores", make_board(3, n_tasks=20))
    assert "The first 16 of 20 tasks." in drawing.text
    assert b"task 15</text>" in drawing.content
    assert b"task 16</text>" not in drawing.content


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (-4000.0, "-4e+03"), (None, "\N{EN DASH}")]
)
def test_scores_are_worded_briefly(value: float | None, text: str) -> None:
    assert figure_text(value, decimals=3) == text


def test_every_method_gives_each_line_a_row_of_its_own(make_board: Any) -> None:
    document = make_board(30, n_baselines=2)
    board = read_board(document)
    for method in document["methods"]:
        rows = slots(board, method)
        assert sorted(rows) == list(range(30))
        ranks = sorted(
            (row, line.entry["ranks"][method]) for row, line in zip(rows, board.lines, strict=True)
        )
        assert [rank for _, rank in ranks] == sorted(rank for _, rank in ranks)
    assert slots(board, document["methods"][0])[:2] == [0, 1]


def test_agreement_is_that_with_the_official_method(make_board: Any) -> None:
    document = make_board(4)
    board = read_board(document)
    assert tau_with_official(board, "neuco") == pytest.approx(0.85)
    document["agreement"]["methods"]["names"][1] = "other"
    assert tau_with_official(board, "neuco") is None
    assert "neuco (tau \N{EN DASH})" in describe("method-robustness", document)


def test_a_method_that_lacks_a_rank_is_left_out(make_board: Any) -> None:
    document = make_board(4)
    del document["entries"][0]["ranks"]["borda"]
    assert "borda" not in describe("method-robustness", document)


def test_three_digits_of_a_rank_fit_its_disc(make_board: Any) -> None:
    document = make_board(4)
    document["entries"][1]["ranks"]["borda"] = 123
    assert b">123</text>" in draw("method-robustness", document).content


def test_history_has_gaps_where_a_team_was_not_on_the_board() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    steps = [
        (start, {"A": 1, "B": 2, "gone": 3}),
        ("2026-01-02T00:00:00Z", {"B": 1}),
        (datetime(2026, 1, 3), {"A": 2, "B": 1}),  # noqa: DTZ001  an instant without zone is UTC
    ]
    document = {"entries": [entry(1, "B"), entry(2, "A"), entry(3, "new")]}
    drawing = draw("rank-history", document, steps)
    assert "3 rankings from 1 Jan 2026, 00:00 UTC to 3 Jan 2026, 00:00 UTC." in drawing.text
    assert "A: rank 1 on 1 Jan 2026, 00:00 UTC, rank 2 at last; 1 change" in drawing.text
    assert "gone" not in drawing.text
    assert "new" not in drawing.text
    assert b">1 Jan, 12:00</text>" in drawing.content or b">2 Jan, 00:00</text>" in drawing.content


def test_a_history_of_one_ranking_is_a_row_of_dots() -> None:
    document = {"entries": [entry(1, "A")]}
    drawing = draw("rank-history", document, [("2026-01-02T03:04:05Z", {"A": 1})])
    assert "1 ranking from 2 Jan 2026, 03:04 UTC" in drawing.text


def test_a_long_history_is_thinned_and_keeps_its_ends(make_board: Any) -> None:
    document = make_board(2, n_baselines=0)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    names = [one["team"] for one in document["entries"]]
    steps = [
        (start + timedelta(minutes=i), {names[i % 2]: 1, names[1 - i % 2]: 2}) for i in range(5000)
    ]
    drawing = draw("rank-history", document, steps)
    assert "5000 rankings" in drawing.text
    assert len(drawing.content) < 250_000
    assert f"{names[1]}: rank 2 on 1 Jan 2026, 00:00 UTC, rank 1 at last; 4999 " in drawing.text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=2000), "2026"),
        (timedelta(days=200), "Feb 2026"),
        (timedelta(days=10), "3 Feb"),
        (timedelta(days=2), "3 Feb, 18:00"),
        (timedelta(hours=2), "18:00"),
    ],
)
def test_ticks_of_time_are_as_fine_as_the_span_asks_for(span: timedelta, text: str) -> None:
    day = datetime(2026, 2, 3, 18, tzinfo=UTC).timestamp() / 86_400
    assert tick_text(day, of=span) == text


def test_an_instant_in_another_zone_is_worded_in_utc() -> None:
    assert instant_text("2026-02-03T01:30:00+02:00") == "2 Feb 2026, 23:30 UTC"
    assert instant_text(None) == ""


@given(st.lists(st.floats(0, 500), min_size=1, max_size=40), st.floats(1, 30))
def test_labels_are_apart_in_order_and_within_what_room_there_is(
    wanted: list[float], gap: float
) -> None:
    places = spread(wanted, gap=gap, low=0, high=500)
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    steps = [b - a for a, b in itertools.pairwise(ordered)]
    assert all(step >= gap - 1e-6 for step in steps)
    assert min(places) >= -1e-6
    if (len(wanted) - 1) * gap <= 500:
        assert max(places) <= 500 + 1e-6


def test_labels_that_are_apart_stay_where_they_are() -> None:
    assert spread([30.0, 10.0, 50.0], gap=5, low=0, high=100) == [30.0, 10.0, 50.0]


@pytest.mark.parametrize("name", ["rank-history", "rate-distortion"])
def test_labels_beside_the_lines_never_overlap(
    name: str, make_board: Any, make_history: Any
) -> None:
    document = make_board(30, n_baselines=0)
    for one in document["entries"]:
        one["rank"] = 1
        one["rate_distortion"] = [{"bytes": 8.0, "mean_score": 0.5}]
    root = ET.fromstring(draw(name, document, make_history(document)).content)  # noqa: S314  our own
    ys = sorted(float(t.get("y", 0)) for t in root.iter(f"{SVG}text")
                if (t.text or "").startswith("Team "))  # fmt: skip
    assert min(b - a for a, b in itertools.pairwise(ys)) >= 15


@given(st.integers(2, 5000))
def test_ticks_of_ranks_begin_with_the_first_and_are_few(last: int) -> None:
    ticks = rank_ticks(last)
    assert ticks[0] == 1
    assert len(ticks) <= 16
    assert ticks == sorted(set(ticks))
    assert ticks[-1] <= last


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_colours_can_be_told_from_what_they_stand_on(theme: Any) -> None:
    for ground in (theme.background, theme.band):
        assert contrast(theme.text, ground) > 7
        assert contrast(theme.muted, ground) > 4.5
    for colour in (*theme.series, theme.accent, theme.muted):
        assert contrast(colour, theme.background) > 3
    assert contrast(theme.accent, theme.accent_soft) > 3
    for colour in (*theme.series, *(theme.diverging(step / 10) for step in range(-10, 11))):
        assert contrast(theme.ink_on(colour), colour) > 4.5
