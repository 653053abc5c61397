"""From the scores of a phase to its board: a pure function, the same for worker and tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from app.leaderboards.agreeing import Agreement, agreement_of
from app.leaderboards.by_samples import NOT_KEPT, BySamples, intervals_of
from app.leaderboards.contenders import Contender, in_order, rows_of, task_scores
from app.leaderboards.entries import Entry, Figures, baseline_entries, pool_entries, rounded
from app.leaderboards.placing import FurtherPlaces, further_places, place
from app.leaderboards.rules import BoardRules, rule_line
from probeboard.ranking import ChallengerMethod, RankingMethod, TaskSplitScores
from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.uncertainty import (
    FEWEST_ENTRIES,
    FEWEST_SPLITS,
    LEVEL,
    RankUncertainty,
    rank_uncertainty,
)

DRAWS = 1000


@dataclass(frozen=True)
class Board:
    """A ranked phase: by its official method, by others that a phase may name, and by further ones.

    `reason` says why no uncertainty is shown, and is None where it is; `reason_by_samples` that of
    the samples. `weights_used` has the share of each task in the official ranking. `draws` is how
    many the figures are made from; where none are shown, how many were asked for.
    """

    rules: BoardRules
    rule: str
    methods: tuple[RankingMethod, ...]
    further: tuple[ChallengerMethod, ...]
    entries: tuple[Entry, ...]
    weights_used: tuple[float, ...]
    reason: str | None
    reason_by_samples: str | None
    agreement: Agreement | None
    draws: int = DRAWS
    level: float = LEVEL


def build_board(
    rules: BoardRules,
    pool: Sequence[Contender],
    baselines: Sequence[Contender],
    *,
    ranks_only: bool = False,
    draws: DrawCache | None = None,
) -> Board:
    """Rank the pool, and place the baselines beside it without moving anyone.

    Entries are in the order of the board: by rank, ties by the instant of receipt; a baseline
    stands before the pool entry whose rank it would take. Most of the work is to say how sure the
    ranks are, and how far methods and tasks agree: who asks for ranks only does without. `draws`
    are those of boards before this one, so that one more entry costs one row of them.
    """
    if not pool and not baselines:
        return _empty(rules)
    pool, baselines = in_order(pool), in_order(baselines)
    everyone = [*pool, *baselines]
    scores = task_scores(rules, everyone)
    tasks, beside = rows_of(scores, slice(len(pool))), rows_of(scores, slice(len(pool), None))
    placing = place(rules, pool, tasks, beside)
    further = FurtherPlaces({}, {}) if ranks_only else further_places(rules, tasks, beside)
    uncertainty = None if ranks_only else _uncertainty(rules, tasks, draws)
    by_samples = (
        BySamples(_NOT_ASKED) if ranks_only else intervals_of(rules, pool, tasks, placing.official)
    )
    figures = Figures(rules, everyone, scores)
    entries = [
        *pool_entries(figures, placing, further, uncertainty, by_samples.intervals),
        *baseline_entries(figures, placing, further, len(pool)),
    ]
    return Board(
        rules=rules,
        rule=rule_line(rules),
        methods=placing.methods,
        further=tuple(further.pool),
        entries=tuple(sorted(entries, key=_place)),
        weights_used=tuple(rounded(share, 6) for share in placing.official.weights.tolist()),
        reason=None if uncertainty is not None else _why_not(tasks, ranks_only=ranks_only),
        reason_by_samples=by_samples.reason,
        agreement=None if ranks_only else agreement_of(placing, further, tasks, uncertainty),
        # Methods that look at all pairs get fewer in a large pool.
        draws=DRAWS if uncertainty is None else uncertainty.n_draws,
    )


def _empty(rules: BoardRules) -> Board:
    total = sum(rules.weights)
    return Board(
        rules=rules,
        rule=rule_line(rules),
        methods=(rules.method,),
        further=(),
        entries=(),
        weights_used=tuple(rounded(weight / total, 6) for weight in rules.weights),
        reason=_TOO_FEW_ENTRIES,
        reason_by_samples=NOT_KEPT if rules.sample_unit is None else _TOO_FEW_ENTRIES,
        agreement=None,
    )


def _uncertainty(
    rules: BoardRules, tasks: Sequence[TaskSplitScores], draws: DrawCache | None
) -> RankUncertainty | None:
    return rank_uncertainty(
        rules.method,
        tasks,
        seed=rules.seed,
        weights=rules.ranked_by,
        floor=rules.policy.floor,
        n_draws=DRAWS,
        cache=draws,
        keys=None if draws is None else _names_of(tasks),
    )


def _names_of(tasks: Sequence[TaskSplitScores]) -> list[bytes]:
    """Name the scores of each entry by what they are: equal names, equal draws."""
    rows = zip(*(task.scores for task in tasks), strict=True)
    return [blake2b(b"".join(row.tobytes() for row in one)).digest() for one in rows]


_TOO_FEW_ENTRIES = f"fewer than {FEWEST_ENTRIES} entries"
_NOT_ASKED = "only ranks were asked for"
_TOO_FEW_SPLITS = f"fewer than {FEWEST_SPLITS} splits"


def _why_not(tasks: Sequence[TaskSplitScores], *, ranks_only: bool) -> str:
    if ranks_only:
        return _NOT_ASKED
    return _TOO_FEW_ENTRIES if len(tasks[0].scores) < FEWEST_ENTRIES else _TOO_FEW_SPLITS


def _place(entry: Entry) -> tuple[int, bool]:
    if entry.rank is not None:
        return entry.rank, True
    return entry.would_rank or 0, False
