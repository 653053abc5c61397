"""What decides a board, and what of it is shown; and the line that says so."""

from dataclasses import dataclass
from uuid import UUID

from app.models import Part, SelectBy, Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import RankingPolicy
from app.submissions.selection import best_score
from probeboard.ranking import ChallengerMethod, RankingMethod


@dataclass(frozen=True)
class BoardTask:
    """A task as the board shows and ranks it.

    `group` is equal for tasks on the same samples and splits: their scores err together.
    `test_to_train` is the mean n_test / n_train of the splits.
    """

    name: str
    slug: str
    task_type: str
    metric: str
    weight: float
    task_id: UUID
    test_to_train: float = 0.0
    group: str = ""


@dataclass(frozen=True)
class BoardRules:
    """What decides a phase's board, and what of it is shown.

    `frozen_weights` are neuco's, of the pool of the past; None while they come from the present.
    `sample_unit` is what a bootstrap of samples draws; None where predictions are not kept. `part`
    has the samples that decide; None where the phase keeps none private. By which submission a team
    is told, “best”, is by the public ones, whichever decide.
    """

    challenge: str
    challenge_title: str
    phase: str
    phase_title: str
    phase_id: UUID
    policy: RankingPolicy
    scorer: str
    tasks: tuple[BoardTask, ...]
    shows_tasks: bool
    shows_rates: bool = False
    frozen_weights: tuple[float, ...] | None = None
    sample_unit: str | None = None
    part: Part | None = None

    @property
    def method(self) -> RankingMethod:
        """The official method."""
        return self.policy.method

    @property
    def decimals(self) -> int:
        """Decimals of the scores that are shown."""
        return self.policy.decimals

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights as announced: of all methods but neuco, and of every mean."""
        return tuple(task.weight for task in self.tasks)

    @property
    def ranked_by(self) -> tuple[float, ...] | None:
        """The weights the official method is given; None where it takes them from the pool."""
        return self.frozen_weights if self.method is RankingMethod.NEUCO else self.weights

    @property
    def weights_from(self) -> str:
        """Where those weights come from: the organizer, the pool, or the pool of the past."""
        if self.method is not RankingMethod.NEUCO:
            return "announced"
        return "pool" if self.frozen_weights is None else "frozen"

    @property
    def seed(self) -> str:
        """What the draws come from: never from who is on the board."""
        return f"{self.challenge}/{self.phase}"


def rule_line(rules: BoardRules) -> str:
    """Say in a line by which rules the board was made."""
    policy = rules.policy
    by_part = "" if rules.part is None else " on the public samples"
    parts = [_METHOD_LINES[policy.method] + _weights(rules), _counts(policy, by_part)]
    if rules.part is not None:
        parts.append(_PART_LINES[rules.part])
    if policy.tie_break is TieBreak.MEAN_SCORE:
        parts.append("ties go to the better mean score, then to the earlier submission")
    if policy.win_rate_against is WinRateAgainst.BASELINES:
        parts.append("win rates are against the baselines")
    n_tasks = len(rules.tasks)
    parts += [f"scorer {rules.scorer}", f"{n_tasks} {'task' if n_tasks == 1 else 'tasks'}"]
    return "; ".join(parts)


_PART_LINES = {
    Part.PUBLIC: "by public samples only, private samples decide in the end",
    Part.PRIVATE: "private samples decide",
}

METHOD_NAMES = {
    RankingMethod.AVERAGE_RANK: "Average rank",
    RankingMethod.NEUCO: "Weighted rank",
    RankingMethod.MEAN_SCORE: "Mean score",
    RankingMethod.MEAN_Q: "Mean Q",
    RankingMethod.TEST_THEN_RANK: "Significant wins",
    RankingMethod.BORDA: "Borda count",
    RankingMethod.COPELAND: "Duels won",
}

FURTHER_NAMES = {
    ChallengerMethod.MEDIAN_THEN_RANK: "Rank of medians",
    ChallengerMethod.QUARTILE_THEN_RANK: "Rank of lower quartiles",
    ChallengerMethod.RANK_THEN_MEAN: "Mean rank in splits",
    ChallengerMethod.RANK_THEN_MEDIAN: "Median rank in splits",
}

_METHOD_LINES = {
    RankingMethod.AVERAGE_RANK: "Ranked by the average over tasks of the rank of the mean score",
    RankingMethod.NEUCO: "Ranked as in NeuCo-Bench, by ranks of Q weighted by the spread of Q ",
    RankingMethod.MEAN_SCORE: "Ranked by the mean score over tasks",
    RankingMethod.MEAN_Q: "Ranked by the mean Q over tasks",
    RankingMethod.TEST_THEN_RANK: (
        "Ranked by the share of significant wins over the others, averaged over tasks"
    ),
    RankingMethod.BORDA: "Ranked by how many others are beaten in each task (Borda)",
    RankingMethod.COPELAND: "Ranked by duels won, each by majority of the tasks (Copeland)",
}


def _weights(rules: BoardRules) -> str:
    if rules.method is not RankingMethod.NEUCO:
        return ""
    if rules.frozen_weights is None:
        return "over the teams (so it depends on who else submitted)"
    frozen_at = rules.policy.weights_frozen_at
    return f"over the teams as they were on {frozen_at:%Y-%m-%d %H:%M} UTC"


def _counts(policy: RankingPolicy, by_part: str) -> str:
    by = best_score(policy.method, policy.select_by)
    score = ("mean Q" if by is SelectBy.MEAN_Q else "mean score") + by_part
    match policy.selection:
        case Selection.BEST:
            return f"each team's best submission by {score} counts"
        case Selection.LAST:
            return "each team's last submission counts"
        case Selection.SELECTED:
            return (
                f"each team's best submission by {score} counts, of the at most "
                f"{policy.selection_limit} it selected or, if none, of all"
            )
