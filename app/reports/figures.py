"""Figures as a report writes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.leaderboards.entries import OF_SCORES
from app.leaderboards.rules import FURTHER_NAMES, METHOD_NAMES
from probeboard.ranking import ChallengerMethod, RankingMethod
from probeboard.ranking.chances import smallest_chance

RANK_DECIMALS = 3
NO_FIGURE = ""

# What boards did not say before they said how sure they are; a cited snapshot may be as old.
OLD_BOARD: Mapping[str, Any] = {
    "decimals": 4,
    "uncertainty": {"shown": False, "reason": None, "draws": 0},
    "methods": [],
    "further_methods": [],
    "agreement": None,
    "policy": None,
}
OLD_ENTRY: Mapping[str, Any] = dict.fromkeys(
    (
        *("rank_interval", "rank_interval_samples", "rank_set", "tier", "p_first", "p_top3"),
        *("rank_without_task", "rank_without_entry", "mean_score_error", "tie_broken"),
        *("win_rate", "project_url", "paper_url"),
    )
) | {"ranks": {}, "further_ranks": {}}


def as_of_now(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a board document with all members that one of today has."""
    entries = [{**OLD_ENTRY, **entry} for entry in document["entries"]]
    return {**OLD_BOARD, **document, "entries": entries}


def number(value: float | None, decimals: int) -> str:
    """Write a figure to so many decimals."""
    return NO_FIGURE if value is None else f"{value:.{decimals}f}"


def error(value: float | None, decimals: int) -> str | None:
    """Write a standard error."""
    return None if value is None else f"± {value:.{decimals}f}"


def ends(interval: Sequence[int] | None) -> str:
    """Write an interval of ranks.

    >>> ends([1, 3]), ends([2, 2]), ends(None)
    ('1 to 3', '2', '')
    """
    if interval is None:
        return NO_FIGURE
    low, high = interval
    return f"{low}" if low == high else f"{low} to {high}"


def share(value: float | None, *, draws: int) -> str:
    """Write a probability as no surer than so many draws can be.

    >>> [share(one, draws=1000) for one in (0.0, 0.25, 1.0)]
    ['< 0.1 %', '25.0 %', '> 99.9 %']
    >>> share(0.0, draws=100), share(1.0, draws=781)
    ('< 1.0 %', '> 99.8 %')
    """
    if value is None:
        return NO_FIGURE
    least = smallest_chance(draws)
    if value < least:
        return f"< {100 * least:.1f} %"
    return f"> {100 * (1 - least):.1f} %" if value > 1 - least else f"{100 * value:.1f} %"


def rank_of(entry: Mapping[str, Any]) -> str:
    """Write a rank; that of a baseline, which has none, in brackets."""
    if entry["rank"] is None:
        return f"({entry['would_rank']})"
    return f"{entry['rank']}*" if entry["tie_broken"] else f"{entry['rank']}"


def aggregate(document: Mapping[str, Any], value: float | None) -> str:
    """Write the figure that ranks: decimals are released of scores, and a mean of ranks is none."""
    of_scores = RankingMethod(document["method"]) in OF_SCORES
    return number(value, document["decimals"] if of_scores else RANK_DECIMALS)


def method_name(method: str) -> str:
    """Return what a ranking method is called."""
    if method in FURTHER_NAMES:
        return FURTHER_NAMES[ChallengerMethod(method)]
    return METHOD_NAMES[RankingMethod(method)]


def minute(instant: str) -> str:
    """Write an instant of JSON to the minute.

    >>> minute("2026-03-31T12:00:00.000Z")
    '2026-03-31 12:00 UTC'
    """
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M} UTC"


def name_of(entry: Mapping[str, Any]) -> str:
    """Return who it is of."""
    return entry["team"] or "Baseline"


def counted(n: int, word: str) -> str:
    """Count something.

    >>> counted(1, "team"), counted(3, "entry")
    ('1 team', '3 entries')
    """
    if n == 1:
        return f"1 {word}"
    return f"{n:,} {word[:-1]}ies" if word.endswith("y") and word != "day" else f"{n:,} {word}s"
