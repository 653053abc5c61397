"""EvalAI's phases, with their dates, quotas and what of them is shown."""

import re
from collections.abc import Sequence
from typing import Any

from app.bundles.evalai_notes import Notes, mappings, truth
from app.bundles.evalai_tasks import MetricTask
from app.challenges.yaml_lines import Path

MOST_PER_DAY, MOST_IN_ALL, MOST_IN_FLIGHT = 100_000, 1_000_000, 1000
THEIR_QUOTA, THEIR_IN_FLIGHT = 100_000, 3
SHOWN_TO_TEAM, SHOWN_TO_ALL = 2, 3
_READ = (
    "id", "name", "codename", "description", "start_date", "end_date", "leaderboard_public",
    "max_submissions_per_day", "max_submissions", "max_concurrent_submissions_allowed",
    "is_restricted_to_select_one_submission",
)  # fmt: skip
_HAS_NO_COUNTERPART = {
    "is_public": "the phases of a published challenge are all shown",
    "is_submission_public": "each team says of each submission whether it is public",
    "test_annotation_file": "make the label files of this phase's tasks from it",
    "max_submissions_per_month": "quotas are per 24 hours and in all",
    "is_partial_submission_evaluation_enabled": "a submission holds all samples of the phase",
    "allowed_submission_file_types": "formats are told by content: CSV, Parquet, NPZ, NPY, …",
    "default_submission_meta_attributes": "name, description, project and paper are always asked",
    "submission_meta_attributes": "only name, description, project and paper are asked",
    "allowed_email_ids": "a phase is open to all teams of the challenge",
    "disable_logs": "there are no logs of submissions",
}
_OF_SPLIT = (
    "challenge_phase_id", "leaderboard_id", "dataset_split_id", "visibility",
    "leaderboard_decimal_precision",
)  # fmt: skip


def phases_of(
    config: dict[str, Any], tasks: Sequence[MetricTask], notes: Notes
) -> list[dict[str, Any]]:
    """Return the phases as a bundle states them."""
    for place, split in mappings(config.get("dataset_splits")):
        detail = f"“{split.get('name')}”: a phase has its samples; say in a phase which they are"
        notes.add(("dataset_splits", place), detail)
    taken: set[str] = set()
    phases = []
    for place, phase in mappings(config["challenge_phases"]):
        path: Path = ("challenge_phases", place)
        notes.tell_unmapped(phase, _READ, _HAS_NO_COUNTERPART, path)
        title = notes.line(phase.get("name"), f"Phase {place + 1}", (*path, "name"))
        slug = notes.slug(str(phase.get("codename") or title), f"phase-{place + 1}")
        slug = slug if slug not in taken else f"{slug[:50]}-{place + 1}"
        taken.add(slug)
        phases.append(
            {
                "slug": slug,
                "title": title,
                "opens_at": _instant(phase, config, "start_date", notes, path),
                "closes_at": _instant(phase, config, "end_date", notes, path),
                "samples": f"TODO-samples-{slug}.csv",
                **_shown(phase, config, tasks, notes),
                "selection": {"rule": "selected", "limit": 1}
                if truth(phase.get("is_restricted_to_select_one_submission"))
                else "best",
                "quota": _quota(phase, notes, path),
            }
        )
    return phases


def _instant(
    phase: dict[str, Any], config: dict[str, Any], key: str, notes: Notes, path: Path
) -> str:
    """Return a date with the zone that EvalAI means: UTC."""
    text = str(phase.get(key) or config.get(key) or "")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", text):
        notes.add((*path, key), "no such date: a placeholder stands in its place")
        text = "2000-01-01" if key == "start_date" else "2099-01-01"
    day, _, time = text.replace("T", " ").partition(" ")
    return f"{day}T{time or '00:00'}{':00' if len(time or '00:00') == 5 else ''}Z"


def _quota(phase: dict[str, Any], notes: Notes, path: Path) -> dict[str, int]:
    def number(key: str, otherwise: int, most: int) -> int:
        return notes.number(phase.get(key), otherwise, most, (*path, key))

    in_flight = "max_concurrent_submissions_allowed"
    return {
        "per_day": number("max_submissions_per_day", THEIR_QUOTA, MOST_PER_DAY),
        "total": number("max_submissions", THEIR_QUOTA, MOST_IN_ALL),
        "in_flight": number(in_flight, THEIR_IN_FLIGHT, MOST_IN_FLIGHT),
    }


def _shown(
    phase: dict[str, Any], config: dict[str, Any], tasks: Sequence[MetricTask], notes: Notes
) -> dict[str, Any]:
    """Return tasks, board and what a team sees, from the phase's splits; the most open decides."""
    mine = []
    for place, split in mappings(config.get("challenge_phase_splits")):
        if split.get("challenge_phase_id") != phase.get("id"):
            continue
        path: Path = ("challenge_phase_splits", place)
        read = (*_OF_SPLIT, "is_leaderboard_order_descending")
        notes.tell_unmapped(split, read, {}, path)
        if not truth(split.get("is_leaderboard_order_descending", "true")):
            key = (*path, "is_leaderboard_order_descending")
            notes.add(key, "scores here are better when they are higher")
        mine.append((place, split))
    levels = [
        notes.number(split.get("visibility"), SHOWN_TO_ALL, SHOWN_TO_ALL,
                     ("challenge_phase_splits", place, "visibility"))
        for place, split in mine
    ] or [SHOWN_TO_ALL]  # fmt: skip
    most = max(levels)
    for (place, _), level in zip(mine, levels, strict=False):
        if level < most:
            detail = "left out: shown to fewer than another split of the phase, which has one board"
            notes.add(("challenge_phase_splits", place, "visibility"), detail)
    if most < SHOWN_TO_TEAM:
        place = mine[0][0]
        detail = "a team sees the aggregate of its own scores here, whatever the board shows"
        notes.add(("challenge_phase_splits", place, "visibility"), detail)
    boards = {str(split.get("leaderboard_id")) for (_, split), level
              in zip(mine, levels, strict=False) if level == most}  # fmt: skip
    own = [task.slug for task in tasks if not boards or task.leaderboard in boards]
    decimals = [split.get("leaderboard_decimal_precision", 2) for _, split in mine]
    whole = [min(max(number, 0), 9) for number in decimals if isinstance(number, int)]
    visible = most >= SHOWN_TO_ALL and truth(phase.get("leaderboard_public"))
    return {
        "tasks": own or [task.slug for task in tasks],
        "team_sees": "tasks" if most >= SHOWN_TO_TEAM else "aggregate",
        "board": {"visible": visible, "decimals": min(whole, default=2)},
    }
