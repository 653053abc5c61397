"""Figures as a page writes them."""

from collections.abc import Sequence


def interval(ends: Sequence[int] | None) -> str | None:
    """Write an interval of ranks."""
    if ends is None:
        return None
    low, high = ends
    return f"{low}" if low == high else f"{low}–{high}"  # noqa: RUF001  # a range has an en dash


def with_error(value: str, error: str | None) -> str:
    """Write a score and its standard error in one line."""
    return value if error is None else f"{value} ±{error}"
