"""A board as JSON, CSV and Markdown: the same figures, and text that stays text."""

import csv
import io
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.leaderboards.board import Board, build_board
from app.leaderboards.contenders import Contender
from app.leaderboards.render import (
    content_of,
    digest_of,
    to_bytes,
    to_csv,
    to_json,
    to_markdown,
)
from app.leaderboards.schemas import BoardView
from app.models import TieBreak
from probeboard.ranking import FURTHER, RankingMethod
from tests.boards import NOON, contender, rules

names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


def board(
    *,
    team: str = "Tern",
    method: str = "A method",
    task: str = "height",
    n_splits: int = 6,
    official: RankingMethod = RankingMethod.AVERAGE_RANK,
    **of_policy: Any,
) -> Board:
    by = rules(official, weights=(1.0,), names=(task,), **{"decimals": 3} | of_policy)

    def one(number: int, name: str | None, *, baseline: bool = False) -> Contender:
        words = {"team": name, "method_name": method, "project_url": "https://example.org"}
        means = (0.1 * number,)
        return contender(
            number, means, n_splits=n_splits, spread=0.01, minute=0, baseline=baseline, **words
        )

    pool = [one(1, team), one(2, "Gull"), one(4, "Skua")]
    return build_board(by, pool, [one(3, None, baseline=True)])


def table(markdown: bytes) -> str:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown.decode())
    return str(html)


@given(names)
def test_a_name_is_rendered_as_it_is_written(name: str) -> None:
    cells = table(to_markdown(board(team=name, method=name, task=name, n_splits=1)))
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(to_markdown(board(team=name, method=name, n_splits=1)).decode())
    )
    texts = [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ]
    assert texts.count(name) >= 5 if name not in ("Gull", "Skua") else True
    assert cells.count("<tr>") == 5


@pytest.mark.parametrize("sign", string.punctuation)
def test_no_sign_is_read_as_markup(sign: str) -> None:
    name = f"{sign}{sign}a{sign}{sign}"
    tokens = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .parse(to_markdown(board(method=name)).decode())
    )
    kinds = {
        child.type for token in tokens if token.type == "inline" for child in token.children or ()
    }
    assert kinds <= {"text", "text_special", "em_open", "em_close"}
    emphasised = sum(child.type == "em_open" for token in tokens for child in token.children or ())
    assert emphasised == 1  # the word baseline


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r@", "\n+"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    evil = f"{start}cmd|' /C calc'!A0"
    rows = list(csv.reader(io.StringIO(to_csv(board(team=evil, task=evil)).decode(), newline="")))
    assert f"'{evil.strip()}" in {row[2] for row in rows}
    assert f"'{evil.strip()}:mean" in rows[0]
    for row in rows:
        assert not any(cell.startswith(("=", "@", "\t", "\r", "+")) for cell in row)


@given(names, names)
def test_the_csv_gives_back_what_was_written(team: str, method: str) -> None:
    text = to_csv(board(team=team, method=method, n_splits=1)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["team"].removeprefix("'") for row in rows} == {
        team.removeprefix("'"),
        "Gull",
        "Skua",
        "",
    }
    assert [float(row["mean_score"]) for row in rows] == sorted(
        (float(row["mean_score"]) for row in rows), reverse=True
    )


def test_the_json_fits_the_schema_with_and_without_a_number() -> None:
    content = content_of(board())
    for number, at in ((7, NOON), (None, None)):
        view = BoardView.model_validate_json(to_json(content, number=number, at=at))
        assert (view.snapshot, view.ranked_at) == (number, at)
        assert [entry.team for entry in view.entries] == ["Skua", None, "Gull", "Tern"]


def test_a_board_of_one_split_has_no_errors_and_no_intervals_in_any_form() -> None:
    plain = board(n_splits=1)
    view = BoardView.model_validate_json(to_json(content_of(plain), number=1, at=NOON))
    assert {entry.tasks["height"].standard_error for entry in view.entries} == {None}
    assert {entry.mean_score_error for entry in view.entries} == {None}
    assert {entry.rank_interval for entry in view.entries} == {None}
    assert (view.uncertainty.shown, view.uncertainty.reason) == (False, "fewer than 5 splits")
    for row in csv.DictReader(io.StringIO(to_csv(plain).decode(), newline="")):
        assert row["height:standard_error"] == row["rank_low"] == row["p_first"] == ""
    text = to_markdown(plain).decode()
    assert "±" not in text
    assert "P(first)" not in text


def test_the_markdown_names_what_ranks_and_says_how_sure_it_is() -> None:
    header, _, first, baseline, *_ = to_markdown(board()).decode().splitlines()
    assert header == (
        "| Rank | Team | Method | Average rank | 95 % of ranks | Tier | P(first) | Mean score "
        "| Mean Q | height |"
    )
    assert first.startswith("| 1 | Skua | A method | 1 | 1 | 1 | > 0.999 | 0.400 ± ")
    assert baseline.startswith("| (2) | *baseline* | A method |  |  |  |  | 0.300 ± ")


def test_a_mean_that_ranks_has_the_decimals_released() -> None:
    text = to_markdown(board(official=RankingMethod.MEAN_SCORE)).decode()
    assert "| 1 | Skua | A method | 0.400 |" in text


def test_a_rank_that_a_tie_break_gave_is_marked() -> None:
    by = rules(weights=(1.0,), tie_break=TieBreak.MEAN_SCORE)
    twins = [contender(number, (0.5,)) for number in (1, 2)]
    text = to_markdown(build_board(by, twins, [])).decode()
    assert "| 1 (tie-break) | Team 1 |" in text
    assert "| 2 (tie-break) | Team 2 |" in text


def test_a_range_of_ranks_has_two_ends_and_tasks_that_are_hidden_have_no_columns() -> None:
    pool = [
        contender(number, (0.5 + 1e-5 * number,), n_splits=9, spread=0.2) for number in (1, 2, 3)
    ]
    text = to_markdown(build_board(rules(weights=(1.0,), shows_tasks=False), pool, [])).decode()
    assert "| 1 to 3 |" in text
    assert "task 0" not in text


def test_equal_boards_have_equal_digests_and_others_not() -> None:
    assert digest_of(content_of(board())) == digest_of(content_of(board()))
    assert digest_of(content_of(board())) != digest_of(content_of(board(method="Another")))


def test_figures_that_are_no_numbers_never_reach_a_reader() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        to_json({"mean": float("nan")}, number=1, at=NOON)


def test_all_three_forms_tell_the_same_figures() -> None:
    one = board()
    entries = json.loads(to_json(content_of(one), number=1, at=NOON))["entries"]
    rows = list(csv.DictReader(io.StringIO(to_csv(one).decode(), newline="")))
    lines = to_markdown(one).decode().splitlines()[2:6]
    for entry, row, line in zip(entries, rows, lines, strict=True):
        for name in ("mean_score", "mean_score_error", "mean_q", "tier", "p_first", "p_top3"):
            assert row[name] == ("" if entry[name] is None else str(entry[name]))
        ends = entry["rank_interval"] or ["", ""]
        assert [row["rank_low"], row["rank_high"]] == [str(end) for end in ends]
        assert f"{entry['mean_score']:.3f} ± {entry['mean_score_error']:.3f}" in line
        shown = str(entry["rank"]) if entry["rank"] else f"({entry['would_rank']})"
        assert line.startswith(f"| {shown} |")
        assert (row["rank"] or None) == (entry["rank"] and str(entry["rank"]))


def test_the_csv_ends_in_who_it_is_the_leave_outs_and_the_ranks_by_every_method() -> None:
    one = board()
    entries = json.loads(to_json(content_of(one), number=1, at=NOON))["entries"]
    rows = list(csv.DictReader(io.StringIO(to_csv(one).decode(), newline="")))
    ranks = [f"rank:{method}" for method in (*RankingMethod, *FURTHER)]
    # What was there before stays where it was.
    assert list(rows[0])[-5 - len(ranks) - 4 :] == [
        *("height:mean", "height:standard_error", "height:q", "height:rank", "submission_id"),
        *("rank_without_task_low", "rank_without_task_high"),
        *("rank_without_entry_low", "rank_without_entry_high"),
        *ranks,
    ]
    for entry, row in zip(entries, rows, strict=True):
        assert row["submission_id"] == entry["submission_id"]
        for name in ("rank_without_task", "rank_without_entry"):
            ends = entry[name] or ["", ""]
            assert [row[f"{name}_low"], row[f"{name}_high"]] == [str(end) for end in ends]
        told = entry["ranks"] | entry["further_ranks"]
        assert {name: row[f"rank:{name}"] for name in told} == {
            name: str(rank) for name, rank in told.items()
        }


def test_a_content_written_already_takes_its_head_as_the_whole_does() -> None:
    content = content_of(board())
    for number, at in ((7, NOON), (None, None)):
        whole = to_json(content, number=number, at=at)
        said = json.loads(whole)
        assert said.pop("snapshot") == number
        assert said.pop("ranked_at") == ("2026-03-01T12:00:00.000Z" if at else None)
        assert said == json.loads(to_bytes(content))
        assert list(json.loads(whole))[:3] == ["snapshot", "ranked_at", "challenge"]
