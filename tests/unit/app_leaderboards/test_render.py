"""A board as JSON, CSV and Markdown: the same figures, and text that stays text."""

import csv
import io
import json
import string
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.leaderboards.board import Board, BoardRules, BoardTask, Contender, build_board
from app.leaderboards.render import content_of, digest_of, to_csv, to_json, to_markdown
from app.leaderboards.schemas import BoardView
from probeboard.ranking import RankingMethod

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


def board(
    *,
    team: str = "Tern",
    method: str = "A method",
    task: str = "height",
    error: float | None = 0.01,
) -> Board:
    rules = BoardRules(
        "a-challenge", "dev", UUID(int=1), RankingMethod.AVERAGE_RANK, "best", "exact@1",
        (BoardTask(task, "regression", "r2", 1.0),), shows_tasks=True, decimals=3,
    )  # fmt: skip

    def one(number: int, name: str | None) -> Contender:
        return Contender(
            UUID(int=number), name, method, "https://example.org", None, NOON, 1,
            (0.1 * number,), (float(number),), (error,),
        )  # fmt: skip

    return build_board(rules, [one(1, team), one(2, "Gull")], [one(3, None)])


def table(markdown: bytes) -> str:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown.decode())
    return str(html)


@given(names)
def test_a_name_is_rendered_as_it_is_written(name: str) -> None:
    cells = table(to_markdown(board(team=name, method=name, task=name)))
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(to_markdown(board(team=name, method=name)).decode())
    )
    texts = [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ]
    assert texts.count(name) >= 4 if name != "Gull" else True
    assert cells.count("<tr>") == 4


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
    text = to_csv(board(team=team, method=method)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["team"].removeprefix("'") for row in rows} == {team.removeprefix("'"), "Gull", ""}
    assert [float(row["mean_score"]) for row in rows] == sorted(
        (float(row["mean_score"]) for row in rows), reverse=True
    )


def test_the_json_fits_the_schema_with_and_without_a_number() -> None:
    content = content_of(board())
    for number, at in ((7, NOON), (None, None)):
        view = BoardView.model_validate_json(to_json(content, number=number, at=at))
        assert (view.snapshot, view.ranked_at) == (number, at)
        assert [entry.team for entry in view.entries] == [None, "Gull", "Tern"]


def test_a_board_of_one_split_has_no_standard_errors_in_any_form() -> None:
    plain = board(error=None)
    view = BoardView.model_validate_json(to_json(content_of(plain), number=1, at=NOON))
    assert {entry.tasks["height"].standard_error for entry in view.entries} == {None}
    rows = csv.DictReader(io.StringIO(to_csv(plain).decode(), newline=""))
    assert {row["height:standard_error"] for row in rows} == {""}
    assert to_markdown(plain) == to_markdown(board())


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
    lines = to_markdown(one).decode().splitlines()[2:5]
    for entry, row, line in zip(entries, rows, lines, strict=True):
        assert float(row["mean_score"]) == entry["mean_score"]
        assert f"{entry['mean_score']:.3f}" in line
        shown = str(entry["rank"]) if entry["rank"] else f"({entry['would_rank']})"
        assert line.startswith(f"| {shown} |")
        assert (row["rank"] or None) == (entry["rank"] and str(entry["rank"]))
