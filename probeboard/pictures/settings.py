"""matplotlib's settings and fonts; with `page` the only module that imports it.

The settings are global. They are replaced while a page is drawn and rendered, under a lock of
this module, so that no ``matplotlibrc`` of a reader and no other thread moves a pixel.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, get_font

# A point of matplotlib is a pixel here: fonts are then given in pixels, too.
DPI = 72
_LOCK = threading.Lock()
# They come with matplotlib: a layout never depends on the machine's fonts. The second has a box for
# every sign the first lacks; an SVG keeps the sign itself, drawn by the reader's fonts.
FONT = "DejaVu Sans"
FONTS = [FONT, "Last Resort High-Efficiency"]
_STYLE: dict[Any, Any] = {
    "font.family": FONTS,
    "font.enable_last_resort": False,  # matplotlib's own use of it warns at every sign
    "svg.fonttype": "none",
    "svg.hashsalt": "probeboard",
    # Names are text: a dollar or an underscore in one is not mathematics.
    "text.parse_math": False,
    "text.usetex": False,
    "path.simplify": False,
    "timezone": "UTC",
}


@contextmanager
def style() -> Iterator[None]:
    """Hold matplotlib's settings to those of our pictures; one thread at a time."""
    with _LOCK, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def text_width(words: str, *, size: float) -> float:
    """Width of words in pixels."""
    font = get_font([findfont(FontProperties(family=[name])) for name in FONTS])
    font.set_size(size, DPI)
    font.set_text(words, 0.0)
    width, _ = font.get_width_height()
    return float(width) / 64
