"""Documents of boards, as large as one likes: what pages are made of, without any ranking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.models import Phase
from app.pages.answering import render_with_pictures
from app.pages.board_view import page_of_board
from app.pages.picture_view import TITLES, PictureView
from app.pages.times import Moment, PhaseClock
from probeboard.pictures import describe, is_empty

NOW = datetime.fromisoformat("2026-06-01T00:00:00Z")
METHODS = ("average-rank", "neuco", "mean-score", "mean-q", "test-then-rank", "borda", "copeland")
FURTHER = ("median-then-rank", "quartile-then-rank", "rank-then-mean", "rank-then-median")
LONG_NAME = "Above-ground biomass of temperate forests, mean of a hectare"


def entry(number: int, tasks: Sequence[str], **changes: Any) -> dict[str, Any]:
    """Return an entry that is sure to a degree."""
    cell = {"mean": 0.51234, "standard_error": 0.01234, "q": 30.5, "rank": float(number)}
    return {
        "rank": number, "would_rank": None, "is_baseline": False, "team": f"Team number {number}",
        "method_name": "An encoder with quite a long name, second try", "aggregate": number + 0.5,
        "mean_score": 0.5, "mean_q": 30.0, "mean_score_error": 0.01, "win_rate": 0.5,
        "n_submissions": 12, "submission_id": "01a1fccb-9cc3-72da-bbec-e486421a4a03",
        "received_at": "2026-05-01T12:00:00.000Z", "project_url": "https://example.org/code/one",
        "paper_url": "https://example.org/paper/one", "rank_interval": [number, number + 3],
        "rank_interval_samples": [number, number + 1], "rank_set": [1, 9],
        "rank_without_task": [number, number + 2], "rank_without_entry": [number, number + 1],
        "ranks": dict.fromkeys(METHODS, number),
        "further_ranks": dict.fromkeys(FURTHER, number + 1),
        "tier": 1 + number // 7, "p_first": 0.0,
        "p_top3": 0.1, "tie_broken": False, "rate_distortion": None,
        "tasks": dict.fromkeys(tasks, cell),
    } | changes  # fmt: skip


def baseline(would_rank: int, tasks: Sequence[str], **changes: Any) -> dict[str, Any]:
    """Return an entry of the organizers."""
    cell = {"mean": 0.4, "standard_error": 0.01, "q": 20.0, "rank": None}
    nothing = dict.fromkeys(
        (
            *("rank", "team", "aggregate", "win_rate", "rank_interval", "rank_interval_samples"),
            *("rank_set", "rank_without_task", "rank_without_entry", "tier", "p_first", "p_top3"),
        )
    )
    is_aside = {"would_rank": would_rank, "is_baseline": True, "tasks": dict.fromkeys(tasks, cell)}
    return entry(would_rank, tasks) | nothing | is_aside | changes


def document(n: int, n_tasks: int = 11, **changes: Any) -> dict[str, Any]:
    """Return a board of so many entries and tasks with long names."""
    names = [f"{LONG_NAME}, {number}" for number in range(n_tasks)]
    weights = {"weight": 1.0, "weight_used": round(1 / max(n_tasks, 1), 6)}
    return {
        "snapshot": 7, "ranked_at": "2026-05-02T00:00:00.000Z", "rule": "Ranked somehow",
        "method": "average-rank", "decimals": 4, "policy": {"win_rate_against": "pool"},
        "uncertainty": {"shown": True, "reason": None, "draws": 1000, "level": 0.95},
        "methods": list(METHODS), "further_methods": list(FURTHER),
        "tasks": [{"name": name, "metric": "macro_f1", **weights} for name in names],
        "entries": [entry(number, names) for number in range(1, n + 1)],
        "agreement": None,
    } | changes  # fmt: skip


def pictures(content: dict[str, Any]) -> list[PictureView]:
    """Return the pictures of a board that was ranked once, with their words."""
    ranks = {one["team"]: one["rank"] for one in content["entries"] if one["rank"]}
    past = [(content["ranked_at"], ranks)]
    return [
        PictureView(str(name), title, describe(name.value, content, past), is_open=False)
        for name, title in TITLES.items()
        if not is_empty(name.value, content, past)
    ]


def rendered(content: dict[str, Any], number: int = 1) -> bytes:
    """Return a page of a frozen board."""
    phase = Phase(
        slug="dev", title="Dev", opens_at=NOW, closes_at=NOW, analyses=[], board_frozen_at=None
    )
    return render_with_pictures(
        "board.html", pictures(content), challenge={"slug": "one", "title": "One"}, phase=phase,
        clock=PhaseClock.of(phase, NOW), board=page_of_board(content, number), tag="0" * 64,
        frozen=Moment.of(NOW), api="/api/v1/phases/x/leaderboard",
    )  # fmt: skip
