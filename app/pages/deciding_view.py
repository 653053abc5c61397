"""How far the data and the method decide a rank: the table beside the board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.pages.figures import interval
from app.reports.figures import method_name, name_of, number, share

Document = Mapping[str, Any]


@dataclass(frozen=True)
class OtherRank:
    """An entry's rank by another method than the board's."""

    text: str
    differs: bool


@dataclass(frozen=True)
class DecidingRow:
    """What an entry's rank hangs on; a baseline has none, and stands in brackets."""

    rank: str
    name: str
    method: str
    is_baseline: bool
    sureness: tuple[str, ...]
    by_method: tuple[OtherRank, ...]


@dataclass(frozen=True)
class DecidingView:
    """The table: what the data leave open where that is known, then the other methods."""

    shows_sureness: bool
    methods: tuple[str, ...]
    rows: tuple[DecidingRow, ...]
    tau: tuple[str, ...] | None


def deciding_of(document: Document, entries: Sequence[Document]) -> DecidingView | None:
    """Return the table for some entries of a board; None where nothing is known."""
    is_sure = document["uncertainty"]["shown"]
    others = [*document["methods"][1:], *document["further_methods"]]
    if not entries or not (is_sure or others):
        return None
    draws = document["uncertainty"]["draws"]
    return DecidingView(
        shows_sureness=is_sure,
        methods=tuple(method_name(one) for one in others),
        rows=tuple(
            DecidingRow(
                rank=_in_brackets(entry, entry["would_rank"] or entry["rank"]),
                name=name_of(entry),
                method=entry["method_name"],
                is_baseline=entry["is_baseline"],
                sureness=_sureness(entry, draws) if is_sure else (),
                by_method=tuple(_by_method(entry, one) for one in others),
            )
            for entry in entries
        ),
        tau=_tau(document, others),
    )


def _sureness(entry: Document, draws: int) -> tuple[str, ...]:
    return (
        interval(entry["rank_set"]) or "",
        share(entry["p_first"], draws=draws),
        share(entry["p_top3"], draws=draws),
        interval(entry["rank_without_task"]) or "",
        interval(entry["rank_without_entry"]) or "",
    )


def _by_method(entry: Document, method: str) -> OtherRank:
    rank = {**entry["ranks"], **entry["further_ranks"]}.get(method)
    if rank is None:
        return OtherRank("", differs=False)
    official = entry["would_rank"] if entry["is_baseline"] else entry["rank"]
    return OtherRank(_in_brackets(entry, rank), differs=rank != official)


def _in_brackets(entry: Document, rank: int) -> str:
    return f"({rank})" if entry["is_baseline"] else f"{rank}"


def _tau(document: Document, others: Sequence[str]) -> tuple[str, ...] | None:
    """Return how far each method orders the teams as the board does."""
    agreement = document["agreement"]
    if not agreement or not others:
        return None
    names, taus = agreement["methods"]["names"], agreement["methods"]["tau"]
    to_board = dict(zip(names, taus[names.index(document["method"])], strict=True))
    # Boards of old have neither of both.
    further = document["further_methods"]
    to_board |= dict(zip(further, agreement.get("further_tau", []), strict=True))
    return tuple(_agreement(to_board.get(one)) for one in others)


def _agreement(tau: float | None) -> str:
    # No -0.00.
    return "" if tau is None else number(round(tau, 2) + 0.0, 2)
