"""`challenge.yaml`: every key there is, with its rule. Unknown keys are errors."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)

from app.models import Selection, TaskNames, TeamSees
from app.text import one_line
from probeboard.labelsets import TaskType
from probeboard.ranking import RankingMethod

Slug = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60, description="a-z, 0-9, hyphens")
]
FileName = Annotated[str, Field(min_length=1, max_length=200, description="a file of the bundle")]
Text = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(one_line)]


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PagesConfig(Config):
    """Markdown files."""

    description: FileName
    evaluation: FileName
    terms: FileName


class TaskConfig(Config):
    """A task: what its labels are, and where."""

    slug: Slug
    title: Text
    type: TaskType
    labels: FileName


class PhaseTaskConfig(Config):
    """A task in a phase, where its slug alone does not say enough."""

    task: Slug
    weight: float = Field(default=1.0, gt=0, le=1e6)
    public_name: Text | None = None


class SplitsConfig(Config):
    """`ShuffleSplit(n_splits, test_size, random_state=seed)`."""

    n_splits: int = Field(default=40, ge=2, le=1000)
    test_size: float = Field(default=0.1, gt=0, lt=1)
    seed: int = Field(default=42, ge=0, lt=2**32)


class QuotaConfig(Config):
    """How many valid submissions a team may hand in."""

    per_day: int = Field(ge=1, le=100_000, description="per rolling 24 hours")
    total: int = Field(ge=1, le=1_000_000)
    in_flight: int = Field(default=5, ge=1, le=1000, description="queued or running at once")


class BoardConfig(Config):
    """What the public sees."""

    visible: bool = True
    tasks: bool = Field(default=True, description="a column per task")
    task_names: TaskNames = TaskNames.REAL
    decimals: int = Field(default=4, ge=0, le=9)
    frozen_at: AwareDatetime | None = None


class PhaseConfig(Config):
    """A window with its own samples, tasks, quota and rules."""

    slug: Slug
    title: Text
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    samples: FileName
    tasks: list[PhaseTaskConfig] = Field(min_length=1, max_length=200)
    scorer: Literal["exact"] = "exact"
    splits: SplitsConfig = SplitsConfig()
    ranking: RankingMethod = RankingMethod.AVERAGE_RANK
    selection: Selection = Selection.BEST
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
