"""Board documents as the server stores them."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

import numpy as np
import pytest

from probeboard.pictures import Drawing, draw

METHODS = ("average-rank", "neuco", "mean-score", "mean-q", "test-then-rank", "borda", "copeland")
TASKS = ("biomass", "clouds", "landcover agriculture", "heat island", "nox", "slope", "crops mean")
NAMES = (
    "Tern", "AI4G intern squad", "404 Embedding Not Found", "KTH & Friends <1>", "$_cost_$",
    "A team whose name is forty signs long ab", "Übermüt", "x_1 \\alpha $",
)  # fmt: skip
Document = dict[str, Any]
MakeBoard = Callable[..., Document]


@pytest.fixture
def make_board() -> MakeBoard:
    return board_document


def board_document(
    n_entries: int = 8, *, n_baselines: int = 1, n_tasks: int = 7, seed: int = 0
) -> Document:
    """A board with ties; entries after the first few are named by number."""
    rng = np.random.default_rng(seed)
    tasks = [TASKS[i] if i < len(TASKS) else f"task {i}" for i in range(n_tasks)]
    entries = [_entry(rng, row, n_entries, tasks) for row in range(n_entries)]
    for number in range(n_baselines):
        at = min(n_entries // 2 + number, len(entries))
        place = entries[at]["rank"] if at < len(entries) else n_entries + 1
        entries.insert(at, _baseline(rng, number, place or 1, tasks))
    tau = [[1.0 if a == b else 0.9 - 0.05 * abs(a - b) for b in range(7)] for a in range(7)]
    return {
        "snapshot": 3, "ranked_at": "2026-11-21T07:45:00Z",
        "challenge": "s1s2", "challenge_title": "Sentinel time series",
        "phase": "test", "phase_title": "Test", "decimals": 3,
        "method": "average-rank",
        "uncertainty": {"shown": True, "reason": None, "draws": 1000, "level": 0.95},
        "methods": list(METHODS),
        "tasks": [{"name": name, "metric": "r2", "type": "regression"} for name in tasks],
        "entries": entries,
        "agreement": {"methods": {"names": list(METHODS), "tau": tau}, "tasks": None},
    }  # fmt: skip


def _entry(rng: np.random.Generator, row: int, n: int, tasks: list[str]) -> Document:
    rank = 3 if row in (2, 3) else row + 1
    half = 1 + int(rng.integers(0, 3))
    interval = [max(1, rank - half), min(n, rank + half)]
    score = 0.9 - 0.5 * row / max(n, 1)
    return {
        "rank": rank, "would_rank": None, "is_baseline": False,
        "team": NAMES[row] if row < len(NAMES) else f"Team {row + 1}", "method_name": "m",
        "aggregate": float(rank), "mean_score": round(score, 3), "mean_q": 10.0,
        "rank_interval": interval,
        "rank_set": [max(1, interval[0] - 1), min(n, interval[1] + 1)],
        "tier": 1 + row // 4, "p_first": round(math.exp(-row - 0.5), 3), "p_top3": 0.5,
        "ranks": {
            name: int(np.clip(rank + (rng.integers(-2, 3) if i else 0), 1, n))
            for i, name in enumerate(METHODS)
        },
        "rate_distortion": _rates(score),
        "tasks": _cells(rng, score, tasks),
    }  # fmt: skip


def _baseline(rng: np.random.Generator, number: int, place: int, tasks: list[str]) -> Document:
    pool_figures = ("rank_interval", "rank_set", "tier", "p_first", "p_top3")
    return {
        "rank": None, "would_rank": place, "is_baseline": True, "team": None,
        "method_name": f"Mean of the bands {number + 1}", "aggregate": None,
        "mean_score": 0.4, "mean_q": 5.0, **dict.fromkeys(pool_figures),
        "ranks": dict.fromkeys(METHODS, place),
        "rate_distortion": _rates(0.4),
        "tasks": _cells(rng, 0.4, tasks),
    }  # fmt: skip


def _cells(rng: np.random.Generator, score: float, tasks: list[str]) -> Document:
    means = score + 0.1 * rng.normal(size=len(tasks))
    return {
        name: {"mean": round(float(mean), 3), "standard_error": 0.01, "q": 9.0, "rank": 1.0}
        for name, mean in zip(tasks, means, strict=True)
    }


def _rates(score: float) -> list[dict[str, float]]:
    sizes = (16.0, 64.0, 128.0, 128.0, 256.0, 512.0, 1024.0, 4096.0)
    return [
        {"bytes": size, "mean_score": round(score - 0.6 / math.sqrt(size) - 0.01 * i % 0.02, 3)}
        for i, size in enumerate(sizes)
    ]


def history_of(document: Document, *, n_steps: int = 12, seed: int = 1) -> list[Any]:
    """Ranks over some weeks that end as the document has them; teams join one by one."""
    rng = np.random.default_rng(seed)
    teams = [entry for entry in document["entries"] if not entry["is_baseline"]]
    start = datetime(2026, 9, 1, 8, tzinfo=UTC)
    steps = []
    for step in range(n_steps):
        n = max(1, len(teams) * (step + 1) // n_steps)
        here = [teams[i]["team"] for i in rng.permutation(n)]
        if step == n_steps - 1:
            ranks = {entry["team"]: entry["rank"] for entry in teams}
        else:
            ranks = {name: rank + 1 for rank, name in enumerate(here)}
        steps.append((start + timedelta(days=6.7 * step), ranks))
    return steps


@pytest.fixture
def make_history() -> Callable[..., list[Any]]:
    return history_of


@cache
def _drawn(name: str, theme: Literal["light", "dark"]) -> Drawing:
    document = board_document(10, n_tasks=11)
    return draw(name, document, history_of(document), theme=theme)


@pytest.fixture
def drawn() -> Callable[..., Drawing]:
    """A board of ten entries as SVG, drawn once for all tests."""
    return lambda name, theme="light": _drawn(name, theme)
