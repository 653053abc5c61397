"""Who gets which status of a phase: what its state and settings change of the access table.

Whether a rule holds is asked of the policy, and of the phase's clock.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.phases.clock import PhaseState
from tests.access_table import TABLE
from tests.visibility_scenes import LATE, ROLES, SCENES, TEAM, TEAMS, Scene


@dataclass(frozen=True)
class StatusRule:
    """A status that a phase's state or settings change from what the access table says."""

    routes: tuple[str, ...]
    status: int
    when: str
    why: str
    holds: Callable[[str, Scene], bool]

    @property
    def roles(self) -> list[str]:
        """Whom it concerns in any phase."""
        return [role for role in ROLES if any(self.holds(role, scene) for scene in SCENES)]


PHASE, SUBMISSION = "/api/v1/phases/{phase_id}", "/api/v1/submissions/{submission_id}"
SNAPSHOT = "/api/v1/leaderboards/snapshots/{number}"
BOARD = (
    f"GET {PHASE}/leaderboard",
    f"GET {PHASE}/leaderboard.csv",
    f"GET {PHASE}/leaderboard.md",
    f"GET {PHASE}/leaderboard.results.json",
    f"GET {PHASE}/leaderboard/history",
    f"GET {PHASE}/leaderboard/comparison",
    f"GET {PHASE}/leaderboard/{{picture}}.{{form}}",
    f"GET {PHASE}/report.md",
)
# Drawn anew for each digest, which takes long: its figures and words are those of `report.md`.
AS_ANOTHER = {f"GET {PHASE}/report.html": f"GET {PHASE}/report.md"}
PLACEMENT = f"GET {SUBMISSION}/placement"
SNAPSHOTS = (
    f"GET {SNAPSHOT}",
    f"GET {SNAPSHOT}.csv",
    f"GET {SNAPSHOT}.md",
    f"GET {SNAPSHOT}.results.json",
    f"GET {SNAPSHOT}/{{picture}}.{{form}}",
)
SELECTION = (f"PUT {SUBMISSION}/selection", f"DELETE {SUBMISSION}/selection")
OF_SUBMISSION = (
    f"GET {SUBMISSION}",
    f"GET {SUBMISSION}/events",
    PLACEMENT,
    f"GET {SUBMISSION}/embeddings.npz",
    f"GET {SUBMISSION}/analyses",
    f"GET {SUBMISSION}/predictions.npz",
    f"PATCH {SUBMISSION}",
    *SELECTION,
)
ROUTES = (
    f"GET {PHASE}",
    f"GET {PHASE}/samples.csv",
    f"GET {PHASE}/extensions",
    f"GET {PHASE}/quota",
    f"GET {PHASE}/submissions",
    f"POST {PHASE}/submissions",
    *OF_SUBMISSION,
    *BOARD,
    f"GET {PHASE}/ranking-changes",
    *SNAPSHOTS,
)

STATUS_RULES = (
    StatusRule(
        (*BOARD, *SNAPSHOTS),
        404,
        "board hidden",
        "a board that is not public is not there, nor is anything made from it",
        lambda role, scene: not scene.sight(role).sees_board,
    ),
    StatusRule(
        SNAPSHOTS,
        404,
        "board frozen, a snapshot of later",
        "the board stands still for everybody else",
        lambda role, scene: not scene.sight(role).sees_board_of(LATE),
    ),
    StatusRule(
        (f"POST {PHASE}/submissions",),
        409,
        "upcoming or closed",
        "`phase-not-open`; organizers hand in baselines at any time",
        lambda role, scene: role in TEAMS and scene.clock is not PhaseState.OPEN,
    ),
    StatusRule(
        OF_SUBMISSION,
        404,
        "upcoming",
        "no team has a submission yet: the one asked for is an organizer's baseline",
        lambda role, scene: role in TEAM and not scene.sight(role).sees_submission,
    ),
    StatusRule(
        (PLACEMENT,),
        404,
        "board hidden",
        "it would tell ranks that the board does not show",
        lambda role, scene: scene.sight(role).sees_submission and not scene.sight(role).sees_board,
    ),
    StatusRule(
        (PLACEMENT,),
        200,
        "scored",
        "before, it stands nowhere",
        lambda role, scene: scene.sight(role).sees_submission,
    ),
    StatusRule(
        (f"GET {SUBMISSION}/analyses",),
        200,
        "teams see tasks",
        "where they see the aggregate only they see no analyses",
        lambda role, scene: role in TEAM and scene.sight(role).sees_tasks,
    ),
    StatusRule(
        (f"PATCH {SUBMISSION}", *SELECTION),
        409,
        "closed",
        "`phase-not-open`: what counts is settled",
        lambda role, scene: role in TEAM and scene.clock is PhaseState.CLOSED,
    ),
    StatusRule(
        SELECTION,
        200,
        "open, and teams select what counts",
        "elsewhere the phase's rule chooses: 409",
        lambda role, scene: role in TEAM and scene.clock is PhaseState.OPEN,
    ),
)

# What the access table calls them.
IN_TABLE = {"member": "mate", "captain": "owner"}


def status_of(route: str, role: str, scene: Scene) -> int:
    """Return the status a role gets: the access table's, or that of the first rule that holds."""
    for rule in STATUS_RULES:
        if route in rule.routes and rule.holds(role, scene):
            return rule.status
    return TABLE[route].expected(IN_TABLE.get(role, role), "published")
