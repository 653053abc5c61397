"""From a snapshot's document to the rows of a page: text only, nothing is computed anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.pages.columns import OF_Q, FigureColumn, FigureView, figure_columns
from app.pages.deciding_view import DecidingView, deciding_of
from app.pages.figures import interval, with_error
from app.pages.times import Moment
from app.reports.figures import as_of_now, name_of, number, share
from probeboard.ranking import RankingMethod

PER_PAGE = 50
LEVEL = 0.95
# As people write them; others as they are called.
_METRICS = {"r2": "R²", "f1": "F1", "macro_f1": "macro-F1", "micro_map": "micro-mAP"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class TaskView:
    """A task's column: what stands in it, and how much it weighs."""

    name: str
    measured: str


@dataclass(frozen=True)
class CellView:
    """A task's figure by which it is ranked, and what stands below it."""

    text: str
    note: str | None
    sort: float
    is_best: bool


@dataclass(frozen=True)
class RowView:
    """An entry of the table."""

    rank: int | None
    would_rank: int | None
    interval: str | None
    interval_by_samples: str | None
    tier: int | None
    p_first: str
    sort_p_first: float
    name: str
    method: str
    is_baseline: bool
    project_url: str | None
    paper_url: str | None
    figures: tuple[FigureView, ...]
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
    ranked: Moment | None
    columns: tuple[FigureColumn, ...]
    tasks: tuple[TaskView, ...]
    bands: tuple[Band, ...]
    deciding: DecidingView | None
    n_entries: int
    number: int
    n_pages: int
    shows_tiers: bool
    has_intervals: bool
    has_baselines: bool
    ranks_q: bool
    level: str
    draws: str
    sample_units: str | None


def page_of_board(document: Document, number: int) -> BoardPage | None:
    """Cut a page out of a board; None if there is no such page."""
    # A frozen board may be as old as boards that did not say how sure they are.
    document = as_of_now(document)
    entries = document["entries"]
    n_pages = max(1, -(-len(entries) // PER_PAGE))
    if not 1 <= number <= n_pages:
        return None
    columns = figure_columns(document)
    best = _best_ranks(document)
    first = (number - 1) * PER_PAGE
    shown = entries[first : first + PER_PAGE]
    rows = [_row(document, entry, columns, best) for entry in shown]
    uncertainty = document["uncertainty"]
    return BoardPage(
        document=document,
        ranked=Moment.of_json(document["ranked_at"]) if document["ranked_at"] else None,
        columns=columns,
        tasks=tuple(_task(document, task) for task in document["tasks"]),
        bands=tuple(_bands(rows)),
        deciding=deciding_of(document, shown),
        n_entries=len(entries),
        number=number,
        n_pages=n_pages,
        shows_tiers=any(entry["tier"] is not None for entry in entries),
        has_intervals=uncertainty["shown"],
        has_baselines=any(entry["is_baseline"] for entry in shown),
        ranks_q=_ranks_q(document),
        level=f"{100 * uncertainty.get('level', LEVEL):g} %",
        draws=f"{int(uncertainty['draws']):,}",
        sample_units=_sample_units(uncertainty.get("samples")),
    )


def _ranks_q(document: Document) -> bool:
    return RankingMethod(document["method"]) in OF_Q


def _sample_units(samples: Document | None) -> str | None:
    if not samples or not samples["shown"]:
        return None
    return {"sample": "samples", "group": "groups", "mixed": "samples or groups"}[samples["unit"]]


def _task(document: Document, task: Document) -> TaskView:
    name = str(task["metric"])
    metric = _METRICS.get(name, name)
    measured = [f"Q of {metric}" if _ranks_q(document) else metric]
    if document["method"] == RankingMethod.NEUCO:
        # The announced weights do not rank: those do that the board took from its teams.
        if "weight_used" in task:
            measured.append(f"weight {100 * task['weight_used']:.1f} %")
    elif task["weight"] != 1:
        measured.append(f"weight {task['weight']:g}")
    return TaskView(task["name"], ", ".join(measured))


def _bands(rows: Sequence[RowView]) -> Iterator[Band]:
    """Group neighbours of one tier; a baseline belongs to where it stands."""
    tiers: list[int | None] = []
    for row in rows:
        inherited = tiers[-1] if tiers else None
        tiers.append(inherited if row.is_baseline else row.tier)
    for tier, group in groupby(zip(tiers, rows, strict=True), key=lambda pair: pair[0]):
        yield Band(tier, tuple(row for _, row in group))


def _best_ranks(document: Document) -> dict[str, float | None]:
    """Return the best rank of each task on the whole board; ties share one that is no 1."""
    return {
        name: min(
            (
                entry["tasks"][name]["rank"]
                for entry in document["entries"]
                if entry["tasks"][name]["rank"] is not None
            ),
            default=None,
        )
        for name in (task["name"] for task in document["tasks"])
    }


def _row(
    document: Document,
    entry: Document,
    columns: Sequence[FigureColumn],
    best: Mapping[str, float | None],
) -> RowView:
    draws = document["uncertainty"]["draws"]
    return RowView(
        rank=entry["rank"],
        would_rank=entry["would_rank"],
        interval=interval(entry["rank_interval"]),
        interval_by_samples=interval(entry["rank_interval_samples"]),
        tier=entry["tier"],
        p_first=share(entry["p_first"], draws=draws),
        sort_p_first=-1.0 if entry["p_first"] is None else entry["p_first"],
        name=name_of(entry),
        method=entry["method_name"],
        is_baseline=entry["is_baseline"],
        project_url=entry["project_url"],
        paper_url=entry["paper_url"],
        figures=tuple(column.of(entry) for column in columns),
        cells=tuple(
            _cell(document, entry["tasks"][task["name"]], best[task["name"]])
            for task in document["tasks"]
        ),
        n_submissions=entry["n_submissions"],
        received=Moment.of_json(entry["received_at"]),
        tie_broken=bool(entry["tie_broken"]),
    )


def _cell(document: Document, cell: Document, best: float | None) -> CellView:
    decimals = document["decimals"]
    mean, error = number(cell["mean"], decimals), cell["standard_error"]
    told_error = None if error is None else number(error, decimals)
    is_best = cell["rank"] is not None and cell["rank"] == best
    if _ranks_q(document):
        below = with_error(mean, told_error)
        return CellView(number(cell["q"], decimals), below, cell["q"], is_best)
    return CellView(mean, told_error and f"±{told_error}", cell["mean"], is_best)
