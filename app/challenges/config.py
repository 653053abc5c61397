"""`challenge.yaml`: every key there is, with its rule. Unknown keys are errors."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.challenges.config_types import Config, Domain, FileName, Instant, Slug, Text, Version
from app.challenges.phase_config import PhaseConfig
from app.models import Approval, ProbeKind
from probeboard.labelsets import TaskType


class PagesConfig(Config):
    """Markdown files."""

    description: FileName = Field(description="What the challenge is about.")
    evaluation: FileName = Field(description="How submissions are scored and ranked.")
    terms: FileName = Field(description="What a team accepts when it enters.")


class TaskConfig(Config):
    """A task: what its labels are, where, and how embeddings are asked for them."""

    slug: Slug = Field(description="Unique in the challenge.")
    title: Text = Field(description="What is predicted, in words.")
    type: TaskType = Field(description="What kind of label it is; it decides the metric.")
    labels: FileName = Field(
        description="A CSV file `id,label`; several targets and multilabel tasks have a named "
        "column each."
    )
    probe: ProbeKind = Field(default=ProbeKind.LINEAR, description="How embeddings are asked.")
    signs: bool = Field(
        default=False,
        description="Of knn and retrieval: compare by the signs of the dimensions only.",
    )

    @model_validator(mode="after")
    def _has_such_a_probe(self) -> Self:
        if self.signs and self.probe is ProbeKind.LINEAR:
            raise PydanticCustomError("signs_of_linear", "signs are for knn and retrieval")
        if self.probe is ProbeKind.RETRIEVAL and self.type is TaskType.REGRESSION:
            detail = "retrieval needs classes: a regression says not what is relevant"
            raise PydanticCustomError("retrieval_of_regression", detail)
        return self


class ParticipationConfig(Config):
    """Which teams may take part."""

    approval: Approval = Field(
        default=Approval.AUTOMATIC,
        description="Whether a team takes part at once, or once an organizer has let it.",
    )
    email_domains: list[Domain] = Field(
        default=[],
        max_length=200,
        description="Everybody in a team has an address there, or at a subdomain; none: anywhere.",
    )


class ChallengeConfig(Config):
    """The whole of `challenge.yaml`."""

    slug: Slug = Field(description="Unique on the server, never changed; for addresses.")
    title: Text = Field(description="The challenge's name.")
    summary: Text = Field(description="One line on it.")
    embedding_dim: int = Field(ge=1, le=65_536, description="Numbers per sample.")
    zero_pad: bool = Field(
        default=False, description="Fill shorter vectors with zeros, rather than refuse them."
    )
    strip_suffixes: list[Annotated[str, Field(min_length=1, max_length=30)]] = Field(
        default=[], max_length=10, description="Endings taken off the ids in a file."
    )
    terms_version: Version = Field(
        description="Of the terms page; a team accepts a new version anew."
    )
    participation: ParticipationConfig = Field(
        default=ParticipationConfig(), description="Which teams may take part."
    )
    teams_locked_at: Instant | None = Field(
        default=None,
        description="From then on nobody joins, leaves or merges teams that take part.",
    )
    pages: PagesConfig = Field(description="Markdown files of the bundle.")
    tasks: list[TaskConfig] = Field(
        min_length=1, max_length=200, description="What embeddings are asked for."
    )
    phases: list[PhaseConfig] = Field(
        min_length=1, max_length=20, description="In their order; several may be open at once."
    )


# A name alone stands for a mapping with it.
SHORT_FORMS = {"ranking": "method", "selection": "rule"}


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
    short = {key: name for key, name in SHORT_FORMS.items() if isinstance(phase.get(key), str)}
    return phase | {key: {name: phase[key]} for key, name in short.items()}
