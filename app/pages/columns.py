"""Which figures of all tasks together a board has, and in which order: what ranks stands first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.leaderboards.entries import OF_SCORES
from app.leaderboards.rules import METHOD_NAMES
from app.models import WinRateAgainst
from app.reports.figures import aggregate, number
from probeboard.ranking import RankingMethod

Entry = Mapping[str, Any]
# These rank Q: beside it a mean score says something else.
OF_Q = (RankingMethod.NEUCO, RankingMethod.MEAN_Q)

_HINTS = {
    RankingMethod.AVERAGE_RANK: "The ranks in the tasks, averaged; this ranks, smaller is better.",
    RankingMethod.NEUCO: (
        "The ranks of Q in the tasks, averaged with more weight where Q differs more; this ranks, "
        "smaller is better."
    ),
    RankingMethod.TEST_THEN_RANK: (
        "The share of the others that are beaten significantly, averaged over tasks; this ranks, "
        "larger is better."
    ),
    RankingMethod.BORDA: "How many others are beaten, task by task; this ranks, larger is better.",
    RankingMethod.COPELAND: (
        "Others beaten in most of the tasks, a draw as half of one; this ranks, larger is better."
    ),
}
_Q = "Q = 2 · mean / (0.02 + standard deviation over splits), as in NeuCo-Bench"


@dataclass(frozen=True)
class FigureView:
    """A figure, what stands below it, and what it is sorted by."""

    text: str
    note: str | None
    sort: float | None


@dataclass(frozen=True)
class FigureColumn:
    """A column of figures of all tasks together."""

    title: str
    hint: str
    of: Callable[[Entry], FigureView]


def figure_columns(document: Mapping[str, Any]) -> tuple[FigureColumn, ...]:
    """Return the columns of a board: by method, what ranks first; the means and win rate always."""
    method = RankingMethod(document["method"])
    mean_score, mean_q = _mean_score(document), _mean_q(document)
    found = [] if method in OF_SCORES else [_ranked_by(document, method)]
    found += [mean_q, mean_score] if method in OF_Q else [mean_score, mean_q]
    if any(entry["win_rate"] is not None for entry in document["entries"]):
        found.append(_win_rate(document))
    return tuple(found)


def _ranked_by(document: Mapping[str, Any], method: RankingMethod) -> FigureColumn:
    def of(entry: Entry) -> FigureView:
        return FigureView(aggregate(document, entry["aggregate"]), None, entry["aggregate"])

    return FigureColumn(METHOD_NAMES[method], _HINTS[method], of)


def _mean_score(document: Mapping[str, Any]) -> FigureColumn:
    decimals = document["decimals"]

    def of(entry: Entry) -> FigureView:
        error = entry["mean_score_error"]
        below = None if error is None else f"±{number(error, decimals)}"
        return FigureView(number(entry["mean_score"], decimals), below, entry["mean_score"])

    ranks = _ranks(document, RankingMethod.MEAN_SCORE)
    return FigureColumn("Mean score", f"The mean of the scores over tasks; {ranks}.", of)


def _mean_q(document: Mapping[str, Any]) -> FigureColumn:
    def of(entry: Entry) -> FigureView:
        return FigureView(number(entry["mean_q"], document["decimals"]), None, entry["mean_q"])

    ranks = _ranks(document, RankingMethod.MEAN_Q)
    return FigureColumn("Mean Q", f"The mean over tasks of {_Q}; {ranks}.", of)


def _win_rate(document: Mapping[str, Any]) -> FigureColumn:
    policy = document["policy"] or {}
    others = "baselines" if policy.get("win_rate_against") == WinRateAgainst.BASELINES else "others"

    def of(entry: Entry) -> FigureView:
        rate = entry["win_rate"]
        return FigureView("" if rate is None else f"{100 * rate:.0f} %", None, rate)

    told = f"The share of the {others} with a lower mean score, a tie as half, averaged over tasks."
    return FigureColumn("Win rate", told, of)


def _ranks(document: Mapping[str, Any], method: RankingMethod) -> str:
    if document["method"] == method:
        return "this ranks, larger is better"
    return "the same whoever else takes part, larger is better"
