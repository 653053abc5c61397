"""EvalAI's phases, with their dates, quotas and what of them is shown."""

from typing import Any

from app.bundles.evalai_dates import instant_of
from app.bundles.evalai_notes import slug_of
from app.bundles.evalai_part import Part
from app.bundles.evalai_splits import (
    SHOWN_TO_ALL,
    SHOWN_TO_TEAM,
    Shown,
    shown_of,
    tell_splits_of_none,
)
from app.bundles.evalai_tasks import Metrics

MOST_PER_DAY, MOST_IN_ALL, MOST_IN_FLIGHT = 100_000, 1_000_000, 1000
THEIR_QUOTA, THEIR_IN_FLIGHT = 100_000, 3
_ONE, _LATEST = "is_restricted_to_select_one_submission", "show_leaderboard_by_latest_submission"


def phases_of(challenge: Part, metrics: Metrics) -> list[dict[str, Any]]:
    """Return the phases as a bundle states them."""
    for split in challenge.parts("dataset_splits"):
        name = split.values.get("name")
        detail = f"“{name}”: a phase has its samples; say in a phase which they are"
        split.notes.add(split.path, detail)
    tell_splits_of_none(challenge)
    taken: set[str] = set()
    phases = []
    for place, phase in enumerate(challenge.parts("challenge_phases"), start=1):
        title = phase.line("name", f"Phase {place}")
        slug = slug_of(str(phase.get("codename") or title), f"phase-{place}")
        slug = slug if slug not in taken else f"{slug[:50]}-{place}"
        taken.add(slug)
        shown = shown_of(phase, challenge, metrics.tasks)
        phases.append(
            {
                "slug": slug,
                "title": title,
                "opens_at": instant_of(phase, challenge, "start_date"),
                "closes_at": instant_of(phase, challenge, "end_date"),
                "samples": f"TODO-samples-{slug}.csv",
                "tasks": list(shown.tasks),
                "team_sees": "tasks" if shown.level >= SHOWN_TO_TEAM else "aggregate",
                "board": {"visible": _is_visible(phase, shown), "decimals": shown.decimals},
                "selection": _selection(phase, shown),
                "quota": _quota(phase),
            }
        )
    return phases


def _is_visible(phase: Part, shown: Shown) -> bool:
    public = phase.truth("leaderboard_public", otherwise=False)
    if public and shown.level < SHOWN_TO_ALL:
        phase.add("leaderboard_public", "no split of the phase is shown to all: no board is")
    return public and shown.level >= SHOWN_TO_ALL


def _selection(phase: Part, shown: Shown) -> str | dict[str, Any]:
    """Return which submission counts."""
    if not phase.truth(_ONE, otherwise=False):
        return "last" if shown.latest else "best"
    if shown.latest:
        phase.add(_ONE, f"the one a team selects counts, whatever {_LATEST} says")
    return {"rule": "selected", "limit": 1}


def _quota(phase: Part) -> dict[str, int]:
    in_flight = "max_concurrent_submissions_allowed"
    return {
        "per_day": phase.number("max_submissions_per_day", THEIR_QUOTA, most=MOST_PER_DAY),
        "total": phase.number("max_submissions", THEIR_QUOTA, most=MOST_IN_ALL),
        "in_flight": phase.number(in_flight, THEIR_IN_FLIGHT, most=MOST_IN_FLIGHT),
    }
