"""What EvalAI's splits of a phase say of its board; there is one board of a phase here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.bundles.evalai_part import Part
from app.bundles.evalai_tasks import MetricTask

SHOWN_TO_TEAM, SHOWN_TO_ALL = 2, 3
_DECIMALS, _MOST_DECIMALS = 2, 9
_LATEST, _PRECISION = "show_leaderboard_by_latest_submission", "leaderboard_decimal_precision"


@dataclass(frozen=True)
class Shown:
    """What is shown of a phase, and whether the last submission is the one that counts."""

    tasks: tuple[str, ...]
    level: int
    decimals: int
    latest: bool


def shown_of(phase: Part, challenge: Part, tasks: Sequence[MetricTask]) -> Shown:
    """Read the splits of a phase; those that are shown to most decide."""
    mine = [
        split for split in challenge.parts("challenge_phase_splits")
        if _is_of(split, phase.get("id"))
    ]  # fmt: skip
    levels = [split.number("visibility", SHOWN_TO_ALL, most=SHOWN_TO_ALL) for split in mine]
    most = max(levels, default=SHOWN_TO_ALL)
    for split, level in zip(mine, levels, strict=True):
        if not split.truth("is_leaderboard_order_descending", otherwise=True):
            detail = "scores here are better when they are higher"
            split.add("is_leaderboard_order_descending", detail)
        if level < most:
            detail = "left out: shown to fewer than another split of the phase, which has one board"
            split.add("visibility", detail)
            split.notes.leave(split.path, "left out with its split, which is shown to fewer")
    if mine and most < SHOWN_TO_TEAM:
        detail = "a team sees the aggregate of its own scores here, whatever the board shows"
        mine[0].add("visibility", detail)
    shown = [split for split, level in zip(mine, levels, strict=True) if level == most]
    for split in shown:
        _tell_samples(split, challenge)
    return Shown(_tasks_of(shown, tasks), most, _decimals_of(shown), _is_latest(shown))


def tell_splits_of_none(challenge: Part) -> None:
    """Note the splits whose phase there is not."""
    ids = [phase.get("id") for phase in challenge.parts("challenge_phases")]
    for split in challenge.parts("challenge_phase_splits"):
        if not any(_is_of(split, each) for each in ids):
            named = split.values.get("challenge_phase_id")
            split.add("challenge_phase_id", f"there is no phase “{named}”: the split is left out")
            split.notes.leave(split.path, "left out with its split, which is of no phase")


def _is_of(split: Part, phase_id: Any) -> bool:
    named = split.get("challenge_phase_id")
    return named is not None and str(named) == str(phase_id)


def _tasks_of(shown: Sequence[Part], tasks: Sequence[MetricTask]) -> tuple[str, ...]:
    """Return the tasks of the leaderboards that the splits name; all of them if they name none."""
    known = {task.leaderboard for task in tasks}
    boards = set()
    for split in shown:
        board = str(split.get("leaderboard_id"))
        boards.add(board)
        if board not in known:
            split.add("leaderboard_id", f"there is no leaderboard “{board}” with labels")
    own = tuple(task.slug for task in tasks if task.leaderboard in boards)
    return own or tuple(task.slug for task in tasks)


def _decimals_of(shown: Sequence[Part]) -> int:
    all_of_them = [
        split.number(_PRECISION, _DECIMALS, least=0, most=_MOST_DECIMALS) for split in shown
    ]
    fewest = min(all_of_them, default=_DECIMALS)
    for split, decimals in zip(shown, all_of_them, strict=True):
        if decimals != fewest:
            split.add(_PRECISION, f"{fewest} as in another split of the phase, which has one board")
    return fewest


def _is_latest(shown: Sequence[Part]) -> bool:
    says = [split.truth(_LATEST, otherwise=False) for split in shown]
    for split, latest in zip(shown, says, strict=True):
        if latest != any(says):
            split.add(_LATEST, "another split of the phase, which has one board, says so")
    return any(says)


def _tell_samples(split: Part, challenge: Part) -> None:
    if "dataset_split_id" not in split.values:
        return
    wanted = split.get("dataset_split_id")
    names = [
        str(each.values.get("name") or each.values.get("codename"))
        for each in challenge.parts("dataset_splits")
        if str(each.values.get("id")) == str(wanted)
    ]
    detail = f"“{names[0]}”: say in the phase's samples which they are" if names else (
        f"there is no dataset split “{wanted}”: say in the phase's samples which they are"
    )  # fmt: skip
    split.add("dataset_split_id", detail)
