"""A board by another method: the same snapshot, its entries in another, unofficial order."""

from collections.abc import Mapping
from typing import Any

from app.errors import NotOnBoard

# What the official method says of an entry, and no other does.
_OF_THE_OFFICIAL = (
    "aggregate", "win_rate", "rank_interval", "rank_set", "tier", "p_first", "p_top3",
    "rank_without_task", "rank_without_entry", "rank_interval_samples",
)  # fmt: skip
# Where a document has the names of methods, and where an entry has its ranks by them.
_RANKS = (("methods", "ranks"), ("further_methods", "further_ranks"))
_NOT_SHOWN = {"shown": False, "reason": "told of the official method only"}


def by_method(document: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return the board in the order of another method, said to be unofficial.

    Raises
    ------
    NotOnBoard
        If the snapshot was not ranked by it: it could not be, or was made before others were.
    """
    ranks = next((ranks for names, ranks in _RANKS if method in document.get(names, ())), None)
    if ranks is None:
        raise NotOnBoard("method")
    official = document["method"]
    entries = [_entry(entry, entry[ranks].get(method)) for entry in document["entries"]]
    return {
        **document,
        "method": str(method),
        "rule": f"Unofficial, for comparison: by {method}. The board ranks by {official}",
        "uncertainty": _unsaid(document["uncertainty"]),
        "entries": sorted(entries, key=_place),
        "official": False,
        "official_method": official,
    }


def _unsaid(told: Mapping[str, Any]) -> dict[str, Any]:
    """Take back that something is shown of how sure the order is, by splits and by samples."""
    unsaid = {**told, **_NOT_SHOWN} if told["shown"] else dict(told)
    if samples := told.get("samples"):
        unsaid["samples"] = _unsaid(samples)
    return unsaid


def _entry(entry: Mapping[str, Any], place: int | None) -> dict[str, Any]:
    baseline = entry["is_baseline"]
    return {
        **entry,
        "rank": None if baseline else place,
        "would_rank": place if baseline else None,
        "tie_broken": False,
        **dict.fromkeys(_OF_THE_OFFICIAL),
    }


def _place(entry: Mapping[str, Any]) -> tuple[float, bool]:
    """As on every board: a baseline before those whose rank it would take."""
    place = entry["would_rank"] if entry["is_baseline"] else entry["rank"]
    return float("inf") if place is None else place, not entry["is_baseline"]
