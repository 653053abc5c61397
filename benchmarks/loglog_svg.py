"""Small log-log line charts, side by side, as one SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

COLOURS = ("#0b6e99", "#c2571a", "#5b7f2b", "#7a4fa3")
PANEL_WIDTH, PANEL_HEIGHT = 430, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 64, 34, 34
MARGIN, HEAD, FOOT = 16, 74, 34
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Line:
    """One series: points with positive coordinates, by rising x."""

    label: str
    points: Sequence[tuple[float, float]]

    @property
    def exponent(self) -> float:
        """Slope between the ends."""
        (x0, y0), (x1, y1) = self.points[0], self.points[-1]
        return math.log(y1 / y0) / math.log(x1 / x0)


@dataclass(frozen=True)
class Panel:
    """One chart; all its lines have the same x."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from `low` to `high`, on pixels `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each decade within the range."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10.0**decade for decade in decades for step in STEPS]
    return [value for value in values if low <= value <= high]


def text(x: float, y: float, content: str, *, anchor: str = "start", more: str = "") -> str:
    """One piece of text."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}{more and ' '}{more}>{escape(content)}</text>"


def exponent(x: float, y: float, value: float, colour: str) -> str:
    """x to the power of it."""
    raised = f'<tspan dy="-5" font-size="10">{value:.2f}</tspan>'
    return f'<text x="{x:.1f}" y="{y:.1f}" style="fill:{colour}">x{raised}</text>'


def spread(places: Sequence[float], *, gap: float) -> list[float]:
    """Move labels apart that would overlap, keeping their order."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    return moved


def draw_panel(panel: Panel, left: float, top: float, *, lowest: float, highest: float) -> str:
    """One chart at a place; all charts share the y axis."""
    xs = [x for x, _ in panel.lines[0].points]
    x_of = Scale(xs[0], xs[-1], left + LEFT, left + PANEL_WIDTH - RIGHT)
    y_of = Scale(lowest, highest, top + PANEL_HEIGHT - BOTTOM, top + TOP)
    parts = [text(left + LEFT, top + 18, panel.title, more='class="title"')]
    for value in ticks(lowest, highest):
        y = y_of(value)
        parts.append(f'<line x1="{x_of.start}" x2="{x_of.end}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(x_of.start - 8, y + 4, f"{value:g}", anchor="end"))
    for value in xs:
        x = x_of(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y_of.start}" y2="{y_of.end}"/>')
        parts.append(text(x, y_of.start + 18, f"{value:,g}", anchor="middle"))
    ends = spread([y_of(line.points[-1][1]) for line in panel.lines], gap=14)
    for line, colour, end in zip(panel.lines, COLOURS, ends, strict=False):
        places = [(x_of(x), y_of(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" stroke="{colour}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(exponent(x_of.end + 10, end + 4, line.exponent, colour))
    return "\n".join(parts)


def draw_panels(panels: Sequence[Panel], *, title: str, caption: str) -> str:
    """All charts, two in a row, with one legend, as an SVG document."""
    values = [y for panel in panels for line in panel.lines for _, y in line.points]
    lowest, highest = min(values) / 1.2, max(values) * 1.2
    rows = math.ceil(len(panels) / 2)
    width = 2 * PANEL_WIDTH + 2 * MARGIN
    height = HEAD + rows * PANEL_HEIGHT + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        "<style>text{font:12px sans-serif;fill:#444}.title{font-weight:600;fill:#222}"
        ".head{font-size:17px}line{stroke:#e3e3e3}polyline{fill:none;stroke-width:2}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        text(MARGIN + LEFT, 30, title, more='class="title head"'),
    ]
    at: float = MARGIN + LEFT
    for line, colour in zip(panels[0].lines, COLOURS, strict=False):
        parts.append(f'<circle cx="{at + 4}" cy="52" r="4" fill="{colour}"/>')
        parts.append(text(at + 14, 56, line.label))
        at += 34 + 6.6 * len(line.label)
    for number, panel in enumerate(panels):
        left = MARGIN + number % 2 * PANEL_WIDTH
        top = HEAD + number // 2 * PANEL_HEIGHT
        parts.append(draw_panel(panel, left, top, lowest=lowest, highest=highest))
    parts.append(text(MARGIN + LEFT, height - 14, caption))
    return "\n".join([*parts, "</svg>", ""])
