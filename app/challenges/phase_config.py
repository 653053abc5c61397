"""A phase's part of `challenge.yaml`: every key there is, with its rule."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.challenges.config_types import Config, FileName, Instant, Slug, Text
from app.models import (
    Analysis,
    Scaling,
    SelectBy,
    Selection,
    TaskNames,
    TeamSees,
    TieBreak,
    WinRateAgainst,
)
from app.phases.ranking_policy import DEFAULT_FLOOR, MOST_SELECTED
from probeboard.labelsets import SEED_BITS, SplitKind
from probeboard.ranking import RankingMethod

Floor = Annotated[float, Field(ge=-1e9, le=100)]  # no Q is above 100
SelectionLimit = Annotated[int, Field(ge=1, le=MOST_SELECTED)]


class SplitsConfig(Config):
    """How labelled samples are split; see `probeboard.labelsets.SplitSpec`."""

    kind: SplitKind = Field(default=SplitKind.SHUFFLE, description="How the splits are drawn.")
    n_splits: int = Field(default=40, ge=2, le=1000, description="How many splits are drawn.")
    test_size: float = Field(
        default=0.1, gt=0, lt=1, description="The share of the labels in a test part."
    )
    seed: int = Field(default=42, ge=0, lt=2**32, description="Equal seeds draw equal splits.")
    groups: FileName | None = Field(
        default=None, description="Of grouped splits: the CSV file `id,group`."
    )
    predefined: FileName | None = Field(
        default=None,
        description="Of predefined splits: the CSV file `id,split`, or `id` and a column per "
        "split; a cell is `train`, `test` or empty.",
    )
    shots: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Few-shot: at most so many training labels of each class.",
    )

    @property
    def marks(self) -> tuple[str, FileName] | None:
        """The key that names a file of marks, and the file; None if this kind needs none."""
        if self.kind is SplitKind.GROUPED and self.groups is not None:
            return "groups", self.groups
        if self.kind is SplitKind.PREDEFINED and self.predefined is not None:
            return "predefined", self.predefined
        return None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        for key, kind in (("groups", SplitKind.GROUPED), ("predefined", SplitKind.PREDEFINED)):
            is_given = getattr(self, key) is not None
            if is_given and self.kind is not kind:
                detail = f"“{key}” is for {kind} splits, these are {self.kind}"
                raise PydanticCustomError("unused_file", "{detail}", {"detail": detail})
            if self.kind is kind and not is_given:
                detail = f"{kind} splits need “{key}”, a file of the bundle"
                raise PydanticCustomError("marks_missing", "{detail}", {"detail": detail})
        unused = {"n_splits", "test_size"} & self.model_fields_set
        if self.kind is SplitKind.PREDEFINED and unused:
            detail = f"predefined splits are as their file says: no {' or '.join(sorted(unused))}"
            raise PydanticCustomError("unused_figure", "{detail}", {"detail": detail})
        return self


class PrivateConfig(Config):
    """Samples whose scores nobody but organizers sees until the end, and which then decide."""

    samples: FileName | None = Field(
        default=None, description="A CSV file with the one column `id`: the private samples."
    )
    share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Instead of a file: this share of the samples is drawn, of whole groups where "
        "splits are grouped.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**SEED_BITS,
        description="Of a share: equal seeds draw equal parts. Choose one that nobody guesses.",
    )
    revealed_at: Instant | None = Field(
        default=None,
        description="When private scores are shown and decide; without it, when the phase closes.",
    )

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.samples is None) == (self.share is None):
            raise PydanticCustomError("private_unclear", "name either a file of samples or a share")
        if (self.seed is None) != (self.share is None):
            raise PydanticCustomError(
                "private_unclear", "a share needs a seed, and a file has none"
            )
        return self


class PhaseTaskConfig(Config):
    """A task in a phase, where its slug alone does not say enough."""

    task: Slug = Field(description="The slug of one of the challenge's tasks.")
    weight: float = Field(
        default=1.0, gt=0, le=1e6, description="Its weight where scores of tasks are averaged."
    )
    public_name: Text | None = Field(
        default=None, description="What boards call it; without it, its slug."
    )
    splits: SplitsConfig | None = Field(
        default=None, description="How this task is split, instead of as the phase says."
    )


class QuotaConfig(Config):
    """How many valid submissions a team may hand in."""

    per_day: int = Field(ge=1, le=100_000, description="Per rolling 24 hours.")
    total: int = Field(ge=1, le=1_000_000, description="In the whole phase.")
    in_flight: int = Field(
        default=5, ge=1, le=1000, description="Queued or running at the same time."
    )


class RankingConfig(Config):
    """How scores become ranks; a name alone is its method."""

    method: RankingMethod = Field(
        default=RankingMethod.AVERAGE_RANK, description="How the ranks of tasks become one."
    )
    floor: Floor | None = Field(
        default=DEFAULT_FLOOR, description="Of Q in neuco's weights; null for no floor."
    )
    weights_frozen_at: Instant | None = Field(
        default=None, description="neuco's weights are those of the pool as it was then."
    )
    tie_break: TieBreak = Field(default=TieBreak.NONE, description="What parts equal ranks.")
    win_rate_against: WinRateAgainst = Field(
        default=WinRateAgainst.POOL, description="Whom the shown win rate is a share of."
    )


class SelectionConfig(Config):
    """Which submission of a team counts; a name alone is its rule."""

    rule: Selection = Field(
        default=Selection.BEST,
        description="The best one, the last one, or of those the team selects the best.",
    )
    limit: SelectionLimit | None = Field(
        default=None, description="Of `selected`: how many a team may select."
    )
    by: SelectBy | None = Field(
        default=None,
        description="Of `best`: by which score; null for what the ranking method builds on.",
    )


class BoardConfig(Config):
    """What the public sees."""

    visible: bool = Field(default=True, description="Whether the public sees a board at all.")
    tasks: bool = Field(default=True, description="Whether it has a column per task.")
    task_names: TaskNames = Field(
        default=TaskNames.REAL, description="Public names, or `task-01`, `task-02`, …."
    )
    decimals: int = Field(default=4, ge=0, le=9, description="How many of a score are told.")
    frozen_at: Instant | None = Field(
        default=None, description="From then on the public sees the board as it was then."
    )


class PhaseConfig(Config):
    """A window with its own samples, tasks, quota and rules."""

    slug: Slug = Field(description="Unique in the challenge; for addresses.")
    title: Text = Field(description="The phase's name.")
    opens_at: Instant = Field(description="The first instant of the phase, with its zone.")
    closes_at: Instant = Field(
        description="The first instant after the phase, with its zone. What counts is when the "
        "last byte of a file was received."
    )
    samples: FileName = Field(
        description="A CSV file with the one column `id`: the samples wanted, in their order."
    )
    private: PrivateConfig | None = Field(
        default=None,
        description="Samples that decide at the end. The others, the public ones, are all that "
        "teams and boards tell of until then; each part is split and scored by itself.",
    )
    tasks: list[PhaseTaskConfig] = Field(
        min_length=1, max_length=200, description="The tasks it scores, in the board's order."
    )
    scorer: Literal["exact", "neuco"] = Field(
        default="exact",
        description="Probes fitted until they converge, or NeuCo-Bench's own numbers.",
    )
    scaling: Scaling = Field(
        default=Scaling.SCALAR,
        description="Whether dimensions are divided by one number, or each by its own.",
    )
    splits: SplitsConfig = Field(
        default=SplitsConfig(), description="How labels are split for training and testing."
    )
    analyses: list[Analysis] = Field(
        default=[Analysis.METRICS, Analysis.PREDICTIONS],
        max_length=len(Analysis),
        description="What is worked out beside the scores.",
    )
    budget_bytes: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Per sample; shorter embeddings are allowed where they fit.",
    )
    ranking: RankingConfig = Field(
        default=RankingConfig(), description="How scores become ranks; a name alone is its method."
    )
    selection: SelectionConfig = Field(
        default=SelectionConfig(),
        description="Which submission of a team counts; a name alone is its rule.",
    )
    quota: QuotaConfig = Field(description="How many valid submissions a team may hand in.")
    team_sees: TeamSees = Field(
        default=TeamSees.AGGREGATE,
        description="Of its own scores: the aggregate only, or those of the tasks too.",
    )
    board: BoardConfig = Field(default=BoardConfig(), description="What the public sees.")
    requires: Slug | None = Field(
        default=None,
        description="An earlier phase in which the team needs a scored submission first.",
    )

    @field_validator("tasks", mode="before")
    @classmethod
    def _accept_plain_slugs(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        return [{"task": item} if isinstance(item, str) else item for item in value]

    def splits_of(self, number: int) -> SplitsConfig:
        """Return how a task is split: as it says itself, or as the phase does."""
        return self.tasks[number].splits or self.splits
