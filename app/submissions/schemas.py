"""Bodies of submissions."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AnyUrl,
    Field,
    HttpUrl,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from app.http.schemas import Body, Instant, Line, View
from app.models import Status
from app.participations.schemas import DisqualificationView
from app.submissions.selection import Standing

_URL = TypeAdapter(HttpUrl)


def _web_address(value: str) -> str:
    """Keep an http(s) address as text; anything else would be a link that harms readers."""
    try:
        url: AnyUrl = _URL.validate_python(value)
    except ValidationError as error:
        raise ValueError("must be an address that begins with http:// or https://") from error
    return str(url)


WebAddress = Annotated[str, AfterValidator(_web_address), Field(max_length=500)]


class SubmissionFields(Body):
    """The fields that come with a file."""

    method_name: Line = Field(
        min_length=1, max_length=100, description="Shown on the board.", examples=["Presto, 128"]
    )
    method_description: str = Field(default="", max_length=5000, description="How it works.")
    project_url: WebAddress | None = Field(default=None, description="Code or project page.")
    paper_url: WebAddress | None = Field(default=None, description="Paper.")
    public: bool = Field(default=True, description="Whether it may stand on the public board.")
    baseline: bool = Field(
        default=False, description="Organizers only: shown on the board, outside the ranking."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value != ""}


class SubmissionChanges(Body):
    """What may change until the phase closes; members that are absent stay."""

    method_name: Line = Field(default="", min_length=1, max_length=100, description="New name.")
    method_description: str = Field(default="", max_length=5000, description="New description.")
    project_url: WebAddress | None = Field(default=None, description="New address, or null.")
    paper_url: WebAddress | None = Field(default=None, description="New address, or null.")
    public: bool = Field(default=True, description="Whether it may stand on the board.")

    @model_validator(mode="after")
    def _something_changes(self) -> "SubmissionChanges":
        if not self.model_fields_set:
            raise ValueError("nothing to change")
        return self


class TaskScoreView(View):
    """A submission's score in one task."""

    task: str = Field(description="The task's public name.")
    metric: str = Field(description="What was measured.", examples=["r2"])
    mean: float = Field(description="Mean over the splits.")
    std: float = Field(description="Standard deviation over the splits (ddof 0).")
    standard_error: float | None = Field(
        description="Of the mean, corrected for overlapping splits (Nadeau and Bengio 2003); null "
        "where there is one split."
    )
    q: float = Field(description="2·mean / (0.02 + std), as in NeuCo-Bench.")
    split_scores: list[float] | None = Field(
        default=None, description="Each split's score; for the challenge's organizers."
    )


class ScoresView(View):
    """A submission's scores, as far as the phase shows them to whoever asks."""

    mean_score: float = Field(description="Weighted mean of the tasks' means.")
    mean_q: float = Field(description="Weighted mean of the tasks' Q.")
    tasks: list[TaskScoreView] | None = Field(
        description="Scores by task; null where the phase shows the aggregate only."
    )


class MetricView(View):
    """A further metric of a submission in one task."""

    mean: float = Field(description="Mean over the splits.")
    std: float = Field(description="Standard deviation over the splits (ddof 0).")
    split_scores: list[float] | None = Field(
        default=None, description="Each split's value; for the challenge's organizers."
    )


class RatePointView(View):
    """What is left of a submission when its embeddings are made smaller."""

    encoding: str = Field(description="How a sample is stored.", examples=["int8"])
    dims: int = Field(description="Numbers per sample.")
    bytes_per_sample: float = Field(description="Size of a sample so stored.")
    mean_score: float = Field(description="Mean of the tasks' means.")
    tasks: dict[str, float] = Field(description="Mean score by task.")


class SpectrumView(View):
    """How many dimensions the embeddings really use."""

    dims: int = Field(description="As handed in.")
    participation_ratio: float = Field(
        description="(Σλ)²/Σλ² of the eigenvalues of the covariance: m if m directions share the "
        "variance evenly."
    )
    effective_rank: float = Field(
        description="exp of the entropy of the singular values (Roy and Vetterli 2007)."
    )
    dims_for_99_percent: int = Field(description="Principal components that hold 99 % of it.")
    constant_columns: int = Field(description="Dimensions with one value for all samples.")
    duplicate_columns: int = Field(description="Dimensions equal to an earlier one.")


class SampleErrorView(View):
    """By how much a task's score may be off."""

    standard_error: float | None = Field(
        description="Of the mean score; null where the metric is no sum over samples."
    )
    n_units: int | None = Field(
        default=None,
        description="How many samples or groups were drawn from; for the challenge's organizers.",
    )


class MeanErrorView(View):
    """By how much the mean score may be off."""

    standard_error: float | None = Field(description="Null where that of a task is.")


class SampleBootstrapView(View):
    """How far scores may be off had other samples been labelled.

    The fitted probes stay, and test samples are drawn anew with replacement, whole groups where
    splits are by group: another source of error than the choice of splits, which
    `standard_error` of the scores is about.
    """

    draws: int = Field(description="How often samples were drawn anew.")
    unit: Literal["sample", "group", "mixed"] = Field(
        description="What was drawn; mixed where only some tasks are split by group."
    )
    tasks: dict[str, SampleErrorView] = Field(description="By task.")
    mean_score: MeanErrorView = Field(description="Of the weighted mean of the tasks' means.")


class AnalysesView(View):
    """What was worked out beside the scores; members the phase does not ask for are null."""

    spectrum: SpectrumView | None = Field(description="Of the embeddings alone.")
    metrics: dict[str, dict[str, MetricView]] | None = Field(
        description="Further metrics, by task and by metric."
    )
    rate_distortion: list[RatePointView] | None = Field(
        description="Scores after the embeddings were quantised or cut."
    )
    sample_bootstrap: SampleBootstrapView | None = Field(
        description="Standard errors by samples; where the phase keeps predictions."
    )


class EvaluationView(View):
    """A submission's scores of a time, by what its phase said then."""

    since: Instant = Field(description="From when on they were official.")
    until: Instant | None = Field(description="Until when; null while they are, or since nothing.")
    is_official: bool = Field(description="Whether these are the scores that count now.")
    mean_score: float | None = Field(
        description="Weighted mean of the tasks' means; null where a re-scoring left it out."
    )
    mean_q: float | None = Field(description="Weighted mean of the tasks' Q.")
    rescoring_id: UUID | None = Field(
        description="The re-scoring that it came with; null for the first."
    )
    reason: str | None = Field(description="The organizers' reason for that re-scoring.")


class FailureView(View):
    """Why a submission was not scored."""

    code: str = Field(description="Stable code.", examples=["worker-lost"])
    detail: str = Field(description="What happened, and what it means for you.")
    traceback: str | None = Field(
        default=None,
        description="Where our code broke. For the server's operator; null for everybody else.",
    )


class ReceiptView(View):
    """What was handed in, and by which rules it was scored."""

    received_at: Instant = Field(description="When the last byte came: what deadlines look at.")
    file_name: str = Field(description="The name the file came with.")
    file_bytes: int = Field(description="Its size in bytes.")
    file_sha256: str = Field(description="SHA-256 of the file.")
    matrix_sha256: str = Field(description="SHA-256 of the float32 matrix in sample order.")
    facts: dict[str, Any] = Field(description="Format, type, range and the like of the file.")
    evaluation: dict[str, Any] | None = Field(
        description="Scorer, label-set versions, splits and package versions; null until scored."
    )


class SubmissionView(View):
    """A submission."""

    id: UUID = Field(description="The submission's id.")
    phase_id: UUID = Field(description="The phase it was handed in to.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    is_baseline: bool = Field(description="Whether it is an organizer's baseline.")
    promoted_from: UUID | None = Field(
        description="The team's submission that this baseline is a copy of; null for all others."
    )
    method_name: str = Field(description="Shown on the board.")
    method_description: str = Field(description="How it works.")
    project_url: str | None = Field(description="Code or project page.")
    paper_url: str | None = Field(description="Paper.")
    public: bool = Field(description="Whether it may stand on the public board.")
    status: Status = Field(description="Where it is in its life.")
    received_at: Instant = Field(description="When the last byte came.")
    started_at: Instant | None = Field(description="When a worker took it.")
    finished_at: Instant | None = Field(description="When it reached its last status.")
    queue_position: int | None = Field(description="1 is next; null once it left the queue.")
    tasks_done: int = Field(description="Tasks probed so far.")
    tasks_total: int = Field(description="Tasks of the phase.")
    standing: Standing = Field(description="Whether it counts on the board, and why or why not.")
    selected_at: Instant | None = Field(
        description="When its team chose it to count; null where it did not."
    )
    disqualification: DisqualificationView | None = Field(
        description="Why it is in no ranks: because of itself, or of its team."
    )
    scores: ScoresView | None = Field(
        description="Null until it is scored. Where the phase keeps some samples private, by the "
        "public ones."
    )
    private_scores: ScoresView | None = Field(
        description="By the private samples: once they are revealed, and to the challenge's roles "
        "at any time. Null where there are none, or none to tell."
    )
    evaluations: list[EvaluationView] = Field(
        description="Its scores one after the other, the first first: more than one where the "
        "phase was re-scored."
    )
    failure: FailureView | None = Field(description="Set where it was rejected or failed.")
    receipt: ReceiptView = Field(description="What was handed in, and how it was scored.")


class DisqualifiedView(View):
    """A team, or one submission, that is in no ranks."""

    id: UUID = Field(description="The participation's id, or the submission's.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    submission_id: UUID | None = Field(description="The submission; null for the whole team.")
    phase_id: UUID | None = Field(description="The submission's phase.")
    method_name: str | None = Field(description="The submission's name.")
    disqualification: DisqualificationView = Field(description="Since when, and why.")
