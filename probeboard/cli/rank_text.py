"""A ranking as tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from probeboard.cli.table import aligned
from probeboard.ranking.chances import smallest_chance

Entry = Mapping[str, Any]
NONE = "-"
UNSCORED = "\N{EM DASH}*"
_FOOTNOTE = (
    f"{UNSCORED} could not be scored: there it ranks after all that could be; it has no mean of "
    "all tasks"
)


def to_text(document: Mapping[str, Any]) -> str:
    """Return the ranking, the ranks by other methods, and the scores by task."""
    blocks = [
        _head(document),
        aligned(_board(document), words=2),
        aligned(_methods(document), words=1),
        aligned(_scores(document), words=1),
        [_FOOTNOTE] if not all(map(_is_complete, document["entries"])) else [],
    ]
    return "\n".join("\n".join([*block, ""]) for block in blocks if block)


def _head(document: Mapping[str, Any]) -> list[str]:
    entries = document["entries"]
    n_baselines = sum(entry["is_baseline"] for entry in entries)
    beside = f", {n_baselines} of them shown beside the ranking" if n_baselines else ""
    uncertainty = document["uncertainty"]
    sure = (
        f"{uncertainty['level']:.0%} intervals from {uncertainty['draws']} draws, seed "
        f"{document['receipt']['seed']!r}; rank sets and tiers hold for all at once"
        if uncertainty["shown"]
        else f"no intervals: {uncertainty['reason']}"
    )
    splits = sorted({task["splits"] for task in document["tasks"] if task["splits"]})
    how_many = f", {' or '.join(map(str, splits))} splits" if splits else ""
    return [
        f"{document['challenge_title']}: {len(entries)} submissions{beside}, "
        f"{len(document['tasks'])} tasks{how_many}",
        f"{document['method']}: {document['rule']}",
        sure,
        *_agreeing(document),
        *(f"note: {note}" for note in document["notes"]),
    ]


def _agreeing(document: Mapping[str, Any]) -> list[str]:
    tau = (document["agreement"] or {}).get("draw_tau")
    return [] if tau is None else [f"Kendall's tau of the draws with the ranking: {tau:.2f}"]


def _board(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    shown = document["uncertainty"]["shown"]
    sureness = ("95 %", "rank set", "tier", "P(first)", "P(top 3)", "w/o task", "w/o entry")
    header = ("rank", "submission", *(sureness if shown else ()), "aggregate")
    return [
        (*header, "mean score", "± se", "mean Q", "win rate"),
        *(_line(entry, document["uncertainty"]) for entry in document["entries"]),
    ]


def _is_complete(entry: Entry) -> bool:
    return all(cell["scored"] for cell in entry["tasks"].values())


def _line(entry: Entry, uncertainty: Mapping[str, Any]) -> tuple[str, ...]:
    mark = not _is_complete(entry)
    return (
        _rank(entry),
        entry["team"],
        *(_sureness(entry, uncertainty["draws"]) if uncertainty["shown"] else ()),
        _figure(entry["aggregate"]),
        UNSCORED if mark else _figure(entry["mean_score"]),
        _figure(entry["mean_score_error"]),
        UNSCORED if mark else _figure(entry["mean_q"], decimals=2),
        _figure(entry["win_rate"], decimals=2),
    )


def _rank(entry: Entry) -> str:
    return f"({entry['would_rank']})" if entry["is_baseline"] else f"{entry['rank']}"


def _sureness(entry: Entry, n_draws: int) -> tuple[str, ...]:
    return (
        _span(entry["rank_interval"]),
        _span(entry["rank_set"]),
        NONE if entry["tier"] is None else f"{entry['tier']}",
        _chance(entry["p_first"], n_draws),
        _chance(entry["p_top3"], n_draws),
        _span(entry["rank_without_task"]),
        _span(entry["rank_without_entry"]),
    )


def _chance(share: float | None, n_draws: int) -> str:
    """Word a probability as no surer than the draws can be."""
    if share is None:
        return NONE
    least = smallest_chance(n_draws)
    if share < least:
        return f"< {least:.3f}"
    return f"> {1 - least:.3f}" if share > 1 - least else f"{share:.3f}"


def _span(ranks: Sequence[int] | None) -> str:
    return NONE if ranks is None else f"{ranks[0]}..{ranks[1]}"


def _figure(value: float | None, *, decimals: int = 4) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"


def _methods(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    methods = [*document["methods"], *document["further_methods"]]
    rows = [("ranks by method", *methods)]
    for entry in document["entries"]:
        marks = "()" if entry["is_baseline"] else ("", "")
        by_method = {**entry["ranks"], **entry["further_ranks"]}
        ranks = (f"{marks[0]}{by_method[method]}{marks[1]}" for method in methods)
        rows.append((entry["team"], *ranks))
    if agreement := document["agreement"]:
        tau = [*agreement["methods"]["tau"][0], *agreement["further_tau"]]
        rows.append(("Kendall's tau", *(_figure(one, decimals=2) for one in tau)))
    return rows


def _scores(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = [task["name"] for task in document["tasks"]]
    knows_means = any(
        cell["mean"] is not None
        for entry in document["entries"]
        for cell in entry["tasks"].values()
    )
    rows = [("mean score ± se" if knows_means else "Q", *names)]
    for entry in document["entries"]:
        cells = (entry["tasks"][name] for name in names)
        rows.append((entry["team"], *(_cell(cell) for cell in cells)))
    if agreement := document["agreement"]:
        tau = (_figure(one, decimals=2) for one in agreement["tasks"]["tau_with_board"])
        rows.append(("Kendall's tau with the ranking", *tau))
        if (of_draws := agreement["tasks"]["tau_of_draws"]) is not None:
            tau = (_figure(one, decimals=2) for one in of_draws)
            rows.append(("Kendall's tau of its draws", *tau))
    return rows


def _cell(cell: Mapping[str, Any]) -> str:
    if not cell["scored"]:
        return UNSCORED
    if cell["mean"] is None:
        return _figure(cell["q"], decimals=2)
    error = "" if cell["standard_error"] is None else f" ± {cell['standard_error']:.4f}"
    return f"{cell['mean']:.4f}{error}"
