"""Every picture as a file: well-formed, named, described, small, the same every time."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import pytest

from probeboard.pictures import PICTURES, UnknownPicture, can_draw, describe, draw

SVG = "{http://www.w3.org/2000/svg}"
Theme = Literal["light", "dark"]


def texts_of(svg: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314  our own file


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PICTURES)
def test_an_svg_is_named_and_described_for_those_who_do_not_see_it(
    name: str, theme: Theme, drawn: Any, make_board: Any, make_history: Any
) -> None:
    drawing = drawn(name, theme)
    root = ET.fromstring(drawing.content)  # noqa: S314  our own file
    assert drawing.media_type == "image/svg+xml"
    assert (root.get("role"), root.get("aria-label")) == ("img", drawing.title)
    assert (root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")) == (
        drawing.title, drawing.text,
    )  # fmt: skip
    board = make_board(10, n_tasks=11)
    assert drawing.text == describe(name, board, make_history(board))
    assert root.get("width") == "800"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_ten_entries_is_small_enough_for_a_readme(name: str, drawn: Any) -> None:
    assert len(drawn(name).content) < 60_000


@pytest.mark.parametrize("name", PICTURES)
def test_a_strict_content_security_policy_forbids_nothing_in_it(name: str, drawn: Any) -> None:
    root = ET.fromstring(drawn(name).content)  # noqa: S314  our own file
    for element in root.iter():
        assert element.tag not in (f"{SVG}style", f"{SVG}script", f"{SVG}image")
        assert "style" not in element.attrib
        assert not element.get("id", "").startswith(("text_", "patch_", "axes_", "figure_"))
        link = element.get("{http://www.w3.org/1999/xlink}href", "#")
        assert link.startswith("#")
    assert b"<!DOCTYPE" not in drawn(name).content


@pytest.mark.parametrize("name", PICTURES)
def test_a_png_says_what_it_shows_and_has_twice_the_pixels(
    name: str, make_board: Any, make_history: Any
) -> None:
    board = make_board(1)
    drawing = draw(name, board, make_history(board), form="png")
    assert drawing.media_type == "image/png"
    assert drawing.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(drawing.content[16:20]) == 1600
    assert b"Title\x00" in drawing.content
    assert b"Software" not in drawing.content


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_same_board_gives_the_same_bytes_from_any_thread(
    form: Literal["svg", "png"], make_board: Any, make_history: Any
) -> None:
    board = make_board(3)
    history = make_history(board)
    jobs = ["rank-intervals", "rank-history"] * 2
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda name: draw(name, board, history, form=form).content, jobs))
    assert drawn[:2] == drawn[2:]
    assert drawn[0] == draw(jobs[0], board, history, form=form).content


def test_settings_of_matplotlib_neither_change_a_picture_nor_are_changed_by_it(
    make_board: Any,
) -> None:
    board = make_board()
    plain = draw("task-scores", board).content
    with mpl.rc_context({"font.size": 31, "svg.fonttype": "path", "text.parse_math": True}):
        names = [name for name in mpl.rcParams if name != "backend"]  # asking for it sets it
        before = {name: mpl.rcParams[name] for name in names}
        assert draw("task-scores", board).content == plain
        assert {name: mpl.rcParams[name] for name in names} == before


def test_words_need_no_matplotlib_and_pictures_no_pyplot(make_board: Any) -> None:
    code = """
import sys
from probeboard.pictures import describe, draw
board = {"entries": [{"rank": 1, "team": "A"}], "tasks": []}
describe("rank-intervals", board)
assert not [name for name in sys.modules if name.startswith("matplotlib")]
sys.stdout.buffer.write(draw("method-robustness", board).content)
assert "matplotlib.pyplot" not in sys.modules
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True,
            cwd=Path(__file__).parents[3], env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


@pytest.mark.parametrize("name", PICTURES)
def test_names_are_text_and_never_markup_or_mathematics(name: str, drawn: Any) -> None:
    texts = texts_of(drawn(name).content)
    for team in ("$_cost_$", "x_1 \\alpha $", "KTH & Friends <1>", "Übermüt"):
        assert team in texts


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("form", ["svg", "png"])
def test_signs_that_no_font_or_file_has_are_no_obstacle(
    name: str, form: Literal["svg", "png"], make_board: Any, make_history: Any
) -> None:
    board = make_board(2)
    board["entries"][0]["team"] = "日本\x00\x1b 🦩\u202e"
    content = draw(name, board, make_history(board), form=form).content
    if form == "svg":
        assert "日本 🦩" in texts_of(content)


@pytest.mark.parametrize("name", PICTURES)
def test_long_names_are_shortened_in_the_picture_and_whole_in_its_words(
    name: str, drawn: Any
) -> None:
    long, drawing = "A team whose name is forty signs long ab", drawn(name)
    texts = texts_of(drawing.content)
    assert long not in texts
    assert any(text.endswith("…") and long.startswith(text[:-1]) for text in texts)
    assert long in drawing.text


@pytest.mark.parametrize("name", PICTURES)
def test_thirty_entries_are_drawn_and_it_is_said_that_there_are_more(
    name: str, make_board: Any, make_history: Any
) -> None:
    board = make_board(45, n_baselines=2)
    drawing = draw(name, board, make_history(board))
    assert "first 30 of 47 entries" in drawing.text
    texts = texts_of(drawing.content)
    assert any(text.endswith("first 30 of 47 entries") for text in texts)
    assert "Team 28" in texts
    assert "Team 29" not in texts


def test_what_does_not_exist_is_refused_by_name(make_board: Any) -> None:
    with pytest.raises(UnknownPicture, match="'pie' is none of rank-intervals, task-scores"):
        draw("pie", make_board())
    with pytest.raises(UnknownPicture, match="no theme 'pink'"):
        draw("task-scores", make_board(), theme="pink")  # type: ignore[arg-type]  # as from an address
    with pytest.raises(UnknownPicture, match="no form 'pdf'"):
        draw("task-scores", make_board(), form="pdf")  # type: ignore[arg-type]  # as from an address
    with pytest.raises(UnknownPicture):
        describe("pie", make_board())


def test_matplotlib_is_found_where_it_is_installed() -> None:
    assert can_draw()
