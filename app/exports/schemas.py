"""The manifest's JSON, described. It is written a submission at a time, not made from these."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.models import Status
from app.submissions.selection import Standing


class ManifestSubmissionView(View):
    """What was handed in, and what became of it."""

    id: UUID = Field(description="The submission's id.")
    phase: str = Field(description="Slug of the phase.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    is_baseline: bool = Field(description="Handed in by an organizer, outside the pool.")
    method_name: str = Field(description="What the team calls its method.")
    method_description: str = Field(description="What the team says of it.")
    project_url: str | None = Field(description="Code or project page.")
    paper_url: str | None = Field(description="Paper.")
    public: bool = Field(description="Whether it may stand on the board.")
    status: Status = Field(description="Where it stands.")
    standing: Standing = Field(description="Whether it counts, and why or why not.")
    received_at: Instant = Field(description="When the last byte of the file had come.")
    finished_at: Instant | None = Field(description="When it came to its end.")
    selected_at: Instant | None = Field(description="When its team chose it to count.")
    failure_code: str | None = Field(description="Why it was rejected, or failed.")
    failure_detail: str | None = Field(description="The same in words.")
    disqualified_reason: str | None = Field(description="Why it, or its team, is disqualified.")
    file_name: str = Field(description="The uploaded file's name; the file itself is not kept.")
    file_bytes: int = Field(description="Its size.")
    file_sha256: str = Field(description="Its SHA-256.")
    matrix_sha256: str = Field(description="SHA-256 of the matrix that was read from it.")
    evaluation: UUID | None = Field(description="Id of its official evaluation.")
    embeddings_url: str = Field(description="Where the matrix can be had.")
    facts: dict[str, Any] = Field(description="What was found in the file.")


class ManifestView(View):
    """All submissions of a challenge, or of a phase, in the order they came."""

    challenge: str = Field(description="Slug of the challenge.")
    exported_at: Instant = Field(description="When it was asked for.")
    submissions: list[ManifestSubmissionView] = Field(description="The submissions.")
