"""The page of a board: its size, its bands, and what it says of old, frozen and unsure ones."""

from typing import Any

import pytest

from app.pages.board_view import PER_PAGE, BoardPage, RowView, page_of_board
from app.pages.rendering import from_markdown, render
from tests.board_documents import baseline, document, entry, rendered

LIMIT_BYTES = 200_000
NASTY = '<script>document.title = "owned"</script>'


def page_of(content: dict[str, Any], number: int = 1) -> BoardPage:
    page = page_of_board(content, number)
    assert page is not None
    return page


def rows_of(page: BoardPage) -> list[RowView]:
    return [row for band in page.bands for row in band.rows]


def test_a_page_of_a_thousand_entries_is_small_and_the_pages_hold_them_all() -> None:
    content = document(1000)
    assert len(rendered(content)) < LIMIT_BYTES
    n_pages = 1 + -(-1000 // PER_PAGE)
    rows = [row.rank for number in range(1, n_pages) for row in rows_of(page_of(content, number))]
    assert rows == list(range(1, 1001))
    assert page_of_board(content, 0) is None
    assert page_of_board(content, 21) is None


def test_a_baseline_takes_the_band_it_stands_in() -> None:
    names = ["one"]
    entries = [
        entry(1, names, tier=1),
        baseline(2, names),
        entry(2, names, tier=1),
        entry(3, names, tier=2),
    ]
    tasks = [{"name": "one", "metric": "r2", "weight": 1.0}]
    page = page_of(document(0, 1, entries=entries, tasks=tasks))
    assert [(band.tier, len(band.rows)) for band in page.bands] == [(1, 3), (2, 1)]


def test_the_snapshot_to_cite_is_linked_with_its_hash() -> None:
    assert (
        f'href="/api/v1/leaderboards/snapshots/7?sha256={"0" * 64}"'
        in rendered(document(2)).decode()
    )


@pytest.mark.parametrize(
    ("draws", "least", "most"),
    [
        (1000, "< 0.1 %", "> 99.9 %"),
        (300, "< 0.4 %", "> 99.6 %"),
        (20, "< 5.0 %", "> 95.0 %"),
        # A board holds three decimals: more draws tell no more.
        (100_000, "< 0.1 %", "> 99.9 %"),
    ],
)
def test_probabilities_are_no_surer_than_the_draws(draws: int, least: str, most: str) -> None:
    entries = [entry(1, [], p_first=p, p_top3=p) for p in (0.0, 0.0005, 0.25, 1.0, None)]
    sure = {"shown": True, "reason": None, "draws": draws, "level": 0.95}
    page = page_of(document(0, 0, entries=entries, uncertainty=sure))
    shown = [row.p_first for row in rows_of(page)]
    assert shown == [least, least, "25.0 %", most, ""]
    assert page.deciding is not None
    beside = [(row.sureness[1], row.sureness[2]) for row in page.deciding.rows]
    assert beside == [(one, one) for one in shown]


def test_the_number_of_draws_and_the_level_are_the_documents() -> None:
    sure = {"shown": True, "reason": None, "draws": 2500, "level": 0.9}
    told = rendered(document(3, uncertainty=sure)).decode()
    assert "in 2,500 draws" in told
    assert "shares of 2,500 draws" in told
    assert "1,000 draws" not in told
    assert "90 % interval of the rank" in told
    assert "95 %" not in told


def test_a_frozen_board_and_one_without_intervals_say_so() -> None:
    unsure = {"shown": False, "reason": "fewer than 3 entries", "draws": 1000, "level": 0.95}
    page = rendered(document(2, uncertainty=unsure)).decode()
    assert "fewer than 3 entries" in page
    assert "P(first)" not in page
    assert "This board stands still since" in page


def test_a_board_of_before_there_were_intervals_has_a_page() -> None:
    new = {"decimals", "uncertainty", "policy", "methods", "agreement", "further_methods",
           "further_ranks", "rank_interval",
           "rank_interval_samples", "rank_set", "rank_without_task", "rank_without_entry", "ranks",
           "tier", "p_first", "p_top3", "mean_score_error", "tie_broken"}  # fmt: skip
    old = {key: value for key, value in document(2).items() if key not in new}
    old["entries"] = [
        {key: value for key, value in one.items() if key not in new} for one in old["entries"]
    ]
    page = rendered(old).decode()
    assert "Team number 2" in page
    assert "P(first)" not in page
    assert page_of(old).deciding is None


def test_intervals_by_samples_stand_below_those_by_splits() -> None:
    for unit, told in (("group", "groups"), ("mixed", "samples or groups")):
        samples = {"shown": True, "unit": unit, "reason": None}
        sure = document(2)["uncertainty"] | {"samples": samples}
        page = rendered(document(2, uncertainty=sure)).decode()
        assert "<small>1–2</small>" in page  # noqa: RUF001  # a range has an en dash
        assert f"had other {told} been labelled" in page


def test_what_teams_write_is_text_in_every_table_and_in_the_words() -> None:
    names = ["one"]
    tasks = [{"name": "one", "metric": "r2", "weight": 1.0}]
    entries = [entry(number, names, team=NASTY, method_name=NASTY) for number in (1, 2, 3)]
    page = rendered(document(0, 1, entries=entries, tasks=tasks)).decode()
    assert NASTY not in page
    assert page.count("&lt;script&gt;") > 12


def test_markdown_brings_no_html_no_script_and_no_heading_above_ours() -> None:
    text = "# Top\n\n<b onclick=x>bold</b> [go](javascript:alert(1)) ![i](http://e.org/i.png)"
    made = str(from_markdown(text))
    assert "<h3>Top</h3>" in made
    assert "<b" not in made
    assert "href" not in made


def test_the_front_page_says_where_the_challenges_are_that_it_does_not_list() -> None:
    listed, cut = (render("front.html", challenges=[], goes_on=more) for more in (False, True))
    assert b'href="/api/v1/challenges"' not in listed
    assert b'href="/api/v1/challenges"' in cut
