"""A sheet to draw on, in pixels of a README."""

import io
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PathCollection
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Affine2D, IdentityTransform

from probeboard.pictures.entries import day_number, tick_text
from probeboard.pictures.picture import WIDTH
from probeboard.pictures.settings import DPI, FONT, FONTS, text_width
from probeboard.pictures.svg import finished
from probeboard.pictures.theme import Theme

PNG_SCALE = 2
ELLIPSIS = "…"
_DASHES = (0, (4, 3))
Align = Literal["left", "center", "right"]


class Page:
    """A sheet `WIDTH` pixels wide, y downwards. To be used within `style`."""

    def __init__(self, height: float, theme: Theme) -> None:
        self.height = height
        self.theme = theme
        self.figure = Figure(
            figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=theme.background
        )
        # Straight on the figure: axes keep limits of their data, which takes half of the time.
        to_inches = Affine2D().scale(1 / DPI, -1 / DPI).translate(0, height / DPI)
        self._pixels = to_inches + self.figure.dpi_scale_trans

    def panel(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Return axes within these edges, with quiet lines and ticks."""
        axes = self.figure.add_axes(
            (
                left / WIDTH,
                1 - bottom / self.height,
                (right - left) / WIDTH,
                (bottom - top) / self.height,
            )
        )
        axes.set_facecolor("none")
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(self.theme.grid)
        axes.tick_params(length=0, pad=6, labelsize=11, labelcolor=self.theme.muted)
        axes.grid(color=self.theme.grid, linewidth=0.8)
        axes.set_axisbelow(True)
        return axes

    def time_axis(self, axes: Axes, *, start: datetime, end: datetime) -> None:
        """Let x be time in UTC, in days since 1970, with a few round ticks."""
        axes.set_xlim(day_number(start), day_number(end))
        # matplotlib leaves its dates untyped.
        locator: Any = AutoDateLocator(tz=UTC, minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        days = [float(day) for day in locator.tick_values(start, end)]
        ticks = [day for day in days if day_number(start) <= day <= day_number(end)]
        axes.set_xticks(ticks, [tick_text(day, of=end - start) for day in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(visible=False, axis="x")

    def bytes_axis(
        self, axes: Axes, sizes: Sequence[float], words_of: Callable[[float], str]
    ) -> None:
        """Let x be bytes by powers of two, from the smallest to the largest and a little more."""
        low, high = math.log2(min(sizes)), math.log2(max(sizes))
        pad = max(0.06 * (high - low), 0.5)
        axes.set_xscale("log", base=2)
        axes.set_xlim(2 ** (low - pad), 2 ** (high + pad))
        step = max(1, math.ceil((high - low) / 8))
        ticks = [2.0**power for power in range(math.ceil(low), math.floor(high) + 1, step)]
        axes.set_xticks(ticks, [words_of(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())

    def series_colour(self, number: int, *, is_baseline: bool) -> str:
        """Colour of one of several lines; neighbours differ, baselines are grey."""
        series = self.theme.series
        return self.theme.muted if is_baseline else series[number % len(series)]

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        colour: str | None = None,
        align: Align = "left",
        bold: bool = False,
        italic: bool = False,
        rotation: float = 0.0,
        over: int = 4,
    ) -> None:
        """Write words, their small letters centred on y; rotated ones turn about their start."""
        self.figure.text(
            x,
            # Not matplotlib's centre: with it an accent would move the line.
            y if rotation else y + 0.36 * size,
            words,
            fontsize=size,
            color=colour or self.theme.text,
            ha=align,
            va="baseline",
            fontweight="bold" if bold else "normal",
            fontstyle="italic" if italic else "normal",
            # Only what we word ourselves is bold, and the font of boxes is not.
            fontfamily=[FONT] if bold else FONTS,
            rotation=rotation,
            rotation_mode="anchor",
            zorder=over,
            transform=self._pixels,
        )

    def legend_text(self, x: float, y: float, words: str) -> float:
        """Write words of a legend, and return where the next sign of it may begin."""
        self.text(x, y, words, size=11, colour=self.theme.muted)
        return x + text_width(words, size=11) + 26

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        colour: str,
        width: float = 1.5,
        dashed: bool = False,
        over: int = 2,
    ) -> None:
        """Draw straight lines from point to point."""
        self._add(
            Line2D(
                xs,
                ys,
                color=colour,
                linewidth=width,
                linestyle=_DASHES if dashed else "solid",
                solid_capstyle="round",
            ),
            over,
        )

    def curve(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        colour: str,
        dashed: bool = False,
        reach: float = math.inf,
        over: float = 2,
    ) -> None:
        """Draw a line that passes every point level, and bends within `reach` before the next."""
        points, codes = [(xs[0], ys[0])], [Path.MOVETO]
        for (x, y), (next_x, next_y) in pairwise(zip(xs, ys, strict=True)):
            start = max(x, next_x - reach)
            half = (start + next_x) / 2
            points += [(start, y), (half, y), (half, next_y), (next_x, next_y)]
            codes += [Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
        self._add(
            PathPatch(
                Path(points, codes),
                facecolor="none",
                edgecolor=colour,
                linewidth=2,
                linestyle=_DASHES if dashed else "solid",
            ),
            over,
        )

    def dots(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        colour: str,
        radius: float,
        hollow: bool = False,
        over: float = 5,
    ) -> None:
        """Draw discs, or rings."""
        discs = PathCollection(
            [Path.unit_circle()],
            sizes=[radius**2],
            facecolors=self.theme.background if hollow else colour,
            edgecolors=colour,
            linewidths=1.8,
            offsets=np.column_stack([xs, ys]),
            offset_transform=self._pixels,
        )
        discs.set_transform(IdentityTransform())
        discs.set_zorder(over)
        self.figure.add_artist(discs)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        *,
        colour: str,
        radius: float = 0.0,
        over: int = 1,
    ) -> None:
        """Fill a rectangle, its corners rounded where a radius is given."""
        size = (left, top), right - left, bottom - top
        shape = (
            FancyBboxPatch(*size, boxstyle=f"round,pad=0,rounding_size={radius}")
            if radius
            else Rectangle(*size)
        )
        shape.set(facecolor=colour, edgecolor="none", linewidth=0)
        self._add(shape, over)

    def shortened(self, words: str, *, room: float, size: float = 12) -> str:
        """Cut words to a width in pixels, with an ellipsis where something is missing."""
        if text_width(words, size=size) <= room:
            return words
        # The most that fit: widths grow with length.
        kept = bisect_left(
            range(len(words)),
            room,
            key=lambda n: text_width(f"{words[: n + 1].rstrip()}{ELLIPSIS}", size=size),
        )
        return f"{words[:kept].rstrip()}{ELLIPSIS}"

    def _add(self, artist: Artist, over: float) -> None:
        artist.set_transform(self._pixels)
        artist.set_zorder(over)
        self.figure.add_artist(artist)

    def to_svg(self, *, title: str, text: str) -> bytes:
        """Render, with title and text for those who do not see it."""
        out = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        FigureCanvasSVG(self.figure)
        self.figure.savefig(out, format="svg", metadata=nothing)
        return finished(
            out.getvalue().decode(), size=(WIDTH, round(self.height)), title=title, text=text
        )

    def to_png(self, *, title: str, text: str) -> bytes:
        """Render at twice the size, with title and text in its chunks."""
        out = io.BytesIO()
        metadata = {"Software": None, "Title": title, "Description": text}
        FigureCanvasAgg(self.figure)
        self.figure.savefig(out, format="png", dpi=PNG_SCALE * DPI, metadata=metadata)
        return out.getvalue()
