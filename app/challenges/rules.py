"""What the parts of a configuration ask of each other."""

from app.challenges.config import ChallengeConfig, TaskConfig
from app.challenges.findings import Findings
from app.challenges.phase_config import PhaseConfig
from app.challenges.yaml_lines import Path
from app.models import ProbeKind, Scaling
from app.phases.ranking_policy import RankingPolicy
from probeboard.labelsets import SplitKind, TaskType

# First words of this server's own addresses, present and to come.
RESERVED_SLUGS = frozenset(
    {"about", "account", "api", "docs", "health", "login", "metrics", "openapi", "problems",
     "redoc", "static", "teams"}
)  # fmt: skip
OF_NEUCO = (TaskType.REGRESSION, TaskType.BINARY)
# Where in a phase's part of the file the fields of its policy stand.
POLICY_KEYS: dict[str, Path] = {
    "method": ("ranking", "method"),
    "floor": ("ranking", "floor"),
    "weights_frozen_at": ("ranking", "weights_frozen_at"),
    "selection_limit": ("selection", "limit"),
    "select_by": ("selection", "by"),
}


def check_rules(config: ChallengeConfig, found: Findings) -> None:
    """Hold the configuration to itself: names, windows, and what a scorer can score."""
    tasks = {task.slug: task for task in config.tasks}
    phases = [phase.slug for phase in config.phases]
    if config.slug in RESERVED_SLUGS:
        found.refuse("reserved_slug", f"“{config.slug}” is an address of the server", ("slug",))
    found.require_unique(config.participation.email_domains, ("participation", "email_domains"))
    found.require_unique([task.slug for task in config.tasks], ("tasks",), "slug")
    found.require_unique(phases, ("phases",), "slug")
    for index, phase in enumerate(config.phases):
        here: Path = ("phases", index)
        if phase.opens_at >= phase.closes_at:
            found.refuse("never_open", "closes_at is not after opens_at", (*here, "closes_at"))
        private = phase.private
        if private and private.revealed_at and private.revealed_at < phase.closes_at:
            detail = "private scores cannot be revealed before the phase closes"
            found.refuse("revealed_before_close", detail, (*here, "private", "revealed_at"))
        if phase.requires is not None and phase.requires not in phases[:index]:
            detail = f"“{phase.requires}” is not an earlier phase"
            found.refuse("unknown_phase", detail, (*here, "requires"))
        elif phase.requires is not None:
            required = config.phases[phases.index(phase.requires)]
            if required.opens_at >= phase.closes_at:
                detail = f"nobody can enter: “{phase.requires}” opens when this phase has closed"
                found.refuse("unreachable_phase", detail, (*here, "requires"))
        if phase.scorer == "neuco" and phase.scaling is not Scaling.SCALAR:
            detail = f"neuco scales all dimensions by one number, not {phase.scaling}"
            found.refuse("neuco_scaling", detail, (*here, "scaling"))
        found.require_unique(phase.analyses, (*here, "analyses"))
        for fault in policy_of(phase).contradictions(opens_at=phase.opens_at):
            found.refuse(fault.code, fault.detail, (*here, *POLICY_KEYS[fault.field]))
        _check_tasks_of(phase, here, tasks, found)


def policy_of(phase: PhaseConfig) -> RankingPolicy:
    """Return the policy that a phase's part of the file states."""
    ranking, selection = phase.ranking, phase.selection
    return RankingPolicy(
        method=ranking.method,
        floor=ranking.floor,
        weights_frozen_at=ranking.weights_frozen_at,
        tie_break=ranking.tie_break,
        win_rate_against=ranking.win_rate_against,
        selection=selection.rule,
        selection_limit=selection.limit,
        select_by=selection.by,
        decimals=phase.board.decimals,
        board_frozen_at=phase.board.frozen_at,
        board_visible=phase.board.visible,
    )


def _check_tasks_of(
    phase: PhaseConfig, here: Path, tasks: dict[str, TaskConfig], found: Findings
) -> None:
    below = (*here, "tasks")
    for number, item in enumerate(phase.tasks):
        if item.task not in tasks:
            found.refuse("unknown_task", f"there is no task “{item.task}”", (*below, number))
        elif phase.scorer == "neuco":
            _check_neuco(phase, number, tasks[item.task], (*below, number), found)
    found.require_unique([item.task for item in phase.tasks], below)
    names = [item.public_name or item.task for item in phase.tasks]
    found.require_unique(names, below, "public_name")


def _check_neuco(
    phase: PhaseConfig, number: int, task: TaskConfig, path: Path, found: Findings
) -> None:
    """Refuse what NeuCo-Bench has no number for."""
    splits = phase.splits_of(number)
    if task.type not in OF_NEUCO:
        detail = f"neuco scores regression and binary tasks; “{task.slug}” is {task.type}"
        found.refuse("neuco_task_type", detail, path)
    if task.probe is not ProbeKind.LINEAR:
        detail = f"neuco's probe is linear; that of “{task.slug}” is {task.probe}"
        found.refuse("neuco_probe", detail, path)
    if splits.kind is not SplitKind.SHUFFLE:
        detail = f"neuco's splits are shuffled; those of “{task.slug}” are {splits.kind}"
        found.refuse("neuco_splits", detail, path)
    if splits.shots is not None:
        detail = f"neuco trains on whole training parts; “{task.slug}” asks for shots"
        found.refuse("neuco_shots", detail, path)
