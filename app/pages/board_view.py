"""From a snapshot's document to the rows of a page: text only, nothing is computed anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.leaderboards.entries import OF_SCORES
from app.leaderboards.rules import METHOD_NAMES
from app.pages.times import Moment
from probeboard.ranking import RankingMethod

PER_PAGE = 50
RANK_DECIMALS = 3
# What boards did not say before they said how sure they are; a frozen one may be as old.
_OLD: dict[str, Any] = {"decimals": 4, "uncertainty": {"shown": False, "reason": None, "draws": 0}}
_OLD_ENTRY = dict.fromkeys(
    ("rank_interval", "rank_interval_samples", "tier", "p_first", "mean_score_error", "tie_broken")
)


@dataclass(frozen=True)
class CellView:
    """A task's score with its standard error."""

    mean: str
    error: str | None
    rank: str | None
    is_best: bool


@dataclass(frozen=True)
class RowView:
    """An entry of the table."""

    rank: int | None
    would_rank: int | None
    interval: str | None
    interval_by_samples: str | None
    tier: int | None
    p_first: str | None
    sort_p_first: float
    name: str
    method: str
    is_baseline: bool
    project_url: str | None
    paper_url: str | None
    aggregate: str | None
    sort_aggregate: float | None
    mean_score: str
    error: str | None
    cells: tuple[CellView, ...]
    n_submissions: int
    received: Moment
    tie_broken: bool


@dataclass(frozen=True)
class Band:
    """Neighbouring rows of one tier; a tier of None has not been worked out."""

    tier: int | None
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class BoardPage:
    """One page of a board."""

    document: dict[str, Any]
    method_name: str
    ranked: Moment | None
    bands: tuple[Band, ...]
    n_entries: int
    number: int
    n_pages: int
    first: int
    shows_tiers: bool
    has_intervals: bool
    sample_units: str | None

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks that have a column."""
        found: list[dict[str, Any]] = self.document["tasks"]
        return found


def page_of_board(document: dict[str, Any], number: int) -> BoardPage | None:
    """Cut a page out of a board; None if there is no such page."""
    entries = [_OLD_ENTRY | entry for entry in document["entries"]]
    document = _OLD | document
    n_pages = max(1, -(-len(entries) // PER_PAGE))
    if not 1 <= number <= n_pages:
        return None
    best = _best(document)
    first = (number - 1) * PER_PAGE
    shown = entries[first : first + PER_PAGE]
    rows = [_row(document, entry, best) for entry in shown]
    return BoardPage(
        document=document,
        method_name=METHOD_NAMES[RankingMethod(document["method"])],
        ranked=Moment.of_json(document["ranked_at"]) if document["ranked_at"] else None,
        bands=tuple(_bands(rows)),
        n_entries=len(entries),
        number=number,
        n_pages=n_pages,
        first=first + 1,
        shows_tiers=any(entry["tier"] is not None for entry in entries),
        has_intervals=document["uncertainty"]["shown"],
        sample_units=_sample_units(document["uncertainty"].get("samples")),
    )


def _sample_units(samples: dict[str, Any] | None) -> str | None:
    if not samples or not samples["shown"]:
        return None
    return {"sample": "samples", "group": "groups", "mixed": "samples or groups"}[samples["unit"]]


def _bands(rows: Sequence[RowView]) -> Iterator[Band]:
    """Group neighbours of one tier; a baseline belongs to where it stands."""
    tiers: list[int | None] = []
    for row in rows:
        inherited = tiers[-1] if tiers else None
        tiers.append(inherited if row.is_baseline else row.tier)
    for tier, group in groupby(zip(tiers, rows, strict=True), key=lambda pair: pair[0]):
        yield Band(tier, tuple(row for _, row in group))


def _best(document: dict[str, Any]) -> dict[str, float]:
    """The best mean of each task among those that are ranked."""
    ranked = [entry for entry in document["entries"] if not entry["is_baseline"]]
    return {
        task["name"]: max((e["tasks"][task["name"]]["mean"] for e in ranked), default=0.0)
        for task in document["tasks"]
    }


def _row(document: dict[str, Any], entry: dict[str, Any], best: dict[str, float]) -> RowView:
    decimals = document["decimals"]
    names = [task["name"] for task in document["tasks"]]
    error = entry["mean_score_error"]
    return RowView(
        rank=entry["rank"],
        would_rank=entry["would_rank"],
        interval=_interval(entry["rank_interval"]),
        interval_by_samples=_interval(entry["rank_interval_samples"]),
        tier=entry["tier"],
        p_first=_share(entry["p_first"]),
        sort_p_first=-1.0 if entry["p_first"] is None else entry["p_first"],
        name=entry["team"] or "Baseline",
        method=entry["method_name"],
        is_baseline=entry["is_baseline"],
        project_url=entry["project_url"],
        paper_url=entry["paper_url"],
        aggregate=_aggregate(document, entry["aggregate"]),
        sort_aggregate=entry["aggregate"],
        mean_score=f"{entry['mean_score']:.{decimals}f}",
        error=None if error is None else f"{error:.{decimals}f}",
        cells=tuple(_cell(entry["tasks"][name], decimals, best[name]) for name in names),
        n_submissions=entry["n_submissions"],
        received=Moment.of_json(entry["received_at"]),
        tie_broken=bool(entry["tie_broken"]),
    )


def _aggregate(document: dict[str, Any], value: float | None) -> str | None:
    """Write what ranks: decimals are released of scores, and an average of ranks is none."""
    if value is None:
        return None
    of_scores = RankingMethod(document["method"]) in OF_SCORES
    return f"{value:.{document['decimals'] if of_scores else RANK_DECIMALS}f}"


def _cell(cell: dict[str, Any], decimals: int, best: float) -> CellView:
    error = cell["standard_error"]
    return CellView(
        mean=f"{cell['mean']:.{decimals}f}",
        error=None if error is None else f"{error:.{decimals}f}",
        rank=None if cell["rank"] is None else f"{cell['rank']:g}",
        is_best=cell["rank"] is not None and cell["mean"] >= best,
    )


def _interval(ends: Sequence[int] | None) -> str | None:
    if ends is None:
        return None
    low, high = ends
    return f"{low}" if low == high else f"{low}–{high}"  # noqa: RUF001  # a range has an en dash


def _share(value: float | None) -> str | None:
    """Write a probability as no surer than a thousand draws can be."""
    if value is None:
        return None
    if value < 0.001:
        return "< 0.1 %"
    if value > 0.999:
        return "> 99.9 %"
    return f"{100 * value:.1f} %"
