"""The leaderboard's JSON, described. The bytes themselves are stored, not made from these."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.models import Part, SelectBy, Selection, TieBreak, WinRateAgainst
from probeboard.labelsets import TaskType
from probeboard.ranking import RankingMethod

# Those of `probeboard.ranking.FURTHER`, to which a test holds them.
FurtherMethod = Literal[
    "median-then-rank", "quartile-then-rank", "rank-then-mean", "rank-then-median"
]
# Those, and those of `RankingMethod`: one type, so that a fault in it has one place.
OrderMethod = Literal[
    "average-rank", "neuco", "mean-score", "mean-q", "test-then-rank", "borda", "copeland",
    "median-then-rank", "quartile-then-rank", "rank-then-mean", "rank-then-median",
]  # fmt: skip
Ends = tuple[int, int]
Tau = float | None


class BoardPolicyView(View):
    """How scores became ranks."""

    method: RankingMethod = Field(description="The official ranking method.")
    weights: Literal["announced", "pool", "frozen"] = Field(
        description="Where the tasks' weights come from: the phase, the spread of Q over the pool, "
        "or that spread as it was at an instant."
    )
    floor: float | None = Field(
        description="For neuco: Q below it counts as this in the weights; null for no floor."
    )
    tie_break: TieBreak = Field(
        description="What parts equal ranks: nothing, or the better mean score and then the "
        "earlier submission."
    )
    win_rate_against: WinRateAgainst = Field(description="Whom win rates are shares of.")
    selection: Selection = Field(description="Which submission of a team counts.")
    selection_limit: int | None = Field(description="How many a team may select, where it does.")
    select_by: SelectBy = Field(description="The score that “best” means.")


class SampleUncertaintyView(View):
    """Whether the board says how sure it is of the labelled samples being few."""

    shown: bool = Field(description="Whether `rank_interval_samples` is given.")
    unit: Literal["sample", "group", "mixed"] | None = Field(
        description="What was drawn anew: samples, whole groups where splits are by group, or "
        "either by task; null where the phase keeps no predictions."
    )
    reason: str | None = Field(description="Why not; null where it is.")


class UncertaintyView(View):
    """Whether and how the board says how sure it is."""

    shown: bool = Field(description="Whether intervals, chances and tiers are given.")
    reason: str | None = Field(description="Why not; null where they are.")
    draws: int = Field(
        description="How often the scores were drawn anew: fewer on large boards by methods that "
        "look at all pairs."
    )
    level: float = Field(description="Of intervals and of simultaneous rank sets.")
    samples: SampleUncertaintyView | None = Field(
        default=None, description="By samples; absent from snapshots of old."
    )


class BoardTaskView(View):
    """A task on the board."""

    name: str = Field(description="Its public name; masked where the phase says so.")
    type: TaskType = Field(description="What its labels are.")
    metric: str = Field(description="What is measured; larger is better.", examples=["r2"])
    weight: float = Field(description="Its weight as announced.")
    weight_used: float = Field(description="Its share in the official ranking; they sum to 1.")


class BoardCellView(View):
    """An entry's figures in one task."""

    mean: float = Field(description="Mean over the splits.")
    standard_error: float | None = Field(
        description="Of the mean (Nadeau and Bengio 2003); null where there is one split."
    )
    q: float = Field(description="2·mean / (0.02 + std), as in NeuCo-Bench.")
    rank: float | None = Field(description="Rank in the task; null for a baseline.")


class RateView(View):
    """How well embeddings still do when they are made smaller."""

    bytes: float = Field(description="Bytes a sample takes.")
    mean_score: float = Field(description="The best mean score at so many bytes.")


class BoardEntryView(View):
    """A line of the board. Of a baseline all that compares it with the pool is null."""

    rank: int | None = Field(description="1 is best, ties share the smaller; null for a baseline.")
    would_rank: int | None = Field(description="A baseline's rank, if it were in the pool.")
    is_baseline: bool = Field(description="Shown, never in the pool that ranks.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What the team calls its method.")
    aggregate: float | None = Field(
        description="The figure the method ranks by: average or weighted rank, a mean, or a share."
    )
    mean_score: float = Field(description="Weighted mean of the tasks' means.")
    mean_score_error: float | None = Field(
        description="Its standard error, corrected for overlapping splits; null with one split."
    )
    mean_q: float = Field(description="Weighted mean of the tasks' Q.")
    win_rate: float | None = Field(
        description="Share of the others, or of the baselines, beaten; a mean over tasks."
    )
    n_submissions: int = Field(description="The team's public, scored submissions in this phase.")
    submission_id: UUID = Field(description="The submission that counts.")
    received_at: Instant = Field(description="When it came in.")
    project_url: str | None = Field(description="Code or project page.")
    paper_url: str | None = Field(description="Paper.")
    rank_interval: Ends | None = Field(description="95 % interval of the rank.")
    rank_set: Ends | None = Field(
        description="From a 95 % confidence set for all ranks at once (Mogstad et al. 2024): what "
        "may be claimed."
    )
    tier: int | None = Field(
        description="1 for all that may be best; 2 for all that may be best of the rest; and so on."
    )
    p_first: float | None = Field(description="Probability of being first; a tie is split.")
    p_top3: float | None = Field(description="Probability of a rank of 3 or better.")
    rank_without_task: Ends | None = Field(
        description="Least and largest rank when each task is left out in turn."
    )
    rank_without_entry: Ends | None = Field(
        description="Least and largest rank when each other entry is left out in turn, which "
        "keeps its place."
    )
    rank_interval_samples: Ends | None = Field(
        default=None,
        description="95 % interval of the rank had other samples been labelled, the probes and "
        "splits as they were; null where not shown.",
    )
    ranks: dict[RankingMethod, int] = Field(
        description="Its rank by each method; a baseline's, if it were in the pool. Only that of "
        "the official one counts."
    )
    further_ranks: dict[FurtherMethod, int] = Field(
        default={},
        description="Its rank by each further method; a baseline's, if it were in the pool. Absent "
        "from snapshots of old.",
    )
    tie_broken: bool = Field(description="Whether only the tie-break tells it from another.")
    rate_distortion: list[RateView] | None = Field(
        description="Mean score by size; null where the phase does not analyse or show it."
    )
    tasks: dict[str, BoardCellView] = Field(description="By task; empty where not public.")


class MethodAgreementView(View):
    """How far methods agree on the order."""

    names: list[RankingMethod] = Field(description="The methods, the official one first.")
    tau: list[list[Tau]] = Field(
        description="Kendall's tau-b of each two; null where an order is one tie."
    )


class TaskAgreementView(View):
    """How far tasks agree on the order."""

    names: list[str] = Field(description="The tasks.")
    tau_with_board: list[Tau] = Field(
        description="Kendall's tau-b of each task's order with the board's."
    )
    clusters: list[list[str]] | None = Field(
        description="Tasks that order at least three quarters of the pairs alike."
    )
    tau_of_draws: list[Tau] | None = Field(
        default=None,
        description="Mean Kendall's tau-b of the drawn orders of each task's scores with that of "
        "its scores; null where no uncertainty is shown, absent from snapshots of old.",
    )
    draw_tau: Tau = Field(
        default=None, description="In snapshots of old only: what is `agreement.draw_tau` today."
    )


class AgreementView(View):
    """How far methods and tasks agree."""

    methods: MethodAgreementView = Field(description="Between methods.")
    further_tau: list[Tau] = Field(
        default=[],
        description="Kendall's tau-b of the order by each of `further_methods` with the board's; "
        "absent from snapshots of old.",
    )
    draw_tau: Tau = Field(
        default=None,
        description="Mean Kendall's tau-b of the drawn orders with the board's; null where no "
        "uncertainty is shown, absent from snapshots of old.",
    )
    tasks: TaskAgreementView | None = Field(description="Between tasks; null where not public.")


class BoardView(View):
    """A leaderboard: one immutable snapshot."""

    snapshot: int | None = Field(description="Its number; null before the first ranking.")
    ranked_at: Instant | None = Field(description="When it was ranked.")
    challenge: str = Field(description="Slug of the challenge.")
    challenge_title: str = Field(description="Title of the challenge.")
    phase: str = Field(description="Slug of the phase.")
    phase_title: str = Field(description="Title of the phase.")
    phase_id: UUID = Field(description="Id of the phase.")
    rule: str = Field(description="By which rules it was made, in a line.")
    method: RankingMethod = Field(description="The official ranking method.")
    selection: Selection = Field(description="Which submission of a team counts.")
    scorer: str = Field(description="Name and version of the scorer.")
    decimals: int = Field(description="Decimals of the scores.")
    part: Part | None = Field(
        default=None,
        description="The samples that decide: the public ones until private scores are revealed, "
        "the private ones from then on. Absent where all samples are public.",
    )
    policy: BoardPolicyView = Field(description="The rules, one by one.")
    uncertainty: UncertaintyView = Field(description="How sure the board can be.")
    methods: list[RankingMethod] = Field(
        description="The methods by which `ranks` are given, the official one first."
    )
    further_methods: list[FurtherMethod] = Field(
        default=[],
        description="Methods by which `further_ranks` are given, and which no phase may name: "
        "challengeR's other ones; none where tasks have a single split. Absent from snapshots of "
        "old.",
    )
    tasks: list[BoardTaskView] = Field(description="The tasks; empty where not public.")
    entries: list[BoardEntryView] = Field(description="By rank, baselines where they would be.")
    agreement: AgreementView | None = Field(
        description="How far methods and tasks agree; null with fewer than 3 entries."
    )
