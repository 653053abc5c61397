"""The pictures of a page, each with what it says in words: those that the picture's text has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import escape
from sqlalchemy.orm import Session

from app.leaderboards.history import history_of
from app.leaderboards.pictures import (
    PictureDesk,
    PictureForm,
    PictureName,
    Theme,
    picture_key,
    picture_of,
)
from app.leaderboards.service import Shown
from probeboard.pictures import is_empty

# Of the tags around the words of a picture.
AROUND_WORDS_BYTES = 200

TITLES = {
    PictureName.RANK_INTERVALS: "How sure the ranks are",
    PictureName.TASK_SCORES: "Scores by task",
    PictureName.RANK_HISTORY: "Ranks over time",
    PictureName.METHOD_ROBUSTNESS: "Ranks by other methods",
    PictureName.RATE_DISTORTION: "Score by size",
}


@dataclass(frozen=True)
class PictureView:
    """A picture; `words` is None where a page has no room for them."""

    name: str
    title: str
    words: str | None
    is_open: bool


def pictures_of(
    session: Session,
    shown: Shown,
    document: Mapping[str, Any],
    desk: PictureDesk,
    *,
    names: Sequence[PictureName] = tuple(TITLES),
) -> list[PictureView]:
    """Return the pictures of a board that have something to show, the first of them open."""
    found = [name for name in names if _shows(name, document)]
    return [
        PictureView(
            str(name), TITLES[name], _words(session, shown, document, desk, name), not place
        )
        for place, name in enumerate(found)
    ]


def within(pictures: Sequence[PictureView], room_bytes: int) -> Iterator[PictureView]:
    """Leave the words out for which there is no room."""
    for picture in pictures:
        n_bytes = len(escape(picture.words or "").encode()) + AROUND_WORDS_BYTES
        if n_bytes <= room_bytes:
            room_bytes -= n_bytes
            yield picture
        else:
            yield replace(picture, words=None)


def _shows(name: PictureName, document: Mapping[str, Any]) -> bool:
    # Of the history this alone is known without reading it.
    if name is PictureName.RANK_HISTORY:
        return any(not entry["is_baseline"] for entry in document["entries"])
    return not is_empty(name.value, document)


def _words(
    session: Session,
    shown: Shown,
    document: Mapping[str, Any],
    desk: PictureDesk,
    name: PictureName,
) -> str:
    """Return the very text that the picture's address serves."""
    key = picture_key(shown.sha256, name, Theme.LIGHT, PictureForm.TXT)
    kept = desk.find(key)
    if kept is None:
        history = history_of(session, shown) if name is PictureName.RANK_HISTORY else None
        kept = picture_of(name, dict(document), history, theme=Theme.LIGHT, form=PictureForm.TXT)
        desk.keep(key, kept)
    return kept.decode()
