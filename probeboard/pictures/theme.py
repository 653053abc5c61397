"""The two sets of colours, told apart by every kind of colour vision, on GitHub's own backgrounds.

Backgrounds are solid: a picture of either theme can be read on any page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Theme:
    """Colours as ``#rrggbb``.

    Attributes
    ----------
    text, muted, grid, background
        From loud to silent; muted keeps a contrast of 4.5 to the background.
    band
        Behind every other tier.
    accent, accent_soft
        Ranks, and the bars behind them.
    series
        For lines side by side, after Okabe and Ito; each has a contrast of 3 to the background.
    low, middle, high
        Of a scale with two ends, orange to blue: the axis that red-green blindness leaves intact.
    """

    text: str
    muted: str
    grid: str
    background: str
    band: str
    accent: str
    accent_soft: str
    series: tuple[str, ...]
    low: str
    middle: str
    high: str

    def diverging(self, position: float) -> str:
        """Colour of a position in -1 .. 1 between `low`, `middle` and `high`.

        >>> THEMES["light"].diverging(-1.0), THEMES["light"].diverging(7.0)
        ('#e1812c', '#3d8acb')
        """
        end = self.low if position < 0 else self.high
        share = min(abs(position), 1.0)
        pairs = zip(_channels(self.middle), _channels(end), strict=True)
        red, green, blue = (round(255 * (a + (b - a) * share)) for a, b in pairs)
        return f"#{red:02x}{green:02x}{blue:02x}"

    def ink_on(self, colour: str) -> str:
        """Text colour that reads best on a colour.

        >>> THEMES["light"].ink_on("#0d1117")
        '#ffffff'
        """
        inks = ("#ffffff", "#0d1117")
        return max(inks, key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance).

    >>> round(contrast("#ffffff", "#000000"), 6)
    21.0
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> Colour:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


THEMES: Mapping[str, Theme] = {
    "light": Theme(
        text="#1f2328",
        muted="#59636e",
        grid="#d8dee4",
        background="#ffffff",
        band="#f3f6f9",
        accent="#0b62b0",
        accent_soft="#b6d7f5",
        series=(
            "#0072b2", "#c4500a", "#00825f", "#b04593", "#5b48b0", "#8a6d00", "#127a91", "#9b2335",
        ),
        low="#e1812c",
        middle="#f3f5f7",
        high="#3d8acb",
    ),
    "dark": Theme(
        text="#f0f6fc",
        muted="#9198a1",
        grid="#30363d",
        background="#0d1117",
        band="#161c24",
        accent="#58a6ff",
        accent_soft="#1f4a7d",
        series=(
            "#56b4e9", "#f5924e", "#35c79c", "#e58ac5", "#a99bff", "#dcc04a", "#5fd3e6", "#ff8a94",
        ),
        low="#a95408",
        middle="#1c232c",
        high="#1f6fc0",
    ),
}  # fmt: skip
