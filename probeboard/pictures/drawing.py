"""Draws a board's pictures by name, and words them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from probeboard.pictures import (
    method_robustness,
    rank_history,
    rank_intervals,
    rate_distortion,
    task_scores,
)
from probeboard.pictures.entries import Board, History, read_board
from probeboard.pictures.picture import MARGIN, TOP, WIDTH, Picture
from probeboard.pictures.theme import THEMES

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

_PICTURES: Mapping[str, Picture] = {
    module.PICTURE.name: module.PICTURE
    for module in (rank_intervals, task_scores, rank_history, method_robustness, rate_distortion)
}
PICTURES = tuple(_PICTURES)
MISSING_MATPLOTLIB = "pictures need matplotlib: pip install 'probeboard[pictures]'"
MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_NOTHING_HEIGHT = 96


class UnknownPicture(ValueError):
    """There is no picture of that name, no such theme, or no such form."""


@dataclass(frozen=True)
class Drawing:
    """A picture as a file.

    Attributes
    ----------
    content
        The file; the same document gives the same bytes with the same matplotlib.
    media_type
        Of the file.
    title, text
        What it is, and all that it says, for those who do not see it. Both are in the file, too.
    """

    content: bytes
    media_type: str
    title: str
    text: str


def draw(
    name: str,
    document: Mapping[str, Any],
    history: History | None = None,
    *,
    theme: Literal["light", "dark"] = "light",
    form: Literal["svg", "png"] = "svg",
) -> Drawing:
    """Draw a picture of a board; where there is nothing to draw yet, one that says why.

    Parameters
    ----------
    name
        One of `PICTURES`.
    document
        The board document: the JSON body of a snapshot.
    history
        For ``rank-history``: when the board was ranked, and the rank of each name then.
    theme, form
        An SVG is 800 pixels wide and holds its text as text; a PNG has twice as many.

    Raises
    ------
    UnknownPicture
        If name, theme or form is not one of those.
    ModuleNotFoundError
        If matplotlib is not installed (`can_draw`).
    """
    picture, board = _picture(name), read_board(document, history)
    if theme not in THEMES or form not in MEDIA_TYPES:
        raise UnknownPicture(f"no theme {theme!r}, or no form {form!r}")
    # Not at the top: words need no matplotlib, and loading it takes half a second.
    from probeboard.pictures.page import Page
    from probeboard.pictures.settings import style

    title, text = _title(picture, board), _text(picture, board)
    height = _NOTHING_HEIGHT if picture.obstacle(board) else picture.height(board)
    with style():
        page = Page(TOP + height, THEMES[theme])
        _paint(page, picture, board)
        render = page.to_svg if form == "svg" else page.to_png
        content = render(title=title, text=text)
    return Drawing(content, MEDIA_TYPES[form], title, text)


def describe(name: str, document: Mapping[str, Any], history: History | None = None) -> str:
    """Say in plain text what a picture shows. Needs no matplotlib.

    Raises
    ------
    UnknownPicture
        If there is no picture of that name.

    Examples
    --------
    >>> print(describe("task-scores", {"phase_title": "Test", "entries": []}), end="")
    Scores by task: Test.
    Nothing to draw yet. No entry is ranked yet.
    """
    picture, board = _picture(name), read_board(document, history)
    return _text(picture, board)


def is_empty(name: str, document: Mapping[str, Any], history: History | None = None) -> bool:
    """Whether a picture would only say that there is nothing to draw yet.

    Raises
    ------
    UnknownPicture
        If there is no picture of that name.
    """
    return bool(_picture(name).obstacle(read_board(document, history)))


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def _picture(name: str) -> Picture:
    if name not in _PICTURES:
        raise UnknownPicture(f"{name!r} is none of {', '.join(PICTURES)}")
    return _PICTURES[name]


def _title(picture: Picture, board: Board) -> str:
    return f"{picture.title}: {board.heading}" if board.heading else picture.title


def _text(picture: Picture, board: Board) -> str:
    lines = [f"{_title(picture, board)}."]
    if obstacle := picture.obstacle(board):
        return "\n".join([*lines, f"Nothing to draw yet. {obstacle}", ""])
    if board.cut:
        lines.append(f"The {board.cut}.")
    return "\n".join([*lines, *picture.words(board), ""])


def _paint(page: "Page", picture: Picture, board: Board) -> None:
    room = WIDTH - 2 * MARGIN
    page.text(MARGIN, 26, picture.title, size=17, bold=True)
    above = " · ".join(filter(None, (board.heading, board.cut)))
    page.text(MARGIN, 49, page.shortened(above, room=room), colour=page.theme.muted)
    if obstacle := picture.obstacle(board):
        page.text(WIDTH / 2, TOP + 22, "Nothing to draw yet", size=14, align="center")
        reason = page.shortened(obstacle, room=room)
        page.text(WIDTH / 2, TOP + 48, reason, align="center", colour=page.theme.muted)
    else:
        picture.paint(page, board)
