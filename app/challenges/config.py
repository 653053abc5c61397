"""`challenge.yaml`: every key there is, with its rule. Unknown keys are errors."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from app.clock import in_utc
from app.models import (
    Analysis,
    ProbeKind,
    Scaling,
    SelectBy,
    Selection,
    TaskNames,
    TeamSees,
    TieBreak,
    WinRateAgainst,
)
from app.phases.ranking_policy import DEFAULT_FLOOR, MOST_SELECTED
from app.text import one_line
from probeboard.labelsets import SplitKind, TaskType
from probeboard.ranking import RankingMethod


def _somewhere_in_utc(instant: datetime) -> datetime:
    in_utc(instant)
    return instant


Slug = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="a-z, 0-9, hyphens")
]
FileName = Annotated[str, Field(min_length=1, max_length=200, description="a file of the bundle")]
Floor = Annotated[float, Field(ge=-1e9, le=100)]  # no Q is above 100
Instant = Annotated[AwareDatetime, AfterValidator(_somewhere_in_utc)]
SelectionLimit = Annotated[int, Field(ge=1, le=MOST_SELECTED)]
Text = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(one_line)]


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PagesConfig(Config):
    """Markdown files."""

    description: FileName
    evaluation: FileName
    terms: FileName


class TaskConfig(Config):
    """A task: what its labels are, where, and how embeddings are asked for them."""

    slug: Slug
    title: Text
    type: TaskType
    labels: FileName
    probe: ProbeKind = ProbeKind.LINEAR
    signs: bool = Field(default=False, description="see the signs of the dimensions only")

    @model_validator(mode="after")
    def _has_such_a_probe(self) -> Self:
        if self.signs and self.probe is ProbeKind.LINEAR:
            raise PydanticCustomError("signs_of_linear", "signs are for knn and retrieval")
        if self.probe is ProbeKind.RETRIEVAL and self.type is TaskType.REGRESSION:
            detail = "retrieval needs classes: a regression says not what is relevant"
            raise PydanticCustomError("retrieval_of_regression", detail)
        return self


class SplitsConfig(Config):
    """How labelled samples are split; see `probeboard.labelsets.SplitSpec`."""

    kind: SplitKind = SplitKind.SHUFFLE
    n_splits: int = Field(default=40, ge=2, le=1000)
    test_size: float = Field(default=0.1, gt=0, lt=1)
    seed: int = Field(default=42, ge=0, lt=2**32)
    groups: FileName | None = None
    predefined: FileName | None = None
    shots: int | None = Field(default=None, ge=1, le=100_000, description="labels per class")

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


class PhaseTaskConfig(Config):
    """A task in a phase, where its slug alone does not say enough."""

    task: Slug
    weight: float = Field(default=1.0, gt=0, le=1e6)
    public_name: Text | None = None
    splits: SplitsConfig | None = Field(default=None, description="instead of the phase's")


class QuotaConfig(Config):
    """How many valid submissions a team may hand in."""

    per_day: int = Field(ge=1, le=100_000, description="per rolling 24 hours")
    total: int = Field(ge=1, le=1_000_000)
    in_flight: int = Field(default=5, ge=1, le=1000, description="queued or running at once")


class RankingConfig(Config):
    """How scores become ranks; a name alone is its method."""

    method: RankingMethod = RankingMethod.AVERAGE_RANK
    floor: Floor | None = Field(default=DEFAULT_FLOOR, description="of Q in neuco's weights")
    weights_frozen_at: Instant | None = Field(
        default=None, description="neuco's weights are those of the pool as it was then"
    )
    tie_break: TieBreak = TieBreak.NONE
    win_rate_against: WinRateAgainst = WinRateAgainst.POOL


class SelectionConfig(Config):
    """Which submission of a team counts; a name alone is its rule."""

    rule: Selection = Selection.BEST
    limit: SelectionLimit | None = None
    by: SelectBy | None = Field(default=None, description="null: what the method builds on")


class BoardConfig(Config):
    """What the public sees."""

    visible: bool = True
    tasks: bool = Field(default=True, description="a column per task")
    task_names: TaskNames = TaskNames.REAL
    decimals: int = Field(default=4, ge=0, le=9)
    frozen_at: Instant | None = None


class PhaseConfig(Config):
    """A window with its own samples, tasks, quota and rules."""

    slug: Slug
    title: Text
    opens_at: Instant
    closes_at: Instant
    samples: FileName
    tasks: list[PhaseTaskConfig] = Field(min_length=1, max_length=200)
    scorer: Literal["exact", "neuco"] = "exact"
    scaling: Scaling = Field(
        default=Scaling.SCALAR, description="dimensions by one number, or each by its own"
    )
    splits: SplitsConfig = SplitsConfig()
    analyses: list[Analysis] = Field(
        default=[Analysis.METRICS, Analysis.PREDICTIONS], max_length=len(Analysis)
    )
    budget_bytes: int | None = Field(
        default=None, ge=1, le=1_000_000, description="per sample; shorter embeddings may fit"
    )
    ranking: RankingConfig = RankingConfig()
    selection: SelectionConfig = SelectionConfig()
    quota: QuotaConfig
    team_sees: TeamSees = TeamSees.AGGREGATE
    board: BoardConfig = BoardConfig()
    requires: Slug | None = None

    @field_validator("tasks", mode="before")
    @classmethod
    def _accept_plain_slugs(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        return [{"task": item} if isinstance(item, str) else item for item in value]

    def splits_of(self, number: int) -> SplitsConfig:
        """Return how a task is split: as it says itself, or as the phase does."""
        return self.tasks[number].splits or self.splits


class ChallengeConfig(Config):
    """The whole of `challenge.yaml`."""

    slug: Slug
    title: Text
    summary: Text
    embedding_dim: int = Field(ge=1, le=65_536)
    zero_pad: bool = False
    strip_suffixes: list[Annotated[str, Field(min_length=1, max_length=30)]] = Field(
        default=[], max_length=10
    )
    terms_version: Annotated[str, Field(min_length=1, max_length=30), AfterValidator(one_line)]
    pages: PagesConfig
    tasks: list[TaskConfig] = Field(min_length=1, max_length=200)
    phases: list[PhaseConfig] = Field(min_length=1, max_length=20)


# A name alone stands for a mapping with it.
_SHORT_FORMS = {"ranking": "method", "selection": "rule"}


def spelled_out(values: Any) -> Any:
    """Return what a file says with its short forms written whole.

    Not a validator's work: what comes out of one is no JSON any more, in which text is an instant.
    """
    if not isinstance(values, dict) or not isinstance(values.get("phases"), list):
        return values
    return values | {"phases": [_phase_spelled_out(phase) for phase in values["phases"]]}


def _phase_spelled_out(phase: Any) -> Any:
    if not isinstance(phase, dict):
        return phase
    short = {key: name for key, name in _SHORT_FORMS.items() if isinstance(phase.get(key), str)}
    return phase | {key: {name: phase[key]} for key, name in short.items()}
