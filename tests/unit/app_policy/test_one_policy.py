"""Nobody but the policy reads the switches by which a phase says what is seen of it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SWITCHES = {
    "board_visible", "board_frozen_at", "team_sees", "board_task_names", "revealed_at",
    "hidden_until",
}  # fmt: skip
# They set a phase up, or say how it is set up, which everybody may know; none says who sees what.
SETTING_UP = {
    "app/challenges/apply_phase.py",
    "app/challenges/outline.py",
    "app/challenges/rules.py",
    "app/leaderboards/ranking_changes.py",
    "app/phases/extensions.py",
    "app/phases/ranking_policy.py",
    "app/phases/schemas.py",
}
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for top in ("app", "worker")
    for path in (ROOT / top).rglob("*.py")
)


def read_in(module: str) -> set[str]:
    """Return the switches that a module reads."""
    return {
        node.attr
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    } & SWITCHES


@pytest.mark.parametrize("module", sorted(SETTING_UP))
def test_who_may_read_them_does(module: str) -> None:
    assert read_in(module)


def test_what_is_seen_of_a_phase_is_decided_by_the_policy_alone() -> None:
    found = {module: read for module in MODULES if (read := read_in(module))}
    elsewhere = {one for one in found if not one.startswith("app/policy/")} - SETTING_UP
    assert elsewhere == set(), "ask `app.policy.sight_of`"
    of_policy = set().union(*(read for one, read in found.items() if one.startswith("app/policy/")))
    assert of_policy == SWITCHES
