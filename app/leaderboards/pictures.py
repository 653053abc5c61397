"""Pictures of boards: one is drawn at a time, few wait, and the last ones are kept."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import probeboard.pictures
from app.errors import DrawingBusy
from app.leaderboards.history import History
from probeboard.pictures import describe, draw

MOST_WAITING = 8
LIMIT_BYTES = 16 * 1024**2
OVERHEAD_BYTES = 512


class PictureName(StrEnum):
    """The pictures there are; a test holds them to those of `probeboard.pictures`."""

    RANK_INTERVALS = "rank-intervals"
    TASK_SCORES = "task-scores"
    RANK_HISTORY = "rank-history"
    METHOD_ROBUSTNESS = "method-robustness"
    RATE_DISTORTION = "rate-distortion"


class PictureForm(StrEnum):
    """How a picture is sent; `txt` says in words what it shows."""

    SVG = "svg"
    PNG = "png"
    TXT = "txt"


class Theme(StrEnum):
    """On which ground a picture is drawn."""

    LIGHT = "light"
    DARK = "dark"


class PictureDesk:
    """Draws for a whole process; safe to use from many threads."""

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES, most_waiting: int = MOST_WAITING) -> None:
        self._limit_bytes = limit_bytes
        self._most_waiting = most_waiting
        self._drawing = threading.Lock()
        self._counting = threading.Lock()
        self._inside = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0

    @property
    def n_inside(self) -> int:
        """How many draw or wait to."""
        return self._inside

    def find(self, key: str) -> bytes | None:
        """Return a picture that is kept."""
        with self._counting:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def make(self, key: str, draw_it: Callable[[], bytes]) -> bytes:
        """Return a picture; draw it if nobody has meanwhile.

        Raises
        ------
        DrawingBusy
            If too many wait already.
        """
        with self._counting:
            if self._inside > self._most_waiting:
                raise DrawingBusy("Other pictures are being drawn. This one comes a little later.")
            self._inside += 1
        try:
            with self._drawing:
                found = self.find(key)
                if found is None:
                    found = draw_it()
                    self.keep(key, found)
                return found
        finally:
            with self._counting:
                self._inside -= 1

    def keep(self, key: str, content: bytes) -> None:
        """Keep what was made, as long as there is room."""
        with self._counting:
            before = self._kept.pop(key, None)
            if before is not None:  # two made it at once
                self._n_bytes -= len(before) + OVERHEAD_BYTES
            self._kept[key] = content
            self._n_bytes += len(content) + OVERHEAD_BYTES
            while self._n_bytes > self._limit_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._n_bytes -= len(dropped) + OVERHEAD_BYTES


def picture_key(sha256: str, name: PictureName, theme: Theme, form: PictureForm) -> str:
    """Name a picture of a snapshot: equal keys, equal pictures."""
    return f"{sha256}-{name}-{theme}-{form}-{drawing_version()}"


def picture_of(
    name: PictureName,
    document: dict[str, Any],
    history: History | None,
    *,
    theme: Theme,
    form: PictureForm,
) -> bytes:
    """Draw a picture of a board document, or say in words what it shows."""
    steps = [(point.ranked_at, point.ranks) for point in history.points] if history else None
    if form is PictureForm.TXT:
        return describe(name.value, document, steps).encode()
    drawn = draw(
        name.value,
        document,
        steps,
        theme="dark" if theme is Theme.DARK else "light",
        form="png" if form is PictureForm.PNG else "svg",
    )
    return drawn.content


@cache
def drawing_version() -> str:
    """Return what changes when pictures of the same board are drawn otherwise."""
    digest = hashlib.sha256(version("matplotlib").encode())
    for source in sorted(Path(probeboard.pictures.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:8]
