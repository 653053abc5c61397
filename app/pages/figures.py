"""Figures as a page writes them."""

from collections.abc import Sequence

# Boards hold probabilities to three decimals.
STEPS = 1000


def interval(ends: Sequence[int] | None) -> str | None:
    """Write an interval of ranks."""
    if ends is None:
        return None
    low, high = ends
    return f"{low}" if low == high else f"{low}–{high}"  # noqa: RUF001  # a range has an en dash


def share(value: float | None, *, draws: int) -> str | None:
    """Write a probability as no surer than so many draws can be.

    >>> share(0.0, draws=1000), share(0.25, draws=1000), share(1.0, draws=300)
    ('< 0.1 %', '25.0 %', '> 99.6 %')
    """
    if value is None:
        return None
    least = max(1, -(-STEPS // max(draws, 1)))
    if value < least / STEPS:
        return f"< {100 * least / STEPS:g} %"
    if value > 1 - least / STEPS:
        return f"> {100 - 100 * least / STEPS:g} %"
    return f"{100 * value:.1f} %"


def with_error(value: str, error: str | None) -> str:
    """Write a score and its standard error in one line."""
    return value if error is None else f"{value} ±{error}"
