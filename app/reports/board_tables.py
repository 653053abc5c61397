"""The board as tables: who stands where and how surely, scores by task, and how robust that is."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.reports.blocks import Cell, Column, Link, Row, Table
from app.reports.figures import (
    aggregate,
    ends,
    error,
    method_name,
    name_of,
    number,
    rank_of,
    share,
)

Document = Mapping[str, Any]
_RANK = Column("Rank", is_number=True)


def board_table(document: Document) -> Table:
    """Return who stands where."""
    sure = document["uncertainty"]["shown"]
    by_samples = any(entry["rank_interval_samples"] for entry in document["entries"])
    decimals = document["decimals"]
    columns = [_RANK, Column("Team", note="method")]
    if sure:
        columns += [
            Column("95 % interval", is_number=True, note="by samples" if by_samples else None),
            Column("Rank set", is_number=True),
            Column("Tier", is_number=True),
            Column("P(first)", is_number=True, note="P(top 3)"),
        ]
    columns.append(Column(method_name(document["method"]), is_number=True))
    if document["method"] != "mean-score":
        columns.append(Column("Mean score", is_number=True, note="± error"))
    columns += [Column("Mean Q", is_number=True), Column("Win rate", is_number=True)]
    columns.append(Column("Sub.", is_number=True))

    def chance(value: float | None) -> str:
        return share(value, draws=document["uncertainty"]["draws"])

    def row(entry: Document) -> Row:
        mean = Cell(
            number(entry["mean_score"], decimals), error(entry["mean_score_error"], decimals)
        )
        cells = [Cell(rank_of(entry)), _who(entry)]
        if sure:
            cells += [
                Cell(ends(entry["rank_interval"]), ends(entry["rank_interval_samples"]) or None),
                Cell(ends(entry["rank_set"])),
                Cell("" if entry["tier"] is None else f"{entry['tier']}"),
                Cell(chance(entry["p_first"]), chance(entry["p_top3"]) or None),
            ]
        ranked_by = aggregate(document, entry["aggregate"])
        cells += (
            [Cell(ranked_by), mean]
            if document["method"] != "mean-score"
            else [Cell(ranked_by or mean.text, mean.note)]
        )
        win_rate = entry["win_rate"]
        cells += [
            Cell(number(entry["mean_q"], decimals)),
            Cell("" if win_rate is None else f"{100 * win_rate:.0f} %"),
            Cell(f"{entry['n_submissions']}"),
        ]
        return Row(tuple(cells), entry["tier"], is_aside=entry["is_baseline"])

    title = "The board: ranks, how sure they are, and scores"
    rows = tuple(row(entry) for entry in document["entries"])
    return Table(title, tuple(columns), rows, named_by=1)


def task_table(document: Document) -> Table:
    """Return the scores by task, the best of each marked."""
    decimals = document["decimals"]
    tasks = document["tasks"]
    best = {
        task["name"]: max(
            (one["tasks"][task["name"]]["mean"] for one in document["entries"] if one["rank"]),
            default=None,
        )
        for task in tasks
    }

    def cell(entry: Document, name: str) -> Cell:
        found = entry["tasks"][name]
        return Cell(
            number(found["mean"], decimals),
            error(found.get("standard_error"), decimals),
            is_best=entry["rank"] is not None and found["mean"] == best[name],
        )

    rows = tuple(
        Row(
            (
                Cell(rank_of(entry)),
                Cell(name_of(entry)),
                *(cell(entry, task["name"]) for task in tasks),
            ),
            entry["tier"],
            is_aside=entry["is_baseline"],
        )
        for entry in document["entries"]
    )
    columns = (
        _RANK,
        Column("Team"),
        *(Column(task["name"], is_number=True, note=task["metric"]) for task in tasks),
    )
    return Table("Mean scores by task, with their standard errors", columns, rows, named_by=1)


def tasks_of_board(document: Document) -> Table:
    """Return the tasks as the board has them."""
    columns = (
        Column("Task"),
        Column("Type"),
        Column("Metric"),
        Column("Weight", is_number=True),
        Column("Share of the ranking", is_number=True),
    )
    rows = tuple(
        Row(
            (
                Cell(task["name"]),
                Cell(task["type"]),
                Cell(task["metric"]),
                Cell(f"{task['weight']:g}"),
                Cell(f"{100 * task['weight_used']:.1f} %" if "weight_used" in task else ""),
            )
        )
        for task in document["tasks"]
    )
    return Table("Tasks", columns, rows)


def methods_table(document: Document) -> Table | None:
    """Return the ranks by other methods; None where there are none."""
    methods: Sequence[str] = document["methods"]
    if not methods or not document["entries"]:
        return None
    columns = (Column("Team"), *(Column(method_name(one), is_number=True) for one in methods))
    rows = [
        Row(
            (
                Cell(name_of(entry), entry["method_name"]),
                *(_ranked(entry, entry["ranks"].get(one)) for one in methods),
            ),
            is_aside=entry["is_baseline"],
        )
        for entry in document["entries"]
    ]
    if document["agreement"]:
        tau = document["agreement"]["methods"]["tau"][0]
        figures = (Cell(number(value, 2)) for value in tau)
        rows.append(Row((Cell("Kendall's tau-b with the board"), *figures), is_aside=True))
    return Table("Ranks by other methods", columns, tuple(rows))


def further_table(document: Document) -> Table | None:
    """Return the ranks by methods that no board is by; None where there are none."""
    methods: Sequence[str] = document["further_methods"]
    if not methods or not document["entries"]:
        return None
    columns = (Column("Team"), *(Column(method_name(one), is_number=True) for one in methods))
    rows = [
        Row(
            (
                Cell(name_of(entry), entry["method_name"]),
                *(_ranked(entry, entry["further_ranks"].get(one)) for one in methods),
            ),
            is_aside=entry["is_baseline"],
        )
        for entry in document["entries"]
    ]
    if document["agreement"]:
        figures = (Cell(number(tau, 2)) for tau in document["agreement"]["further_tau"])
        rows.append(Row((Cell("Kendall's tau-b with the board"), *figures), is_aside=True))
    return Table("Ranks by challengeR's other methods", columns, tuple(rows))


def left_out_table(document: Document) -> Table | None:
    """Return between which ranks an entry moves when something is left out."""
    entries = [entry for entry in document["entries"] if entry["rank_without_task"]]
    if not entries:
        return None
    columns = (
        _RANK,
        Column("Team"),
        Column("Without one of the tasks", is_number=True),
        Column("Without one of the others", is_number=True),
    )
    rows = tuple(
        Row(
            (
                Cell(rank_of(entry)),
                Cell(name_of(entry)),
                Cell(ends(entry["rank_without_task"])),
                Cell(ends(entry["rank_without_entry"])),
            )
        )
        for entry in entries
    )
    return Table("Ranks when each task, or each other entry, is left out in turn", columns, rows, 1)


def agreement_table(document: Document) -> Table | None:
    """Return how far each task's order is the board's."""
    agreement = document["agreement"]
    tasks = agreement and agreement["tasks"]
    if not tasks:
        return None
    columns = [Column("Task"), Column("Kendall's tau-b with the board", is_number=True)]
    figures = [tasks["tau_with_board"]]
    if tasks.get("tau_of_draws"):
        columns.append(Column("of its draws with its order", is_number=True))
        figures.append(tasks["tau_of_draws"])
    rows = tuple(
        Row((Cell(name), *(Cell(number(tau, 2)) for tau in taus)))
        for name, *taus in zip(tasks["names"], *figures, strict=True)
    )
    return Table("How far each task orders the teams as the board does", tuple(columns), rows)


def _ranked(entry: Document, rank: int | None) -> Cell:
    if rank is None:
        return Cell("")
    return Cell(f"({rank})" if entry["is_baseline"] else f"{rank}")


def _who(entry: Document) -> Cell:
    links = [
        Link(word, entry[name])
        for word, name in (("code", "project_url"), ("paper", "paper_url"))
        if entry[name]
    ]
    return Cell(name_of(entry), entry["method_name"], tuple(links))
