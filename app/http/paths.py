"""Names in addresses, described once for every endpoint that takes them."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

PhaseId = Annotated[UUID, Path(description="The phase's id.")]
SubmissionId = Annotated[UUID, Path(description="The submission's id.")]
TeamId = Annotated[UUID, Path(description="The team's id.")]
ChallengeSlug = Annotated[str, Path(description="The challenge's slug.", examples=["spring-2026"])]
