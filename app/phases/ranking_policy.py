"""How a phase's scores become ranks, and how they are told: all that may change later as one value.

What of it stands where in a bundle or in a request is not known here: faults name a field.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from app.models import Phase, SelectBy, Selection, TieBreak, WinRateAgainst
from probeboard.ranking import RankingMethod

DEFAULT_FLOOR = 0.0
MOST_SELECTED = 20


@dataclass(frozen=True)
class Contradiction:
    """A part of a policy that makes no sense beside the others; `field` is `RankingPolicy`'s."""

    code: str
    field: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class RankingPolicy:
    """A phase's policy. `floor` and `weights_frozen_at` are of neuco's weights."""

    method: RankingMethod
    floor: float | None
    weights_frozen_at: datetime | None
    tie_break: TieBreak
    win_rate_against: WinRateAgainst
    selection: Selection
    selection_limit: int | None
    select_by: SelectBy | None
    decimals: int
    board_frozen_at: datetime | None
    board_visible: bool = True

    @classmethod
    def of(cls, phase: Phase) -> "RankingPolicy":
        """Read a phase's policy off its row."""
        return cls(
            method=RankingMethod(phase.ranking),
            floor=phase.ranking_floor,
            weights_frozen_at=phase.weights_frozen_at,
            tie_break=TieBreak(phase.tie_break),
            win_rate_against=WinRateAgainst(phase.win_rate_against),
            selection=Selection(phase.selection),
            selection_limit=phase.selection_limit,
            select_by=None if phase.select_by is None else SelectBy(phase.select_by),
            decimals=phase.decimals,
            board_frozen_at=phase.board_frozen_at,
            board_visible=phase.board_visible,
        )

    def write_to(self, phase: Phase) -> None:
        """Set a phase's columns."""
        phase.ranking = self.method
        phase.ranking_floor = self.floor
        phase.weights_frozen_at = self.weights_frozen_at
        phase.tie_break = self.tie_break
        phase.win_rate_against = self.win_rate_against
        phase.selection = self.selection
        phase.selection_limit = self.selection_limit
        phase.select_by = self.select_by
        phase.decimals = self.decimals
        phase.board_frozen_at = self.board_frozen_at
        phase.board_visible = self.board_visible

    @property
    def weights(self) -> str:
        """Where the tasks' weights come from: `announced`, `pool` or `frozen`."""
        if self.method is not RankingMethod.NEUCO:
            return "announced"
        return "pool" if self.weights_frozen_at is None else "frozen"

    @property
    def digest(self) -> str:
        """Name this policy: equal for equal ones, whoever computes it."""
        text = json.dumps(self.to_document(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {name: _as_json(value) for name, value in vars(self).items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "RankingPolicy":
        """Read back what `to_document` wrote."""
        return cls(
            method=RankingMethod(document["method"]),
            floor=document["floor"],
            weights_frozen_at=_instant(document["weights_frozen_at"]),
            tie_break=TieBreak(document["tie_break"]),
            win_rate_against=WinRateAgainst(document["win_rate_against"]),
            selection=Selection(document["selection"]),
            selection_limit=document["selection_limit"],
            select_by=None if document["select_by"] is None else SelectBy(document["select_by"]),
            decimals=document["decimals"],
            board_frozen_at=_instant(document["board_frozen_at"]),
            # Of old, a board was shown and hidden without a record.
            board_visible=document.get("board_visible", True),
        )

    def changed(self, changes: Mapping[str, Any]) -> "RankingPolicy":
        """Return it with changes; what belonged to a rule that goes, goes with it."""
        implied: dict[str, Any] = {}
        if changes.get("method", self.method) is not RankingMethod.NEUCO:
            implied |= {"floor": DEFAULT_FLOOR, "weights_frozen_at": None}
        selection = changes.get("selection", self.selection)
        if selection is not Selection.SELECTED:
            implied["selection_limit"] = None
        if selection is not Selection.BEST:
            implied["select_by"] = None
        return replace(self, **{**implied, **changes})

    def differences(self, other: "RankingPolicy") -> list[str]:
        """Name the fields in which two policies differ, in their order."""
        names = [field.name for field in fields(self)]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def contradictions(self, *, opens_at: datetime) -> Iterator[Contradiction]:
        """Find what makes no sense in a phase that opens then."""
        if self.method is not RankingMethod.NEUCO:
            yield from self._only_for_neuco()
        elif self.weights_frozen_at is not None and self.weights_frozen_at <= opens_at:
            detail = "weights frozen before the phase opens are those of nobody"
            yield Contradiction("frozen_before_open", "weights_frozen_at", detail)
        if self.selection is Selection.SELECTED and self.selection_limit is None:
            detail = "say how many a team may select: {rule: selected, limit: 2}"
            yield Contradiction("limit_missing", "selection_limit", detail)
        if self.selection is not Selection.SELECTED and self.selection_limit is not None:
            detail = f"a limit is for “selected”, this is “{self.selection}”"
            yield Contradiction("limit_without_selected", "selection_limit", detail)
        if self.selection is not Selection.BEST and self.select_by is not None:
            detail = f"a score to choose by is for “best”, this is “{self.selection}”"
            yield Contradiction("by_without_best", "select_by", detail)

    def asks_for_spread(self, task: str) -> Iterator[Contradiction]:
        """Find what asks for a spread of split scores in a task, of that name, with one split."""
        why = f"needs the spread of several splits; “{task}” has one"
        if self.method.ranks_q:
            yield Contradiction(
                "q_of_one_split", "method", f"{self.method} ranks by Q, which {why}"
            )
        if self.method == "test-then-rank":
            yield Contradiction("test_of_one_split", "method", f"a test {why}")
        if self.select_by is SelectBy.MEAN_Q:
            yield Contradiction("q_of_one_split", "select_by", f"mean-q {why}")

    def _only_for_neuco(self) -> Iterator[Contradiction]:
        what = f"neuco's weights only, this is “{self.method}”"
        if self.floor != DEFAULT_FLOOR:
            yield Contradiction("floor_without_neuco", "floor", f"a floor is for {what}")
        if self.weights_frozen_at is not None:
            detail = f"freezing is for {what}"
            yield Contradiction("frozen_without_neuco", "weights_frozen_at", detail)


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()  # to the microsecond: it is read back
    return str(value) if isinstance(value, str) else value


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
